package sts

import (
	"claviger/identity/accesskey"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type GetAccessKeyInfoInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	op.ByShape
}

type GetAccessKeyInfoOutput struct{ Account string }

func findAccessKeyInfo(c *op.Call, _ GetAccessKeyInfoInput) (domain.Account, error) {
	return domain.OnAccount("sts:GetAccessKeyInfo"), notOfUsers(c, "GetAccessKeyInfo")
}

// notOfUsers refuses sessions of users and federated users, to which STS leaves next to nothing
// ("Comparing the AWS STS API operations" of the IAM user guide).
func notOfUsers(c *op.Call, operation string) error {
	if c.Caller.Session != nil && c.Caller.Role == "" {
		return longTermOnly(c, operation)
	}
	return nil
}

// getAccessKeyInfo reads the account from the id. So it is known of keys that are long gone, too.
func getAccessKeyInfo(_ *op.Call, in GetAccessKeyInfoInput, _ domain.Account) (
	out GetAccessKeyInfoOutput, err error) {
	account, ok := accesskey.Account(in.AccessKeyId)
	if !ok {
		return out, invalid(in.AccessKeyId + " is invalid")
	}
	return GetAccessKeyInfoOutput{account}, nil
}
