// Package kmsfault words what KMS refuses, for all packages of it.
package kmsfault

import "claviger/internal/fault"

// Invalid refuses values that no state of a key would make valid.
func Invalid(message string) error {
	return fault.New(fault.Invalid, "ValidationException", message)
}

// Unsupported refuses what this service, or the kind of key, does not do.
func Unsupported(message string) error {
	return fault.New(fault.Invalid, "UnsupportedOperationException", message)
}

// NoKey says that a key is absent to those who may know it.
func NoKey(arn string) error {
	return fault.Newf(fault.NotFound, "NotFoundException", "Key '%s' does not exist", arn)
}

// TooEarly keeps a job whose time has not come, because the clock was set back or is in doubt. what
// says what is waiting.
func TooEarly(what string) error {
	return fault.New(fault.State, "KMSInvalidStateException", what+", and its time has not come.")
}
