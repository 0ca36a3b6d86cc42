package policies

import "claviger/internal/fault"

// The refusals. Those that end without saying what to do are AWS's own words, as people were
// answered them; to which of its exceptions each belongs follows from what the API reference says
// of the exceptions.
var (
	errTooMany = fault.New(fault.Limit, "PoliciesLimitExceededException",
		"Number of policies attached to a parameter cannot exceed 10")
	errVersion     = badAttribute("Unsupported policy version.")
	errNoTimestamp = badAttribute(
		"A valid Expiration policy must have an attribute of Timestamp.")
	errTimestamp      = badAttribute("Invalid timestamp format")
	errUnit           = badAttribute("Supported time units: DAYS HOURS")
	errPast           = badAttribute("The Timestamp of an Expiration policy must be in the future.")
	errTwoExpirations = incompatible("There can be only one expiration policy")
	errNoExpiration   = incompatible(
		"Expiration notification policies are missing expiration policy")
	errNoRoom = incompatible("The time before the expiration is longer than until then: give the " +
		"ExpirationNotification policy a lower Before, or the Expiration policy a later Timestamp.")
)

// badInput answers a text that is no array of objects.
func badInput(text string) error {
	return fault.New(fault.Invalid, "ValidationException", "Invalid policies input: "+text+".")
}

func badType(name string) error {
	return fault.New(fault.Invalid, "InvalidPolicyTypeException",
		"Policy type "+name+" is not supported.")
}

func badAttribute(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidPolicyAttributeException", message)
}

func missing(attribute string) error {
	return badAttribute("Mandatory policy attribute " + attribute + " is missing.")
}

func unknown(attribute string) error {
	return badAttribute("Policy attribute " + attribute + " is not supported.")
}

func badNumber(attribute string) error {
	return badAttribute("Attribute " + attribute + " must be a positive integer.")
}

func incompatible(message string) *fault.Error {
	return fault.New(fault.Invalid, "IncompatiblePolicyException", message)
}
