//go:build !linux

package program_test

// harden is of Linux.
func harden() {}
