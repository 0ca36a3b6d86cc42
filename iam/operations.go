package iam

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// build makes the operation that only the service itself performs.
func (s *Identities) build() {
	s.create = op.Write(domain.Routes{Service: IAM}.Internal("CreateAccessKey"), findOwner,
		s.createAccessKey)
}

// Operations is the table of contents.
func (s *Identities) Operations() []op.Operation {
	sts := domain.Routes{Service: STS}
	return []op.Operation{
		op.Read(sts.Get("GetCallerIdentity", "/v1/sts/caller-identity",
			"Returns the account and the principal that an access key belongs to."),
			findCaller, getCallerIdentity),
	}
}
