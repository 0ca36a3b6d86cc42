// Package ssmfault is how every part of Parameter Store refuses.
package ssmfault

import (
	"fmt"
	"strings"

	"claviger/internal/fault"
)

// The answers of Parameter Store. Where AWS's own words are known they stand here letter by letter,
// because programs match on them. The others say what to do instead.
var (
	BadName = Invalid(`Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed ` +
		"as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed " +
		"as a mix of letters, numbers and the following 3 symbols .-_")
	ReservedPrefix = Invalid(`Parameter name: can't be prefixed with "aws" or "ssm" ` +
		"(case-insensitive).")
	// Recorded of PutParameter. Who reads by such a name is answered BadName.
	SlashAtEnd   = Invalid("Parameter name must not end with slash.")
	NotQualified = Invalid("Parameter name must be a fully qualified name")
	// AWS denies access to so long an ARN. Whoever is told so looks for the mistake in policies.
	LongName = Invalid("Parameter name: with its ARN it has at most 1011 characters. Choose a " +
		"shorter name.")
	TooDeep = fault.New(fault.Invalid, "HierarchyLevelLimitExceededException", "A hierarchy can "+
		"have a maximum of 15 levels. For more information, see Requirements and constraints for "+
		"parameter names in the AWS Systems Manager User Guide.")
	// The quotes around aws and ssm have literal backslashes, as recorded.
	BadPath = Invalid(`The parameter doesn't meet the parameter name requirements. The parameter ` +
		`name must begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" ` +
		`(case-insensitive). It must use only letters, numbers, or the following symbols: . ` +
		`(period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, ` +
		`if specified, must use the forward slash symbol "/". Valid example: ` +
		`/get/parameters2-/by1./path0_.`)

	// NotFound has no words, as recorded of GetParameter.
	NotFound = fault.New(fault.NotFound, "ParameterNotFound", "")
	Exists   = fault.New(fault.Exists, "ParameterAlreadyExists", "The parameter already exists. To "+
		"overwrite this value, set the overwrite option in the request to true.")
	NoType     = Invalid("A parameter type is required when you create a parameter.")
	TaggedAnew = Invalid("Invalid request: tags and overwrite can't be used together. To create a " +
		"parameter with tags, please remove overwrite flag. To update tags for an existing parameter, " +
		"please use AddTagsToResource or RemoveTagsFromResource.")
	// AWS quotes the value before. Here it would stand in the audit trail.
	Nested  = Invalid(`Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	NoSeal  = Invalid("KeyId is required for SecureString type parameter only.")
	NoImage = Invalid("Parameter value: of the data type aws:ec2:image it has to be the ID of an " +
		"Amazon Machine Image, such as ami-12345abcde1234567.")
	NoIntegration = Invalid("Parameter name: of the data type aws:ssm:integration it has to begin " +
		"with " + Integrations + ".")

	StandardValueSize = Invalid("Standard tier parameters support a maximum parameter value of 4096 " +
		"characters. To create a larger parameter value, upgrade the parameter to use the " +
		"advanced-parameter tier. For more information, see " +
		"https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html")
	ValueSize = Invalid("The specified parameter value is too large. Advanced-tier parameters " +
		"support a maximum parameter value of 8192 characters.")
	StandardPolicies = Invalid("You can't assign parameter policies to a standard-parameter tier.")
	NoDowngrade      = Invalid("This parameter uses the advanced-parameter tier. You can't downgrade a " +
		"parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you " +
		"can delete the advanced parameter and recreate it as a standard parameter.")

	TooManyLabels = fault.New(fault.Limit, "ParameterVersionLabelLimitExceeded", "A parameter "+
		"version can have maximum 10 labels. Move one or more labels to another version and try again.")
	TooManyTags = fault.New(fault.Limit, "TooManyTagsError", "A parameter has at most 50 tags.")
	NoResource  = fault.New(fault.NotFound, "InvalidResourceId", "There is no parameter of that "+
		"name. ResourceId is a name, not an ARN.")
	BadResourceType = fault.New(fault.Invalid, "InvalidResourceType", "Here the only ResourceType "+
		"is Parameter.")
	BadPage = fault.New(fault.Invalid, "InvalidNextToken", "The NextToken value is invalid: it was "+
		"not returned by this operation with these parameters.")
	NoSetting = fault.New(fault.NotFound, "ServiceSettingNotFound", "There are the settings "+
		"/ssm/parameter-store/default-parameter-tier and "+
		"/ssm/parameter-store/high-throughput-enabled.")
)

// Invalid is AWS's answer to what no state would make valid.
func Invalid(message string) *fault.Error {
	return fault.New(fault.Invalid, "ValidationException", message)
}

// Reserved says that a name is one of those that AWS keeps to itself.
func Reserved(name string) error {
	return fault.New(fault.Denied, "AccessDeniedException",
		"No access to reserved parameter name: "+name+".")
}

// NoParameter says that nothing is called so.
func NoParameter(text string) error {
	return fault.New(fault.NotFound, NotFound.Code, "Parameter "+text+" not found.")
}

// IsAbsent reports whether an error says that there is no such parameter, or no such version of it.
func IsAbsent(err error) bool {
	f := fault.Of(err)
	return f != nil && (f.Code == NotFound.Code || f.Code == noVersion)
}

const noVersion = "ParameterVersionNotFound"

// NoVersion says that a parameter has no version of a number or with a label, which may have its
// colon before it.
func NoVersion(selector, name string) error {
	selector = strings.TrimPrefix(selector, ":")
	return fault.New(fault.NotFound, noVersion, "Systems Manager could not find "+
		"version "+selector+" of "+name+". Verify the version and try again.")
}

// Labelled says that there is no room for a new version, since the oldest has a label.
func Labelled(name string, oldest int64) error {
	return fault.New(fault.Limit, "ParameterMaxVersionLimitExceeded", fmt.Sprintf("You attempted to "+
		"create a new version of %s by calling the PutParameter API with the overwrite flag. Version "+
		"%d, the oldest version, can't be deleted because it has a label associated with it. Move the "+
		"label to another version of the parameter, and try again.", name, oldest))
}

// TooMany says that an account has as many parameters of a tier as it may have.
func TooMany(tier string, quota int) error {
	next := "upgrade the parameter to use the advanced-parameter tier"
	if tier == "advanced" {
		next = "delete existing ones of that tier"
	}
	message := fmt.Sprintf("You have reached the maximum number of %s parameters for this AWS account "+
		"and Region (%d). To add more parameters, either delete existing parameters or %s (charges "+
		"apply).", tier, quota, next)
	return fault.New(fault.Limit, "ParameterLimitExceeded", message)
}

// PatternMismatch says that a value isn't as the parameter's AllowedPattern has it. The value is
// left out.
func PatternMismatch(pattern string) error {
	return fault.New(fault.Invalid, "ParameterPatternMismatchException",
		"Parameter value, cannot be validated against allowedPattern: "+pattern)
}

// BadPattern says why an AllowedPattern can't be used.
func BadPattern(err error) error {
	return fault.New(fault.Invalid, "InvalidAllowedPatternException", err.Error())
}

// Integrations is where the parameters of the data type aws:ssm:integration are ("Creating
// integrations for Automation" of the Systems Manager User Guide).
const Integrations = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/"

// DataTypeOf says that parameters of a type can't have a data type.
func DataTypeOf(dataType, kind string) error {
	return Invalid("The " + dataType + " data type is not supported for the following input type: " +
		kind)
}

// BadDataType says that there is no such data type.
func BadDataType(name string) error {
	return Invalid("The following data type is not supported: " + name +
		" (Data type names are all lowercase.)")
}
