// Package kmsfault words what KMS refuses, for all packages of it.
package kmsfault

import "claviger/internal/fault"

func Invalid(message string) error {
	return fault.New(fault.Invalid, "ValidationException", message)
}

func Unsupported(message string) error {
	return fault.New(fault.Invalid, "UnsupportedOperationException", message)
}
