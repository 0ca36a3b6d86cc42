package model

import "claviger/internal/shape"

// What IAM says of names, paths and documents with characters that they must not have.
const (
	badName = "The specified value for %s is invalid. It must contain only alphanumeric characters " +
		"and/or the following: +=,.@_-"
	badPath = "The specified value for %s is invalid. It must begin and end with / and contain only " +
		"alphanumeric characters and/or / characters."
	badDocument = "The specified value for %s is invalid. It must contain only printable ASCII " +
		"characters."
)

// words are IAM's: since 2025 it quotes no value.
var words = shape.Words{Terse: true, MissingParameter: true, Parameters: []string{"GetRoleInput"}}

// shapes are the constraints of IAM's model, API version 2010-05-08, by AWS shape name.
var shapes = shape.Table{
	// of the installation's own operations
	"dateType":          {},
	"accountNumberType": {Min: 12, Max: 12, Pattern: `[0-9]*`},

	// of operations that list nothing; there are no accounts' users, services and devices to say
	"allUsers":             {},
	"assignmentStatusType": {Enum: []string{"Assigned", "Unassigned", "Any"}},
	"serviceName":          {},

	"ActionNameListType":   {Member: "ActionNameType"},
	"ActionNameType":       {Min: 3, Max: 128},
	"AttachmentName":       {Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`},
	"AttachmentType":       {Enum: []string{"user", "group", "role"}},
	"ContextEntry":         {},
	"ContextEntryListType": {Member: "ContextEntry"},
	"ContextKeyNameType":   {Min: 5, Max: 256},
	"ContextKeyTypeEnum": {Enum: []string{"binary", "ipList", "booleanList", "ip", "boolean",
		"numericList", "dateList", "numeric", "date", "stringList", "string", "binaryList"}},
	"ContextKeyValueListType": {Member: "ContextKeyValueType"},
	"ContextKeyValueType":     {},
	"EntityType": {Enum: []string{"User", "Role", "Group", "LocalManagedPolicy",
		"AWSManagedPolicy"}},
	"OpenIDConnectProviderUrlType":  {Min: 1, Max: 255},
	"InlinePolicyIdentifierType":    {},
	"OrderedOrganizationPolicyType": {},
	"OrganizationPolicyListType":    {Max: 7, Member: "OrderedOrganizationPolicyType"},
	"PolicyExclusionsListType":      {Max: 256, Member: "PolicyIdentifier"},
	"PolicyIdentifier":              {},
	"PolicyIdentifierPolicyType": {Enum: []string{"inline", "aws-managed", "user-managed",
		"permission-boundary", "scp", "rcp"}},
	"PolicyUsageType":            {Enum: []string{"PermissionsPolicy", "PermissionsBoundary"}},
	"ResourceHandlingOptionType": {Min: 1, Max: 64},
	"ResourceNameListType":       {Member: "ResourceNameType"},
	"ResourceNameType":           {Min: 1, Max: 2048},
	"SimulationPolicyListType":   {Member: "policyDocumentType"},
	"accessKeyIdType":            {Min: 16, Max: 128, Pattern: `[\w]+`},
	"accountAliasType": {Min: 3, Max: 63, Pattern: `^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`,
		RE2: `[a-z0-9](?:-?[a-z0-9])+`},
	"arnType":          {Min: 20, Max: 2048},
	"booleanType":      {},
	"clientIDListType": {Member: "clientIDType"},
	"clientIDType":     {Min: 1, Max: 255},
	"entityListType":   {Member: "EntityType"},
	"existingUserNameType": {Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`,
		Refusal: badName},
	"groupNameType": {Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`,
		Refusal: badName},
	"markerType":   {Min: 1, Max: 320, Pattern: `[\u0020-\u00FF]+`, RE2: `[\x{20}-\x{FF}]+`},
	"maxItemsType": {Min: 1, Max: 1000},
	"pathPrefixType": {Min: 1, Max: 512, Pattern: `\u002F[\u0021-\u007F]*`,
		RE2: `/[\x{21}-\x{7F}]*`},
	"pathType": {Min: 1, Max: 512, Pattern: `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`,
		RE2: `/|/[\x{21}-\x{7E}]+/`, Refusal: badPath},
	"policyDescriptionType": {Max: 1000},
	"policyDocumentType": {Min: 1, Max: 131072, Pattern: `[\u0009\u000A\u000D\u0020-\u00FF]+`,
		RE2: `[\x{9}\x{A}\x{D}\x{20}-\x{FF}]+`, Refusal: badDocument},
	"policyNameType": {Min: 1, Max: 128, Pattern: `[\w+=,.@-]+`,
		Refusal: badName},
	"policyPathType": {Min: 1, Max: 512, Pattern: `((/[A-Za-z0-9\.,\+@=_-]+)*)/`,
		Refusal: badPath},
	"policyScopeType":     {Enum: []string{"All", "AWS", "Local"}},
	"policyVersionIdType": {Pattern: `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`},
	"roleDescriptionType": {Max: 1000, Pattern: `[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`,
		RE2: `[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*`},
	"roleMaxSessionDurationType": {Min: 3600, Max: 43200},
	"roleNameType": {Min: 1, Max: 64, Pattern: `[\w+=,.@-]+`,
		Refusal: badName},
	"statusType":         {Enum: []string{"Active", "Inactive", "Expired"}},
	"tagKeyListType":     {Max: 50, Member: "tagKeyType"},
	"tagKeyType":         {Min: 1, Max: 128, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
	"tagListType":        {Max: 50},
	"tagValueType":       {Max: 256, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`},
	"thumbprintListType": {Member: "thumbprintType"},
	"thumbprintType":     {Min: 40, Max: 40},
	"userNameType": {Min: 1, Max: 64, Pattern: `[\w+=,.@-]+`,
		Refusal: badName},
}
