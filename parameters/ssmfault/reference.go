package ssmfault

import (
	"claviger/internal/fault"
)

// How names of secrets are refused, as recorded from AWS in 2026, the two blanks included.
var (
	BadReference = Invalid("Invalid parameter name. Please use correct syntax for referencing a " +
		"version/label  <name>:<version/label>")
	NotDecrypted = Invalid("WithDecryption flag must be True for retrieving a Secret Manager secret.")
	// BadSecret is what AWS says of a secret that is marked for deletion.
	BadSecret = Invalid("Invalid Request to Secrets Manager")
	// NoHelp is what AWS says to who may not read the secret, whether it is there or not.
	NoHelp = Invalid("An error occurred while calling one AWS dependency service.")
)

// NoSecret says that there is no secret of a name, which begins with a slash, or no version of it
// that a selector names. AWS leaves the slash out, and has null where no selector is.
func NoSecret(name, selector string) error {
	if selector == "" {
		selector = "null"
	}
	return fault.New(fault.NotFound, NotFound.Code, "An error occurred (ParameterNotFound) when "+
		"referencing Secrets Manager: Secret "+name[1:]+selector+" not found.")
}

// IsInvalid reports whether an error is of one name alone, so that those asked for beside it are
// answered: there is no such parameter, or what the name stands for can't be read by it.
func IsInvalid(err error) bool {
	switch fault.Of(err) {
	case BadReference, NotDecrypted, BadSecret:
		return true
	}
	return IsAbsent(err)
}
