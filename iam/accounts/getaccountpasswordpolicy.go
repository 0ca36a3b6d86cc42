package accounts

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

// GetAccountPasswordPolicyInput is empty, as AWS's.
type GetAccountPasswordPolicyInput struct{ op.ByShape }

func getPasswordPolicy(c *op.Call, _ GetAccountPasswordPolicyInput) (op.None, error) {
	return op.None{}, model.NoSuchEntity("The Password Policy with domain name %s cannot be found.",
		c.Caller.Account)
}
