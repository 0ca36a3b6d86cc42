// Package hsm is the device: it makes keys on a PKCS#11 token, uses them there, and hands out nothing that is
// worth stealing.
//
// # What rests where
//
// A token holds two resident objects of ours: a root key that can only wrap and unwrap, and a canary key that
// proves the token is alive. Every other key is a [custody.Material]: generated on the token, wrapped there by
// the root, destroyed, and kept by the caller in its wrapped form. For use it is unwrapped into a session
// object with exactly one pair of usages and one mechanism, and its handle is cached.
//
// The root's CKA_UNWRAP_TEMPLATE lets nothing be unwrapped except as sensitive and wrappable by trusted keys
// only. Without it the PIN and one stored blob would give any key in the clear, since whoever calls
// C_UnwrapKey chooses the template. [Open] tries the forbidden things each time and refuses a token that
// allows one.
//
// # Calls
//
// A session has one owner at a time, a worker goroutine: two goroutines on one session crash the process
// inside some modules. A caller hands its work to a worker and waits for the result, its context or
// [Config.Timeout]. A call that hangs in the module is abandoned together with its session.
//
// # Failure
//
// Whether a code means a bad ciphertext or a lost device depends on the function that answered it, and where
// both are possible the canary decides. A token that fails is recovered in the background: a new session, a
// new login, a reload of the module. Meanwhile every call answers [custody.ErrUnavailable] at once.
// A wrong PIN is never tried twice.
package hsm
