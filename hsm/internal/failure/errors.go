package failure

import "errors"

// The ways in which a token can be unfit to start with. Each is one sentence for the operator; what
// is wrapped around it says which token and what the module answered.
var (
	ErrModule     = errors.New("hsm: the PKCS#11 module can't be loaded")
	ErrNotStarted = errors.New("hsm: the PKCS#11 module was loaded and can't be initialised")
	ErrFiles      = errors.New("hsm: a file that the PKCS#11 module needs can't be used by this user")
	ErrNoToken    = errors.New("hsm: no token has the configured label or serial number")
	ErrAmbiguous  = errors.New(
		"hsm: more than one token or object answers to a name that must be unique")
	ErrPIN       = errors.New("hsm: the token refuses the PIN; it will not be tried again")
	ErrPINLocked = errors.New("hsm: the PIN is locked, or one wrong attempt away from it")
	ErrPINCount  = errors.New("hsm: a wrong PIN was tried on the token since the last right one; none is " +
		"tried now")
	ErrNoRoot = errors.New(
		"hsm: the token holds no root key of this service; make one with init")
	ErrNoAuthenticator = errors.New("hsm: the authenticator that was made with the token's root " +
		"key is missing or not the only one; use a backup or a clone of the token that has it")
	ErrUnsafe    = errors.New("hsm: the token allows something that would give keys away")
	ErrMechanism = errors.New("hsm: the token lacks a mechanism that the service needs")
	ErrExists    = errors.New("hsm: the token already holds a root key")
	ErrTaken     = errors.New("hsm: somebody in this process is logged in to the token already, " +
		"so the PIN can't be tried")
	ErrNoUser = errors.New("hsm: the token has no user to log in as")
)

// What a call fails by that the module answered nothing about. None of them reaches a caller.
var (
	// ErrAbsent means that nothing on the token has a name. A token whose directory is gone says so
	// of everything.
	ErrAbsent = errors.New("no such object is on the token")

	// ErrRenewed answers a call that was prepared before the token was logged in to anew.
	ErrRenewed = errors.New("the token was renewed meanwhile")

	// ErrSick means that the token isn't well in the session that was asked.
	ErrSick = errors.New("the token is not well in this session")

	// ErrContradicted means that one session refused what another takes.
	ErrContradicted = errors.New("a session was contradicted by another")

	// ErrNonsense means that the module answered OK with what can't be an answer.
	ErrNonsense = errors.New("hsm: the device's answer makes no sense")

	// ErrPadding means that what RSA decrypted has no padding of OAEP.
	ErrPadding = errors.New("the decrypted number has no padding of OAEP")

	// ErrUnknownKey means that an imported key is none of those that it might be.
	ErrUnknownKey = errors.New("the imported key is none of the known ones")

	// ErrTimeout ends the wait for a module that doesn't answer.
	ErrTimeout = errors.New("the call to the module took too long")

	// ErrWrongKey means that an unwrapped key isn't the one its material says.
	ErrWrongKey = errors.New("the unwrapped key does not match the material's check value")

	// ErrWrongMAC means that the authenticator didn't make a code.
	ErrWrongMAC = errors.New("the authenticator did not make this code")

	// ErrUntrusted means that whether it is couldn't be told, or that it isn't.
	ErrUntrusted = errors.New("hsm: verifying the unwrapped key")
)

// Undecryptable marks a failure of a decryption, whose blame may be the ciphertext's.
type Undecryptable struct{ error }

// Unwrap returns what the decryption failed by.
func (u Undecryptable) Unwrap() error { return u.error }

// Decrypting marks err as one of a decryption.
func Decrypting(err error) error {
	if err == nil {
		return nil
	}
	return Undecryptable{error: err}
}

// Unfit marks a failure to use an imported key, whose blame may be the key's.
type Unfit struct{ error }

// Unwrap returns what the use failed by.
func (u Unfit) Unwrap() error { return u.error }

// Importing marks err as the imported key's doing. Where the device failed it
// still may be the device's.
func Importing(err error) error {
	if err == nil {
		return nil
	}
	return Unfit{error: err}
}
