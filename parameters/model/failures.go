package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of Parameter Store: when each comes, and what to do.
var failures = op.Failures{
	"ParameterNotFound": op.Fails(
		"there is no parameter of that name",
		"look the name up with DescribeParameters", fault.NotFound),
	"ParameterVersionNotFound": op.Fails(
		"the parameter has no version of that number or with that label",
		"look the versions up with GetParameterHistory", fault.NotFound),
	"ParameterAlreadyExists": op.Fails(
		"the name is taken, and `Overwrite` isn't set",
		"set `Overwrite`, or choose another name", fault.Exists),
	"ParameterLimitExceeded": op.Fails(
		"10,000 standard parameters, or 100,000 advanced ones, in the account and Region",
		"delete some, or choose the other tier", fault.Limit),
	"ParameterMaxVersionLimitExceeded": op.Fails(
		"100 versions, and the oldest has a label",
		"move the label to another version", fault.Limit),
	"ParameterVersionLabelLimitExceeded": op.Fails(
		"ten labels on one version",
		"move labels to another version", fault.Limit),
	"ParameterPatternMismatchException": op.Fails(
		"the value isn't as the parameter's `AllowedPattern` has it",
		"correct the value", fault.Invalid),
	"InvalidAllowedPatternException": op.Fails(
		"`AllowedPattern` is no regular expression, or uses what can't be matched in linear time",
		"write the pattern otherwise, as the text says", fault.Invalid),
	"InvalidPolicyTypeException": op.Fails(
		"a `Type` in `Policies` that there isn't",
		"use Expiration, ExpirationNotification or NoChangeNotification", fault.Invalid),
	"InvalidPolicyAttributeException": op.Fails(
		"a policy of `Policies` lacks an attribute, has one too many, or one with a value that can't "+
			"be: another version, unit or form of time, or a time that is over",
		"correct the attribute that the text names", fault.Invalid),
	"IncompatiblePolicyException": op.Fails(
		"`Policies` has two Expiration policies, or an ExpirationNotification policy and no Expiration "+
			"policy, or its `Before` is longer than the time that is left",
		"have one Expiration policy, late enough to be told of before", fault.Invalid),
	"PoliciesLimitExceededException": op.Fails(
		"more than ten `Policies`",
		"leave some out", fault.Limit),
	"HierarchyLevelLimitExceededException": op.Fails(
		"the name has more than 15 levels",
		"choose a shorter path", fault.Invalid),
	"InvalidKeyId": op.Fails(
		"the KMS key can't be used: it isn't there, is disabled, pending deletion or no key for this",
		"put the key in order, or name another", fault.State, fault.Invalid),
	"InvalidNextToken": op.Fails(
		"a `NextToken` that was not returned for this listing",
		"begin at the first page", fault.Invalid),
	"InvalidFilterKey": op.Fails(
		"a filter by something that the operation can't be asked by, or by the same thing twice",
		"use one of the keys that the text names, each once", fault.Invalid),
	"InvalidFilterOption": op.Fails(
		"an `Option` or a value that filters by this key don't have",
		"use one of those that the text names", fault.Invalid),
	"InvalidFilterValue": op.Fails(
		"a filter without `Values`, by anything but a tag",
		"say which values", fault.Invalid),
	"InvalidResourceId": op.Fails(
		"there is no parameter of that name to tag",
		"give the name, not an ARN", fault.NotFound),
	"InvalidResourceType": op.Fails(
		"a `ResourceType` that has no resources here",
		"use Parameter", fault.Invalid),
	tooManyUpdates.Code: op.Fails(
		"others were changing the parameter until the request's time was over",
		"try again after a pause that grows", fault.Conflict),
	"TooManyTagsError": op.Fails(
		"50 tags on one parameter",
		"take tags away that aren't needed", fault.Limit),
	"ServiceSettingNotFound": op.Fails(
		"no setting has that id",
		"use one of Parameter Store's", fault.NotFound),
	"ResourceNotFoundException": op.Fails(
		"there is no parameter of that ARN to be shared",
		"look the ARN up with DescribeParameters", fault.NotFound),
	"ResourcePolicyInvalidParameterException": op.Fails(
		"a member can't be as it is, which `ParameterNames` has; or the parameter can't be shared: it "+
			"is of the standard tier, or sealed by the key that the service manages",
		"correct the member, or put the parameter under the tier and the key that the text names",
		fault.Invalid),
	"ResourcePolicyLimitExceededException": op.Fails(
		"the resource policy has more than 1,024 bytes",
		"shorten it", fault.Limit),
	"ResourcePolicyConflictException": op.Fails(
		"the parameter has another resource policy than the one that the request knows",
		"look it up with GetResourcePolicies, and give its `PolicyId` and `PolicyHash`", fault.Conflict),
	"ResourcePolicyNotFoundException": op.Fails(
		"the parameter has no resource policy of that `PolicyId`",
		"look it up with GetResourcePolicies", fault.NotFound),
	"MalformedResourcePolicyDocumentException": op.Fails(
		"the resource policy is no policy document, opens more than reading, or names another parameter "+
			"or somebody who doesn't exist",
		"correct what the text names", fault.Invalid),
}

