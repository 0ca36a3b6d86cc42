package program

import "syscall"

const lastSignal = 64

// signalName says what ended a program, in the words of the system.
func signalName(n int) string { return syscall.Signal(n).String() }
