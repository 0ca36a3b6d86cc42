// Package shim has a PKCS#11 module that stands between the service and SoftHSM2 and misbehaves as
// a test tells it to: it is late, hangs, answers other codes, falsifies answers, loses objects and
// logins.
//
//	s := shim.New(t)
//	config.Module = s.Module() // or in the configuration of a process
//	s.Set(shim.Rule{Functions: []string{"C_Encrypt"}, Every: 7, After: pkcs11.CKR_GENERAL_ERROR})
//	...
//	s.Clear()
//
// The module is C, since it has to be a shared library, and is compiled once for each content of
// its source. It lies in a directory of its own with a copy of SoftHSM2's library, so that several
// of them, and SoftHSM2 itself, may be at work in one process. What it does is said in a file
// beside it that module and test both map into their memory: it works the same in the test's
// process and in another, and while that runs.
package shim
