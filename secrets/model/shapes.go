package model

import (
	"claviger/internal/shape"
	"claviger/secrets/filter"
)

// shapes are the constraints of Secrets Manager's model, API version 2017-10-17, by AWS shape name.
var shapes = shape.Table{
	"AddReplicaRegionListType":         {Min: 1, Member: "ReplicaRegionType"},
	"AutomaticallyRotateAfterDaysType": {Min: 1, Max: 1000},
	"BooleanType":                      {},
	"ClientRequestTokenType":           {Min: 32, Max: 64},
	"DescriptionType":                  {Max: 2048},
	"ConnectionTextType":               {Min: 1, Max: 1024},
	"ManagedPasswordType":              {Min: 1, Max: 4096, Sensitive: true},
	"PortType":                         {Min: 1, Max: 65535},
	"DurationType":                     {Min: 2, Max: 3, Pattern: `^[0-9]+h$`},
	"ExcludeCharactersType":            {Max: 4096},
	"ExcludeLowercaseType":             {},
	"ExcludeNumbersType":               {},
	"ExcludePunctuationType":           {},
	"ExcludeUppercaseType":             {},
	"Filter":                           {},
	"FilterNameStringType":             {Enum: filter.Keys},
	"FilterValueStringType":            {Max: 512, Pattern: `^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$`},
	"FilterValuesStringList":           {Min: 1, Max: 10, Member: "FilterValueStringType"},
	"FiltersListType":                  {Max: 10, Member: "Filter"},
	"IncludeSpaceType":                 {},
	"KmsKeyIdType":                     {Max: 2048},
	"MaxResultsBatchType":              {Min: 1, Max: 20},
	"MaxResultsType":                   {Min: 1, Max: 100},
	"MedeaTypeType":                    {Max: 256},
	"NameType":                         {Min: 1, Max: 512},
	"NonEmptyResourcePolicyType":       {Min: 1, Max: 20480},
	"NextTokenType":                    {Min: 1, Max: 4096},
	"PasswordLengthType":               {Min: 1, Max: 4096},
	"RecoveryWindowInDaysType":         {},
	"RegionType":                       {Min: 1, Max: 128, Pattern: `^([a-z]+-)+\d+$`},
	"RemoveReplicaRegionListType":      {Min: 1, Member: "RegionType"},
	"ReplicaRegionType":                {},
	"RequireEachIncludedTypeType":      {},
	"RoleARNType":                      {Min: 20, Max: 2048},
	"RotationLambdaARNType":            {Max: 2048},
	"RotationRulesType":                {},
	"RotationTokenType":                {Min: 36, Max: 256, Pattern: rotationToken, Sensitive: true},
	"ScheduleExpressionType":           {Min: 1, Max: 256, Pattern: `^[0-9A-Za-z\(\)#\?\*\-\/, ]+$`},
	"SecretBinaryType":                 {Min: 1, Max: 65536, Sensitive: true},
	"SecretIdListType":                 {Min: 1, Max: 20, Member: "SecretIdType"},
	"SecretIdType":                     {Min: 1, Max: 2048},
	"SecretStringType":                 {Min: 1, Max: 65536, Sensitive: true},
	"SecretVersionIdType":              {Min: 32, Max: 64},
	"SecretVersionStageType":           {Min: 1, Max: 256},
	"SecretVersionStagesType":          {Min: 1, Max: 20, Member: "SecretVersionStageType"},
	"SortByType":                       {Enum: []string{ByCreated, ByAccessed, ByChanged, ByName}},
	"SortOrderType":                    {Enum: []string{"asc", "desc"}},
	"Tag":                              {},
	"TagKeyListType":                   {Member: "TagKeyType"},
	"TagKeyType":                       {Min: 1, Max: 128},
	"TagListType":                      {Member: "Tag"},
	"TagValueType":                     {Max: 256},

	// What is told of managed external secrets.
	"ExternalSecretRotationMetadataItem":          {},
	"ExternalSecretRotationMetadataItemKeyType":   {Min: 1, Max: 256},
	"ExternalSecretRotationMetadataItemValueType": {Min: 1, Max: 2048},
	"ExternalSecretRotationMetadataType":          {Member: "ExternalSecretRotationMetadataItem"},

	// The shapes of members that only the service itself sends.
	"Subject": {},
	"Copy":    {Sensitive: true},
}

// The orders of a listing, by their names in SortBy.
const (
	ByCreated  = "created-date"
	ByChanged  = "last-changed-date"
	ByAccessed = "last-accessed-date"
	ByName     = "name"
)

const rotationToken = `^[a-zA-Z0-9\-]+$`
