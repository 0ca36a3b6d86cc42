// Package hsm is the device: it makes keys on a PKCS#11 token, uses them there, and hands out
// nothing that is worth stealing.
//
// # What rests where
//
// A token holds three resident objects of ours: a root key that can only wrap and unwrap, a canary
// key that proves the token is alive, and the authenticator, an HMAC key by which the service knows
// what it made itself. Every other key is a [custody.Material]: generated on the token, wrapped
// there by the root, destroyed, and kept by the caller in its wrapped form. For use it is unwrapped
// into a session object with exactly one pair of usages and no mechanisms but its own, and its
// handle is cached. Of a key pair the private half is the material, and the public half is read
// when it is made and kept beside it. Before its first use an unwrapped key is compared with the
// check value that was made with it, and that the service made it is asked of the authenticator
// before.
//
// Some keys rest on a token instead, and their material only names them: all of a [Vault], and
// those of a kind in [Config.Resident].
//
// Hashes of what is signed are made by the caller, never on the device. Where a device lacks
// RSA-OAEP with SHA-256 it does the raw RSA operation, and the padding is taken off here in
// constant time.
//
// The root's CKA_UNWRAP_TEMPLATE lets nothing be unwrapped except as sensitive and wrappable by
// trusted keys only. Without it the PIN and one stored blob would give any key in the clear, since
// whoever calls C_UnwrapKey chooses the template. [Open] tries the forbidden things each time and
// refuses a token that allows one.
//
// A [Vault] is a token of another kind: it has no root, and the keys of its owner rest on it under
// a name.
//
// # Calls
//
// A session has one owner at a time, a worker goroutine: two goroutines on one session crash the
// process inside some modules. A caller hands its work to a worker and waits for the result, its
// context or [Config.Timeout]. A call whose caller leaves comes to its end in its session; one that
// hangs in the module is abandoned together with it. Making an RSA key pair takes seconds and has
// sessions and a deadline of its own: nobody waits for it but its caller.
//
// # Failure
//
// Whether a code means a bad ciphertext or a lost device depends on the function that answered it.
// Where both are possible the ciphertext is to blame if the canary is well in that session, and
// another session says the same. A token that fails is recovered in the
// background: a new session, a new login, a reload of the module. Meanwhile every call answers
// [custody.ErrUnavailable] at once. A wrong PIN is never tried twice.
//
// # Where to read
//
// This package is what the rest of the service sees. What a token is asked is beneath it, and each
// package there knows only those before it:
//
//   - cryptoki: the door to a PKCS#11 module
//   - failure: whose fault it was that a call failed
//   - publickey, kwp: what needs no device
//   - dialect: how each kind of key looks to a device, and how makes of device differ
//   - object: what is done with the objects of a token in one session
//   - module: the library, its one C_Initialize and C_Finalize, finding a token, logging in
//   - session: what keeps a token logged in, hands out its sessions, and recovers it
//   - root: the ceremony, and what is tried of a root at each login
//   - imports, signer: keys from elsewhere; a key pair used through crypto11
package hsm