// spelled are the errors whose message the model spells Message. It has none at all for
// InvalidFilterKey, InvalidResourceId, InvalidResourceType and TooManyTagsError: what these say is
// read by clients that ask for no type.
var spelled = func() map[string]string {
	all := map[string]string{}
	for _, code := range []string{"InternalServerError", "InvalidFilterValue", "InvalidNextToken",
		"MalformedResourcePolicyDocumentException", "ResourceNotFoundException",
		"ResourcePolicyConflictException", "ResourcePolicyInvalidParameterException",
		"ResourcePolicyLimitExceededException", "ResourcePolicyNotFoundException",
		"ServiceSettingNotFound", "TooManyUpdates"} {
		all[code] = "Message"
	}
	return all
}()

// What operations of one kind may answer.
const (
	onParameter = " ParameterNotFound"
	onVersion   = onParameter + " ParameterVersionNotFound"
	opened      = " InvalidKeyId"
	paged       = " InvalidNextToken"
	filtered    = " InvalidFilterKey InvalidFilterOption InvalidFilterValue"
	tagged      = " InvalidResourceId InvalidResourceType"
	raced       = " TooManyUpdates"
	sharing     = " ResourceNotFoundException ResourcePolicyInvalidParameterException"
	changed     = sharing + " ResourcePolicyConflictException ResourcePolicyNotFoundException"
)

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"PutParameter": " ParameterAlreadyExists ParameterLimitExceeded InvalidKeyId" +
		" ParameterMaxVersionLimitExceeded ParameterPatternMismatchException" +
		" InvalidAllowedPatternException HierarchyLevelLimitExceededException TooManyTagsError" +
		" InvalidPolicyTypeException InvalidPolicyAttributeException IncompatiblePolicyException" +
		" PoliciesLimitExceededException" + raced,
	"GetParameter":            onVersion + opened,
	"GetParameters":           opened,
	"GetParametersByPath":     opened + paged + filtered,
	"GetParameterHistory":     onParameter + opened + paged,
	"DescribeParameters":      paged + filtered,
	"DeleteParameter":         onParameter,
	"DeleteParameters":        "",
	"LabelParameterVersion":   onVersion + " ParameterVersionLabelLimitExceeded" + raced,
	"UnlabelParameterVersion": onVersion + raced,
	"AddTagsToResource":       tagged + " TooManyTagsError" + raced,
	"RemoveTagsFromResource":  tagged + raced,
	"ListTagsForResource":     tagged,
	"PutResourcePolicy": changed + " ResourcePolicyLimitExceededException" +
		" MalformedResourcePolicyDocumentException",
	"GetResourcePolicies":  sharing,
	"DeleteResourcePolicy": changed,
	"GetServiceSetting":    " ServiceSettingNotFound",
	"UpdateServiceSetting": " ServiceSettingNotFound",
	"ResetServiceSetting":  " ServiceSettingNotFound",
}
