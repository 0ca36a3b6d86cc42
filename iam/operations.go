package iam

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

func stsOperations() []op.Operation {
	sts := domain.Routes{Service: model.STS}
	return []op.Operation{
		op.Read(sts.Get("GetCallerIdentity", "/v1/sts/caller-identity",
			"Returns the account and the principal that an access key belongs to."),
			findCaller, getCallerIdentity),
	}
}
