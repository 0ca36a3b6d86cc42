package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of Secrets Manager by AWS's names.
var failures = op.Failures{
	"AccessDeniedException": op.Fails(
		"the rotation function is none that the server's configuration declares for the account",
		"name one that it does, or have one declared", fault.Denied),
	"ResourceNotFoundException": op.Fails(
		"no such secret, version or staging label",
		"look at the name, the Region and the account", fault.NotFound),
	"ResourceExistsException": op.Fails(
		"the name is taken, or the token has made a version with another value",
		"choose another name, or send a new token", fault.Exists),
	"InvalidRequestException": op.Fails(
		"the secret is marked for deletion, or label and version don't fit; "+
			"`ClientRequestToken` or a value is missing",
		"`RestoreSecret`, or what the text says", fault.State, fault.Invalid),
	"InvalidParameterException": op.Fails(
		"a value that would be wrong whatever the secret's state; a `KmsKeyId` that is no key "+
			"for secrets; a change of a replica, or the deletion of a secret that has some",
		"correct the member that the text names, or do what it says", fault.Invalid, fault.State),
	"InvalidNextTokenException": op.Fails(
		"a token that was not returned for this listing",
		"begin at the first page", fault.Invalid),
	"MalformedPolicyDocumentException": op.Fails(
		"a resource policy that can't be read, names somebody who isn't there, or would lock "+
			"its author out",
		"correct the policy as the text says", fault.Invalid),
	"PublicPolicyException": op.Fails(
		"`BlockPublicPolicy`, and the resource policy lets everybody use the secret",
		"name who may, or pin the statement by a condition", fault.Invalid),
	"LimitExceededException": op.Fails(
		"20 staging labels on one secret",
		"take labels away that aren't needed", fault.Limit),
	"EncryptionFailure": op.Fails(
		"the secret's KMS key can't seal: it is disabled, pending deletion, gone or no "+
			"key for this",
		"put the key in order, or name another", fault.State),
	"DecryptionFailure": op.Fails(
		"the secret's KMS key can't open: it is disabled, pending deletion or gone",
		"put the key in order", fault.State),
}

// What operations of one kind may answer.
const (
	onSecret = " ResourceNotFoundException"
	onMarked = onSecret + " InvalidRequestException"
	wrong    = " InvalidParameterException"
	valued   = wrong + " DecryptionFailure EncryptionFailure InvalidRequestException " +
		"ResourceExistsException"
	paged    = " InvalidNextTokenException"
	policied = " MalformedPolicyDocumentException"
)

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"CreateSecret":             valued,
	"DescribeSecret":           onSecret,
	"ListSecrets":              wrong + paged,
	"UpdateSecret":             onSecret + valued,
	"DeleteSecret":             onMarked + wrong,
	"RestoreSecret":            onSecret + wrong,
	"GetSecretValue":           onMarked + " DecryptionFailure",
	"BatchGetSecretValue":      wrong + paged,
	"PutSecretValue":           onSecret + valued + " LimitExceededException",
	"ListSecretVersionIds":     onSecret + paged,
	"UpdateSecretVersionStage": onMarked + wrong,
	"TagResource":              onMarked + wrong,
	"UntagResource":            onMarked + wrong,
	"GetResourcePolicy":        onMarked,
	"PutResourcePolicy":        onMarked + wrong + policied + " PublicPolicyException",
	"DeleteResourcePolicy":     onMarked + wrong,
	"ValidateResourcePolicy":   onMarked + policied,
	"GetRandomPassword":        wrong,

	"CreateManagedSecret":          valued + " AccessDeniedException",
	"RotateSecret":                 onMarked + wrong + " AccessDeniedException",
	"CancelRotateSecret":           onMarked + wrong,
	"ReplicateSecretToRegions":     onMarked + wrong,
	"RemoveRegionsFromReplication": onMarked + wrong,
	"StopReplicationToReplica":     onMarked + wrong,
}
