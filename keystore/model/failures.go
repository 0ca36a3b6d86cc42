package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// failures are the errors of KMS by AWS's names.
var failures = op.Failures{
	"NotFoundException": op.Fails(
		"no such key or alias in this account and Region, or a `KeyId` that can't be "+
			"one",
		"look at the id, the Region and the account", fault.NotFound),
	"InvalidArnException": op.Fails(
		"not an ARN of KMS; an alias where only the id or the ARN of a key is taken; what is no "+
			"principal, in a grant or a key policy",
		"correct the ARN", fault.Invalid),
	"DisabledException": op.Fails(
		"the key is disabled",
		"`EnableKey`", fault.State),
	"KMSInvalidStateException": op.Fails(
		"the key is pending deletion or waits for its material, or isn't and would have "+
			"to be",
		"`DescribeKey` tells the state", fault.State),
	"InvalidKeyUsageException": op.Fails(
		"the key was made for another usage, or its spec has no such algorithm",
		"use a key that is made for this", fault.State),
	"IncorrectKeyException": op.Fails(
		"the ciphertext belongs to another key than the one named, or that one doesn't "+
			"decrypt",
		"name the right key, or none", fault.State),
	"InvalidCiphertextException": op.Fails(
		"it was not made by this key over this encryption context. There is no text, "+
			"whatever is wrong",
		"look at the context and at whether the bytes came through whole", fault.Invalid),
	"KMSInvalidSignatureException": op.Fails(
		"it was not made by this key over this message. There is no text, whatever is "+
			"wrong",
		"don't trust the message", fault.Invalid),
	"KMSInvalidMacException": op.Fails(
		"it was not made by this key over this message. There is no text, whatever is "+
			"wrong",
		"don't trust the message", fault.Invalid),
	"AlreadyExistsException": op.Fails(
		"the alias is taken, or the Region has a replica",
		"choose another name, or use what is there", fault.Exists),
	"LimitExceededException": op.Fails(
		"a quota is reached, which the text names",
		"delete what isn't needed", fault.Limit),
	"InvalidAliasNameException": op.Fails(
		"a name that an alias can't have, or nothing after `alias/`",
		"begin with `alias/` and use letters, digits and `/_-`", fault.Invalid),
	"NotAuthorizedException": op.Fails(
		"an alias that begins with `alias/aws/`",
		"choose another name: those are of services", fault.Denied),
	"TagException": op.Fails(
		"more than 50 tags, one twice, one that begins with `aws:`, or one with other "+
			"characters than letters, digits, blanks and `_.:/=+-@`",
		"correct the tags", fault.Invalid),
	"InvalidMarkerException": op.Fails(
		"a marker that was not returned for this listing",
		"begin at the first page", fault.Invalid),
	"MalformedPolicyDocumentException": op.Fails(
		"a policy that is no key policy, that locks its caller out, or that turns on the key's "+
			"own tags or aliases",
		"correct the policy", fault.Invalid),
	"UnsupportedOperationException": op.Fails(
		"a kind of key, origin or member that [is not here](compatibility.md), or that "+
			"the device lacks",
		"do without", fault.Invalid),
	"ConflictException": op.Fails(
		"the key is just about to be rotated anyway",
		"try again when that is done", fault.Conflict),
	"DryRunOperationException": op.Fails(
		"`DryRun` was set and all else was well",
		"nothing: this is the good answer", fault.DryRun),

	"InvalidGrantTokenException": op.Fails(
		"not a token of a grant of this account and Region",
		"leave grant tokens out: a grant holds from its answer on", fault.Invalid),
	"InvalidGrantIdException": op.Fails(
		"what can't be the id of a grant, or of none on this key",
		"`ListGrants` has the ids", fault.Invalid),
	"ValidationError": op.Fails(
		"a grant that can't allow what it says",
		"correct the operations of the grant", fault.Invalid),

	"InvalidImportTokenException": op.Fails(
		"the import token is for another key",
		"`GetParametersForImport` for this one", fault.Invalid),
	"ExpiredImportTokenException": op.Fails(
		"the import token is older than a day, or its pair has failed to unwrap too "+
			"often",
		"`GetParametersForImport` anew", fault.Invalid),
	"IncorrectKeyMaterialException": op.Fails(
		"it is not the material that the key had",
		"import the same material, or make a new key", fault.Invalid),

	"CustomKeyStoreNotFoundException": op.Fails(
		"no such custom key store in this account and Region",
		"`DescribeCustomKeyStores` lists them", fault.NotFound),
	"CustomKeyStoreInvalidStateException": op.Fails(
		"the store is not connected, or is and must not be",
		"`ConnectCustomKeyStore` or `DisconnectCustomKeyStore` first", fault.State),
	"CustomKeyStoreNameInUseException": op.Fails(
		"the name is taken",
		"choose another", fault.Exists),
	"CustomKeyStoreHasCMKsException": op.Fails(
		"there are keys in the store",
		"schedule their deletion, and wait until it is done", fault.State),
	"CloudHsmClusterNotFoundException": op.Fails(
		"the configuration names no such cluster",
		"have the operator add it", fault.NotFound),
	"CloudHsmClusterInUseException": op.Fails(
		"the cluster has a store already",
		"use that one, or another cluster", fault.Exists),
	"CloudHsmClusterNotActiveException": op.Fails(
		"the cluster's token can't be reached",
		"try again once it can", fault.State),
	"CloudHsmClusterNotRelatedException": op.Fails(
		"the cluster is not one with the same keys",
		"name a copy of the cluster before", fault.State),
	"CloudHsmClusterInvalidConfigurationException": op.Fails(
		"the token lacks what a store needs",
		"the text says what", fault.State),
	"IncorrectTrustAnchorException": op.Fails(
		"the certificate is not the cluster's",
		"take it from the configuration", fault.Invalid),
}

