package iam

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// build makes the operations that only the service itself performs.
func (s *Identities) build() {
	iam := domain.Routes{Service: model.IAM}
	s.create = op.Write(iam.Internal("CreateAccessKey"), findOwner, s.createAccessKey)
	s.list = op.Read(iam.Internal("ListAccessKeys"), findKeys, s.listAccessKeys)
	s.update = op.Write(iam.Internal("UpdateAccessKey"), s.findUpdate, s.updateAccessKey)
	s.remove = op.Write(iam.Internal("DeleteAccessKey"), s.findDelete, s.deleteAccessKey)
}

// Operations is the table of contents.
func (s *Identities) Operations() []op.Operation {
	sts := domain.Routes{Service: model.STS}
	return []op.Operation{
		op.Read(sts.Get("GetCallerIdentity", "/v1/sts/caller-identity",
			"Returns the account and the principal that an access key belongs to."),
			findCaller, getCallerIdentity),
	}
}
