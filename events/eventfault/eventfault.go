// Package eventfault is how every part of EventBridge refuses.
package eventfault

import (
	"fmt"

	"claviger/internal/fault"
)

// The answers of EventBridge. Where AWS's own words are known they stand here letter by letter. The
// others say what to do instead.
var (
	HasTargets = Invalid("Rule can't be deleted since it has targets.")
	NoTrigger  = Invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	BadEvent   = Invalid("Parameter Event is not valid.")
	BadPage    = Invalid("Parameter NextToken is not valid.")

	BadSchedule = Invalid("Parameter ScheduleExpression is not valid.")
	LongPattern = Invalid("Parameter EventPattern is not valid. Reason: It has more than 2048 " +
		"characters.")

	TooLarge = Invalid("Total size of the entries in the request is over the limit.")
	TooMany  = fault.New(fault.Limit, "LimitExceededException",
		"The requested resource exceeds the maximum number allowed.")

	NoTag = Invalid("A tag has a Key.")
	// AWS keeps keys that begin with aws: to itself.
	ReservedTag = Invalid("Tag keys that begin with aws: are reserved for AWS.")
	BadTag      = Invalid("Tags have letters, digits, blanks and _.:/=+-@.")
	TooManyTags = fault.New(fault.Limit, "LimitExceededException",
		"A rule or event bus has at most 50 tags.")

	NoLattice = Invalid("There is no VPC Lattice here: leave the connectivity parameters out.")
)

// Invalid is AWS's answer to what no state would make valid.
func Invalid(message string) *fault.Error {
	return fault.New(fault.Invalid, "ValidationException", message)
}

// BadParameter says what is wrong with a member in AWS's form.
func BadParameter(member, reason string) error {
	return Invalid("Parameter " + member + " is not valid. Reason: " + reason)
}

// BadPattern says why a text is no event pattern.
func BadPattern(why error) error {
	return fault.New(fault.Invalid, "InvalidEventPatternException",
		"Event pattern is not valid. Reason: "+why.Error())
}

// OneInput says that a target is to get several things in the place of the event.
func OneInput(target string) error {
	return Invalid("Only one of Input, InputPath, or InputTransformer must be provided for target " +
		target + ".")
}

// DuplicateTag says that a request gives a tag twice.
func DuplicateTag(key string) error { return Invalid("The tag " + key + " is there twice.") }

func absent(format string, name string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException", fmt.Sprintf(format, name))
}

// NoRule says that there is no rule of a name.
func NoRule(name string) error { return absent("Rule %s does not exist on EventBus default.", name) }

// NoBus says that there is no event bus of a name.
func NoBus(name string) error { return absent("Event bus %s does not exist.", name) }

// NoConnection says that there is no connection of a name.
func NoConnection(name string) error {
	return absent("Failed to describe the connection(s). Connection '%s' does not exist.", name)
}

// NoDestination says that there is no API destination of a name.
func NoDestination(name string) error {
	return absent("Failed to describe the api-destination(s). An api-destination '%s' does not exist.",
		name)
}

// NoResource says that nothing that may have tags has an ARN.
func NoResource(arn string) error { return absent("Resource %s does not exist.", arn) }

func exists(format string, name string) error {
	return fault.New(fault.Exists, "ResourceAlreadyExistsException", fmt.Sprintf(format, name))
}

// ConnectionExists says that the name of a connection is taken.
func ConnectionExists(name string) error { return exists("Connection %s already exists.", name) }

// DestinationExists says that the name of an API destination is taken.
func DestinationExists(name string) error {
	return exists("An api-destination '%s' already exists.", name)
}
