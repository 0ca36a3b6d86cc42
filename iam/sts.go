// Package iam performs the operations of AWS's identity services, over the principals that package
// identity knows. For now that is one operation of STS: the question who is calling.
package iam

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/shape"
)

// STS is the service as AWS names it.
var STS = &op.Service{
	Name: "sts", Title: "AWS Security Token Service", Version: "2011-06-15",
	XML:      "https://sts.amazonaws.com/doc/2011-06-15/",
	Internal: "InternalFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: shape.Table{},
}

// Operations is the table of contents.
func Operations() []op.Operation {
	sts := domain.Routes{Service: STS}
	return []op.Operation{
		op.Read(sts.Get("GetCallerIdentity", "/v1/sts/caller-identity",
			"Returns the account and the principal that an access key belongs to."),
			findCaller, getCallerIdentity),
	}
}
