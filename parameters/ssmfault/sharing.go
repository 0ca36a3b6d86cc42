package ssmfault

import "claviger/internal/fault"

// What is wrong with the resource policy of a parameter, or with how it is called. Nothing is
// recorded of AWS's words.
var (
	NoShared = fault.New(fault.NotFound, "ResourceNotFoundException", "There is no parameter of "+
		"that ARN.")
	NoPolicy = fault.New(fault.NotFound, "ResourcePolicyNotFoundException", "The parameter has no "+
		"resource policy of that PolicyId. Look it up with GetResourcePolicies.")
	PolicyConflict = fault.New(fault.Conflict, "ResourcePolicyConflictException", "The parameter "+
		"has another resource policy than the request says. Look it up with GetResourcePolicies, and "+
		"give its PolicyId and its PolicyHash.")

	BadResourceARN = invalidOf("ResourceArn", "ResourceArn is the ARN of a parameter, without a "+
		"version behind it.")
	NoPolicyID = invalidOf("PolicyId", "PolicyHash is given and PolicyId isn't: both belong "+
		"together.")
	NoPolicyHash = invalidOf("PolicyHash", "PolicyId is given and PolicyHash isn't: both belong "+
		"together.")
	NoPolicyPage = invalidOf("NextToken", "The NextToken was not returned by GetResourcePolicies.")

	NotAdvanced = invalidOf("ResourceArn", "To share a parameter, it must be in the "+
		"advanced-parameter tier.")
	NoCustomerKey = invalidOf("ResourceArn", "To share a SecureString parameter, it must be encrypted "+
		"with a customer managed key: AWS managed keys can't be shared.")
)

// invalidOf is AWS's answer to a member that can't be as it is. The error names it.
func invalidOf(member, message string) *fault.Error {
	return fault.New(fault.Invalid, "ResourcePolicyInvalidParameterException", message).
		With(struct{ ParameterNames []string }{[]string{member}})
}

// PolicySize says that a resource policy has more bytes than it may.
func PolicySize(limit int) error {
	return fault.Newf(fault.Limit, "ResourcePolicyLimitExceededException", "The resource policy of a "+
		"parameter has at most %d bytes.", limit).With(struct {
		Limit     int
		LimitType string
	}{limit, "PolicySize"})
}

// BadPolicy says why a text can't be the resource policy of a parameter.
func BadPolicy(err error) error {
	return fault.New(fault.Invalid, "MalformedResourcePolicyDocumentException", err.Error())
}
