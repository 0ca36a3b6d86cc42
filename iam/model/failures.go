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
	"CreateAccessKey": "NoSuchEntity LimitExceeded",
	"CreateUser": "EntityAlreadyExists LimitExceeded NoSuchEntity InvalidInput " +
		"MissingParameter",
	"DeleteAccessKey":                  "NoSuchEntity",
	"GetContextKeysForCustomPolicy":    "InvalidInput",
	"GetContextKeysForPrincipalPolicy": "InvalidInput NoSuchEntity",
	"SimulateCustomPolicy":             "InvalidInput",
	"SimulatePrincipalPolicy":          "InvalidInput NoSuchEntity",
	"DeleteUser":                       "NoSuchEntity DeleteConflict",
	"GetUser":                          "NoSuchEntity",
	"ListAccessKeys":                   "NoSuchEntity",
	"ListUserTags":                     "NoSuchEntity",
	"ListUsers":                        "",
	"TagUser":                          "NoSuchEntity LimitExceeded InvalidInput MissingParameter",
	"UntagUser":                        "NoSuchEntity",
	"UpdateAccessKey":                  "NoSuchEntity InvalidInput",
	"UpdateUser":                       "NoSuchEntity EntityAlreadyExists",
	"AddUserToGroup":                   "NoSuchEntity LimitExceeded",
	"CreateGroup":                      "EntityAlreadyExists LimitExceeded",
	"CreateRole": "EntityAlreadyExists LimitExceeded NoSuchEntity InvalidInput " +
		"MalformedPolicyDocument MissingParameter",
	"DeleteGroup":                 "NoSuchEntity DeleteConflict",
	"DeleteRole":                  "NoSuchEntity DeleteConflict",
	"GetGroup":                    "NoSuchEntity",
	"GetRole":                     "NoSuchEntity",
	"ListGroups":                  "",
	"ListGroupsForUser":           "NoSuchEntity",
	"ListInstanceProfilesForRole": "NoSuchEntity",
	"ListRoleTags":                "NoSuchEntity",
	"ListRoles":                   "",
	"RemoveUserFromGroup":         "NoSuchEntity",
	"TagRole":                     "NoSuchEntity LimitExceeded InvalidInput MissingParameter",
	"UntagRole":                   "NoSuchEntity",
	"UpdateAssumeRolePolicy":      "NoSuchEntity LimitExceeded MalformedPolicyDocument",
	"UpdateGroup":                 "NoSuchEntity EntityAlreadyExists",
	"UpdateRole":                  "NoSuchEntity",
	"UpdateRoleDescription":       "NoSuchEntity",
}
