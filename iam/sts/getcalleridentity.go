package sts

import "claviger/internal/op"

// GetCallerIdentityInput is empty: the signature asks the question.
type GetCallerIdentityInput struct{ op.ByShape }

// GetCallerIdentityOutput has its members in the order in which AWS writes them.
type GetCallerIdentityOutput struct {
	Arn     string // of the principal
	UserId  string // its unique id, such as AIDA...; the account's own number for the root user
	Account string // 12 digits
}

// findCaller demands nothing. No policy can take the answer away, not even by an
// explicit deny: it says to its caller only what every refusal says to him too (STS API
// Reference, GetCallerIdentity).
func findCaller(*op.Call, GetCallerIdentityInput) (op.Open, error) {
	return op.Open{Action: "sts:GetCallerIdentity",
		Reason: "whoever can sign may know as whom"}, nil
}

func getCallerIdentity(c *op.Call, _ GetCallerIdentityInput, _ op.Open) (
	GetCallerIdentityOutput, error) {
	return GetCallerIdentityOutput{
		Arn: c.Caller.ARN, UserId: c.Caller.PrincipalID, Account: c.Caller.Account}, nil
}
