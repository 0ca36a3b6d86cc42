// Package torture holds the true server to its promises while its device, its disk and its clients
// misbehave. It is tests and what they start from: a server in a process of its own, on a fresh
// SoftHSM2 token that a [shim.Shim] may stand before.
//
// Every driver is a test that makes a short sweep in `make test` and the whole one with
// CLAVIGER_LONG=1, which is `make torture`. A whole sweep ends in a file of results, and
// docs/reliability.md is made of those files: no number in it is written by hand.
package torture
