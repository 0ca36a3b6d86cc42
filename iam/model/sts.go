package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/shape"
)

// STS is asked in the Region that a request is signed for.
var STS = &op.Service{
	Name: "sts", Title: "AWS Security Token Service", Version: "2011-06-15",
	XML:      "https://sts.amazonaws.com/doc/2011-06-15/",
	Internal: "InternalFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: stsShapes, Members: stsMembers, Failures: stsFailures, Answers: stsAnswers,
	Refused: stsRefused, Unsigned: true, Records: stsRecords,
}

// stsShapes are the constraints of STS's model, API version 2011-06-15, by AWS shape name. A source
// identity may be longer than the model says: the service takes 256 characters.
var stsShapes = shape.Table{
	"accessKeyIdType":      {Min: 16, Max: 128, Pattern: `[\w]*`},
	"arnType":              {Min: 20, Max: 2048, Pattern: stsARN, RE2: stsARNInGo},
	"clientTokenType":      {Min: 4, Max: 20000, Sensitive: true},
	"contextAssertionType": {Min: 4, Max: 2048},
	"dateType":             {},
	"durationSecondsType":  {Min: 900, Max: 129600},
	"encodedMessageType":   {Min: 1, Max: 10240},
	"externalIdType":       {Min: 2, Max: 1224, Pattern: `[\w+=,.@:\/-]*`},
	"minimumSessionTokenSizeType": {Max: 4096,
		Range: true},
	"PolicyDescriptorType":     {},
	"policyDescriptorListType": {Member: "PolicyDescriptorType"},
	"ProvidedContext":          {},
	"ProvidedContextsListType": {Min: 1, Max: 5, Member: "ProvidedContext"},
	"roleDurationSecondsType":  {Min: 900, Max: 43200},
	"roleSessionNameType":      {Min: 2, Max: 64, Pattern: `[\w+=,.@-]*`},
	"serialNumberType":         {Min: 9, Max: 256, Pattern: `[\w+=/:,.@-]*`},
	"sessionPolicyDocumentType": {Min: 1, Max: 2048,
		Pattern: sessionPolicy, RE2: sessionPolicyInGo},
	"sourceIdentityType": {Min: 2, Max: 256, Pattern: `[\w+=,.@-]*`},
	"Tag":                {},
	"tagKeyListType":     {Max: 50, Member: "tagKeyType"},
	"tagKeyType":         {Min: 1, Max: 128, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
	"tagListType":        {Max: 50, Member: "Tag"},
	"tagValueType":       {Max: 256, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`},
	"tokenCodeType":      {Min: 6, Max: 6, Pattern: `[\d]*`, Sensitive: true},
	"unrestrictedSessionPolicyDocumentType": {Min: 1, Pattern: sessionPolicy,
		RE2: sessionPolicyInGo},
	"urlType":      {Min: 4, Max: 2048},
	"userNameType": {Min: 2, Max: 32, Pattern: `[\w+=,.@-]*`},
}

// Patterns of the model, and the same in Go's syntax.
const (
	stsARN = `[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD` +
		`\u10000-\u10FFFF]+`
	stsARNInGo = `[\x{09}\x{0A}\x{0D}\x{20}-\x{7E}\x{85}\x{A0}-\x{D7FF}\x{E000}-\x{FFFD}` +
		`\x{10000}-\x{10FFFF}]+`
	sessionPolicy     = `[\u0009\u000A\u000D\u0020-\u00FF]+`
	sessionPolicyInGo = `[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+`
)

// stsMembers say what each member of STS is for, as members does for IAM.
var stsMembers = shape.Sentences{
	"AccessKeyId":       "The id of an access key. That of temporary credentials begins with ASIA.",
	"Account":           "The account that the caller or the access key belongs to.",
	"Arn":               "The caller or the session as an ARN, as policies name it.",
	"arn":               "The ARN of a managed policy of the session's account.",
	"AssumedRoleId":     "The role's unique id and the session's name.",
	"AssumedRoleUser":   "The session as policies and records name it.",
	"Audience":          "Whom the token was made for, as the provider's clients are named.",
	"ContextAssertion":  "A context that a provider asserts.",
	"Credentials":       "What the session's requests are signed with. It is told once.",
	"DecodedMessage":    "The message in JSON.",
	"DurationSeconds":   "How long the session lives.",
	"EncodedMessage":    "The message that came with a refusal.",
	"Expiration":        "When the session ends.",
	"ExternalId":        "What a role's trust policy may want to hear, against confused deputies.",
	"FederatedUser":     "The session as policies and records name it.",
	"FederatedUserId":   "The account and the federated user's name.",
	"Key":               "The tag's key. Case makes no difference to it.",
	"Name":              "The federated user's name.",
	"PackedPolicySize":  "How much of the room for session policies and tags is taken, in percent.",
	"Policy":            "A session policy: the session may do no more than it allows.",
	"PolicyArns":        "Managed policies that are session policies.",
	"Provider":          "The ARN of the identity provider that the token is of.",
	"ProviderArn":       "The ARN of a context provider.",
	"ProvidedContexts":  "Contexts that providers assert.",
	"ProviderId":        "The host of an OAuth 2.0 provider.",
	"RoleArn":           "The ARN of the role.",
	"RoleSessionName":   "The session's name, by which records and policies know it.",
	"SecretAccessKey":   "The secret that requests are signed with.",
	"SerialNumber":      "The caller's MFA device.",
	"SessionToken":      "The token that requests carry beside their signature.",
	"SessionTokenSize":  "How many characters the token has.",
	"SourceIdentity":    "Who stands behind the session. All sessions that it starts keep it.",
	"Tags":              "Session tags: they take the place of the principal's tags of the same keys.",
	"TokenCode":         "The code of the MFA device.",
	"TransitiveTagKeys": "Keys of session tags that go on to the sessions that this one starts.",
	"UserId":            "The caller's id, which nobody else gets even when names are used again.",
	"Value":             "The tag's value.",
	"WebIdentityToken":  "The token of the identity provider.",

	"MinimumSessionTokenSize":     "How many characters the token has at least.",
	"SessionTokenUtilization":     "How much of the longest token the token is, in percent.",
	"SubjectFromWebIdentityToken": "Whom the identity provider's token is about.",
}

// stsFailures are the errors of STS by AWS's names.
var stsFailures = op.Failures{
	"InvalidParameterValue": op.Fails(
		"session tags of one key twice, or that go against those of the calling session; a "+
			"session policy's ARN that is none",
		"correct the member that the text names", fault.Invalid),
	"MalformedPolicyDocument": op.Fails(
		"a session policy is no policy",
		"correct the document, as the text says", fault.Invalid),
	"PackedPolicyTooLarge": op.Fails(
		"session policies and tags take more than the room of a token",
		"pass less, or put policies into managed ones", fault.Invalid),
	"InvalidIdentityToken": op.Fails(
		"the identity provider's token is none, or not for this account",
		"look at issuer, audience and claims, as the text says", fault.Invalid),
	"ExpiredTokenException": op.Fails(
		"the identity provider's token doesn't hold any more",
		"have the provider issue another", fault.Invalid),
	"IDPCommunicationError": op.Fails(
		"the identity provider can't be asked for its keys",
		"try again after a pause that grows; the log says why", fault.Unavailable),
	"InvalidAuthorizationMessageException": op.Fails(
		"the message is none: this service encodes none",
		"read the refusal itself", fault.Invalid),
}

// What operations that start a session may answer.
const (
	passes = "InvalidParameterValue MalformedPolicyDocument PackedPolicyTooLarge"
)

// stsAnswers say which errors each operation of STS may answer, as answers does for IAM.
var stsAnswers = op.Answers{
	"AssumeRole":                 passes,
	"DecodeAuthorizationMessage": "InvalidAuthorizationMessageException",
	"AssumeRoleWithWebIdentity": passes + " ExpiredTokenException IDPCommunicationError " +
		"InvalidIdentityToken",
	"GetAccessKeyInfo":   "",
	"GetCallerIdentity":  "",
	"GetFederationToken": passes,
	"GetSessionToken":    "",
}

// stsRefused are members that STS has and that are refused here whatever else a request says.
var stsRefused = op.Refused{
	"ProviderId":       "InvalidParameterValue",
	"ProvidedContexts": "ValidationException",
	"SerialNumber":     "AccessDeniedException",
	"TokenCode":        "AccessDeniedException",
}