// What operations of one kind may answer.
const (
	onKey   = " NotFoundException InvalidArnException"
	change  = onKey + " KMSInvalidStateException"
	use     = change + " DisabledException"
	byGrant = " InvalidGrantTokenException"
	dry     = " DryRunOperationException"
	crypto  = use + " InvalidKeyUsageException" + byGrant + dry
	listing = " InvalidMarkerException"
	not     = " UnsupportedOperationException"
	onStore = " CustomKeyStoreNotFoundException"
	store   = onStore + " CustomKeyStoreInvalidStateException"
	policy  = " MalformedPolicyDocumentException LimitExceededException"
	cluster = " CloudHsmClusterNotFoundException CloudHsmClusterNotActiveException" +
		" CloudHsmClusterInvalidConfigurationException CustomKeyStoreNameInUseException"
)

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{
	"CreateKey":            policy + store + not + " InvalidArnException TagException",
	"DescribeKey":          onKey + byGrant,
	"GetKeyLastUsage":      onKey,
	"ListKeys":             listing,
	"EnableKey":            change,
	"DisableKey":           change,
	"ScheduleKeyDeletion":  change,
	"CancelKeyDeletion":    change,
	"UpdateKeyDescription": change,

	"GetKeyPolicy":    onKey,
	"PutKeyPolicy":    onKey + policy + not,
	"ListKeyPolicies": onKey + listing,

	"ReplicateKey": use + not +
		" AlreadyExistsException MalformedPolicyDocumentException TagException",
	"UpdatePrimaryRegion": use + not,

	"EnableKeyRotation":    use + not,
	"DisableKeyRotation":   use + not,
	"GetKeyRotationStatus": onKey + not,
	"RotateKeyOnDemand":    use + not + " ConflictException LimitExceededException",
	"ListKeyRotations":     onKey + listing + not,

	"CreateGrant": use + byGrant + dry +
		" LimitExceededException ValidationError",
	"ListGrants":          onKey + listing + " InvalidGrantIdException",
	"ListRetirableGrants": listing,
	"RetireGrant":         onKey + byGrant + dry + " InvalidGrantIdException",
	"RevokeGrant":         onKey + dry + " InvalidGrantIdException",

	"GetParametersForImport": change + not + " LimitExceededException",
	"ImportKeyMaterial": change + not + " InvalidCiphertextException InvalidImportTokenException" +
		" ExpiredImportTokenException IncorrectKeyMaterialException",
	"DeleteImportedKeyMaterial": onKey + not,

	"CreateAlias": change + " AlreadyExistsException InvalidAliasNameException" +
		" LimitExceededException NotAuthorizedException",
	"UpdateAlias": change + " InvalidAliasNameException LimitExceededException" +
		" NotAuthorizedException",
	"DeleteAlias": " NotFoundException InvalidAliasNameException NotAuthorizedException",
	"ListAliases": onKey + listing,

	"TagResource":      change + " TagException",
	"UntagResource":    change,
	"ListResourceTags": onKey + listing,

	"Encrypt":   crypto,
	"Decrypt":   crypto + not + " IncorrectKeyException InvalidCiphertextException",
	"ReEncrypt": crypto + " IncorrectKeyException InvalidCiphertextException",

	"GenerateDataKey":                     crypto + not,
	"GenerateDataKeyWithoutPlaintext":     crypto,
	"GenerateDataKeyPair":                 crypto + not,
	"GenerateDataKeyPairWithoutPlaintext": crypto + not,

	"GetPublicKey":       use + not + byGrant,
	"Sign":               crypto + not,
	"Verify":             crypto + " KMSInvalidSignatureException",
	"GenerateMac":        crypto,
	"VerifyMac":          crypto + " KMSInvalidMacException",
	"DeriveSharedSecret": crypto + not,
	"Encapsulate":        crypto,
	"Decapsulate":        crypto + " InvalidCiphertextException",
	"GenerateRandom":     store + not,

	"CreateCustomKeyStore": cluster + not + " CloudHsmClusterInUseException" +
		" IncorrectTrustAnchorException LimitExceededException",
	"DescribeCustomKeyStores":  onStore + listing,
	"UpdateCustomKeyStore":     store + cluster + not + " CloudHsmClusterNotRelatedException",
	"DeleteCustomKeyStore":     store + " CustomKeyStoreHasCMKsException",
	"ConnectCustomKeyStore":    store + " CloudHsmClusterInvalidConfigurationException",
	"DisconnectCustomKeyStore": store,
}
