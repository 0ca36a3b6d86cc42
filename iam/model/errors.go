package model

import (
	"claviger/internal/fault"
)

// The errors of IAM. Their texts are AWS's as they are recorded, letter by letter.

// NoSuchEntity says that there is none of what the text names.
func NoSuchEntity(format string, args ...any) *fault.Error {
	return fault.Newf(fault.NotFound, "NoSuchEntity", format, args...)
}

// EntityAlreadyExists says that a name is taken.
func EntityAlreadyExists(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Exists, "EntityAlreadyExists", format, args...)
}

// LimitExceeded says which quota is reached.
func LimitExceeded(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Limit, "LimitExceeded", format, args...)
}

// CannotExceed is [LimitExceeded] of a quota that AWS names.
func CannotExceed(quota string, most int) *fault.Error {
	return LimitExceeded("Cannot exceed quota for %s: %d", quota, most)
}

// DeleteConflict says what has to go first.
func DeleteConflict(text string) *fault.Error {
	return fault.New(fault.State, "DeleteConflict", text)
}

// InvalidInput says what is wrong with a member for reasons that its shape doesn't show.
func InvalidInput(text string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidInput", text)
}

// Invalid is what AWS says in free text of a member.
func Invalid(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, "ValidationException", format, args...)
}

// MalformedPolicyDocument says what is wrong with a policy; err is of the parsers of policy.
func MalformedPolicyDocument(err error) *fault.Error {
	return fault.New(fault.Invalid, "MalformedPolicyDocument", err.Error())
}

// NoPolicy says that no managed policy of an ARN can be attached.
var NoPolicy = NoSuchEntity("Policy ARN does not exist or is not attachable.")
