package sts

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
)

type DecodeAuthorizationMessageInput struct {
	EncodedMessage string `shape:"encodedMessageType,required"`
	op.ByShape
}

type DecodeAuthorizationMessageOutput struct{ DecodedMessage string }

func findMessage(c *op.Call, _ DecodeAuthorizationMessageInput) (domain.Account, error) {
	return domain.OnAccount("sts:DecodeAuthorizationMessage"),
		notOfUsers(c, "DecodeAuthorizationMessage")
}

// decodeAuthorizationMessage knows no message: the services that encode theirs, such as EC2, are
// not here.
func decodeAuthorizationMessage(*op.Call, DecodeAuthorizationMessageInput, domain.Account) (
	DecodeAuthorizationMessageOutput, error) {
	return DecodeAuthorizationMessageOutput{}, fault.New(fault.Invalid,
		"InvalidAuthorizationMessageException", "Message is not valid")
}
