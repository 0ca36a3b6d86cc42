package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of IAM by AWS's names.
var failures = op.Failures{
	"NoSuchEntity": op.Fails(
		"there is no such user, group, role, policy, provider or access key in the account",
		"look at the name, and at whose account it is", fault.NotFound),
	"EntityAlreadyExists": op.Fails(
		"the name is taken, whatever its case", "choose another name", fault.Exists),
	"LimitExceeded": op.Fails(
		"a quota is reached: the text names it", "take away what isn't needed", fault.Limit),
	"DeleteConflict": op.Fails(
		"something still belongs to what is to be deleted",
		"take away first what the text names", fault.State),
	"InvalidInput": op.Fails(
		"a value that would be wrong whatever is there: in a simulation also a policy that can't be "+
			"read, a context value of the wrong type, a marker of another listing",
		"correct the member that the text names", fault.Invalid),
	"MissingParameter": op.Fails(
		"a structure in the request lacks what it must have", "add the parameter that the text names",
		fault.Invalid),
	"MalformedPolicyDocument": op.Fails(
		"the policy isn't one of the IAM policy language, or names somebody who doesn't exist",
		"correct what the text names; `claviger policy lint` says more", fault.Invalid),
}

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"CreateAccount":                           "EntityAlreadyExists",
	"ListAccounts":                            "",
	"CreateAccountAlias":                      "",
	"DeleteAccountAlias":                      "NoSuchEntity",
	"DeleteLoginProfile":                      "NoSuchEntity",
	"GenerateCredentialReport":                "",
	"GetAccessKeyLastUsed":                    "",
	"GetAccountAuthorizationDetails":          "",
	"GetAccountPasswordPolicy":                "NoSuchEntity",
	"GetAccountSummary":                       "",
	"GetCredentialReport":                     "",
	"GetLoginProfile":                         "NoSuchEntity",
	"ListAccountAliases":                      "",
	"ListMFADevices":                          "NoSuchEntity",
	"ListSAMLProviders":                       "",
	"ListSSHPublicKeys":                       "NoSuchEntity",
	"ListServerCertificates":                  "",
	"ListServiceSpecificCredentials":          "NoSuchEntity",
	"ListSigningCertificates":                 "NoSuchEntity",
	"ListVirtualMFADevices":                   "",
	"AddClientIDToOpenIDConnectProvider":      "NoSuchEntity LimitExceeded",
	"CreateOpenIDConnectProvider":             "EntityAlreadyExists LimitExceeded InvalidInput",
	"DeleteOpenIDConnectProvider":             "NoSuchEntity",
	"GetOpenIDConnectProvider":                "NoSuchEntity",
	"ListOpenIDConnectProviderTags":           "NoSuchEntity",
	"ListOpenIDConnectProviders":              "",
	"RemoveClientIDFromOpenIDConnectProvider": "NoSuchEntity",
	"TagOpenIDConnectProvider":                "NoSuchEntity LimitExceeded InvalidInput",
	"UntagOpenIDConnectProvider":              "NoSuchEntity",
	"UpdateOpenIDConnectProviderThumbprint":   "NoSuchEntity InvalidInput",

	"AttachGroupPolicy":                "NoSuchEntity LimitExceeded",
	"AttachRolePolicy":                 "NoSuchEntity LimitExceeded",
	"AttachUserPolicy":                 "NoSuchEntity LimitExceeded",
	"CreateAccessKey":                  "NoSuchEntity LimitExceeded",
	"CreatePolicy":                     "EntityAlreadyExists LimitExceeded MalformedPolicyDocument InvalidInput MissingParameter",
	"CreatePolicyVersion":              "NoSuchEntity LimitExceeded MalformedPolicyDocument",
	"CreateUser":                       "EntityAlreadyExists LimitExceeded NoSuchEntity InvalidInput MissingParameter",
	"DeleteAccessKey":                  "NoSuchEntity",
	"DeleteGroupPolicy":                "NoSuchEntity",
	"DeletePolicy":                     "NoSuchEntity DeleteConflict",
	"DeletePolicyVersion":              "NoSuchEntity DeleteConflict",
	"DeleteRolePermissionsBoundary":    "NoSuchEntity",
	"DeleteRolePolicy":                 "NoSuchEntity",
	"DeleteUser":                       "NoSuchEntity DeleteConflict",
	"DeleteUserPermissionsBoundary":    "NoSuchEntity",
	"DeleteUserPolicy":                 "NoSuchEntity",
	"DetachGroupPolicy":                "NoSuchEntity",
	"DetachRolePolicy":                 "NoSuchEntity",
	"DetachUserPolicy":                 "NoSuchEntity",
	"GetContextKeysForCustomPolicy":    "InvalidInput",
	"GetContextKeysForPrincipalPolicy": "InvalidInput NoSuchEntity",
	"GetGroupPolicy":                   "NoSuchEntity",
	"GetPolicy":                        "NoSuchEntity",
	"GetPolicyVersion":                 "NoSuchEntity",
	"GetRolePolicy":                    "NoSuchEntity",
	"GetUser":                          "NoSuchEntity",
	"GetUserPolicy":                    "NoSuchEntity",
	"ListAccessKeys":                   "NoSuchEntity",
	"ListAttachedGroupPolicies":        "NoSuchEntity",
	"ListAttachedRolePolicies":         "NoSuchEntity",
	"ListAttachedUserPolicies":         "NoSuchEntity",
	"ListEntitiesForPolicy":            "NoSuchEntity",
	"ListGroupPolicies":                "NoSuchEntity",
	"ListPolicies":                     "",
	"ListPolicyTags":                   "NoSuchEntity",
	"ListPolicyVersions":               "NoSuchEntity",
	"ListRolePolicies":                 "NoSuchEntity",
	"ListUserPolicies":                 "NoSuchEntity",
	"ListUserTags":                     "NoSuchEntity",
	"ListUsers":                        "",
	"PutGroupPolicy":                   "NoSuchEntity LimitExceeded MalformedPolicyDocument",
	"PutRolePermissionsBoundary":       "NoSuchEntity",
	"PutRolePolicy":                    "NoSuchEntity LimitExceeded MalformedPolicyDocument",
	"PutUserPermissionsBoundary":       "NoSuchEntity",
	"PutUserPolicy":                    "NoSuchEntity LimitExceeded MalformedPolicyDocument",
	"SetDefaultPolicyVersion":          "NoSuchEntity",
	"SimulateCustomPolicy":             "InvalidInput",
	"SimulatePrincipalPolicy":          "InvalidInput NoSuchEntity",
	"TagPolicy":                        "NoSuchEntity LimitExceeded InvalidInput MissingParameter",
	"TagUser":                          "NoSuchEntity LimitExceeded InvalidInput MissingParameter",
	"UntagPolicy":                      "NoSuchEntity",
	"UntagUser":                        "NoSuchEntity",
	"UpdateAccessKey":                  "NoSuchEntity InvalidInput",
	"UpdateUser":                       "NoSuchEntity EntityAlreadyExists",
}
