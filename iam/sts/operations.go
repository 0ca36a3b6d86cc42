package sts

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

var routes = domain.Routes{Service: model.STS}

// Operations is the table of contents.
func (s *STS) Operations() []op.Operation {
	return []op.Operation{
		op.Read(routes.Get("GetCallerIdentity", "/v1/sts/caller-identity",
			"Returns the account and the principal that an access key belongs to."),
			findCaller, getCallerIdentity),
		op.Read(routes.Post("AssumeRole", "/v1/sts/role-sessions",
			"Starts a session of a role."),
			s.findAssumeRole, s.assumeRole),
		op.Unsigned(routes.Post("AssumeRoleWithWebIdentity", "/v1/sts/web-identities",
			"Starts a session of a role for whom an identity provider vouches."),
			s.identify, s.findWebIdentity, s.assumeRoleWithWebIdentity),
		op.Read(routes.Post("GetSessionToken", "/v1/sts/user-sessions",
			"Starts a session of the caller."),
			findSessionToken, s.getSessionToken),
		op.Read(routes.Post("GetFederationToken", "/v1/sts/federated-users",
			"Starts a session of a federated user, who may do what the caller may and a policy allows."),
			findFederationToken, s.getFederationToken),
		op.Read(routes.Get("GetAccessKeyInfo", "/v1/sts/access-keys/{AccessKeyId}",
			"Returns the account that an access key belongs to."),
			findAccessKeyInfo, getAccessKeyInfo),
		op.Read(routes.Post("DecodeAuthorizationMessage", "/v1/sts/authorization-messages",
			"Decodes what a refusal of AWS may carry; those of this service carry nothing."),
			findMessage, decodeAuthorizationMessage),
	}
}
