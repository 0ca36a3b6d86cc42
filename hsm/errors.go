package hsm

import "claviger/hsm/internal/failure"

// The ways in which a token can be unfit to start with. Each is one sentence for the operator; what
// is wrapped around it says which token and what the module answered.
var (
	ErrModule          = failure.ErrModule          // the library can't be loaded
	ErrNotStarted      = failure.ErrNotStarted      // it was loaded, and can't be initialised
	ErrFiles           = failure.ErrFiles           // one that it needs isn't open to the user: see [SoftHSMFiles]
	ErrNoToken         = failure.ErrNoToken         // none has the configured label or serial number
	ErrAmbiguous       = failure.ErrAmbiguous       // several tokens or objects answer to one name
	ErrPIN             = failure.ErrPIN             // it is refused, and will not be tried again
	ErrPINLocked       = failure.ErrPINLocked       // or one wrong attempt away from it
	ErrPINCount        = failure.ErrPINCount        // see Config.SparePIN
	ErrNoRoot          = failure.ErrNoRoot          // Initialize makes one
	ErrNoAuthenticator = failure.ErrNoAuthenticator // it is missing, or not the only one
	ErrUnsafe          = failure.ErrUnsafe          // something is allowed that would give keys away
	ErrMechanism       = failure.ErrMechanism       // one that is needed is missing
	ErrExists          = failure.ErrExists          // there is a root already
	ErrTaken           = failure.ErrTaken           // somebody in this process is logged in already
	ErrNoUser          = failure.ErrNoUser          // the token has no user to log in as
)
