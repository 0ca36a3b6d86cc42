package model

import "claviger/internal/shape"

// shapes are the constraints of the model of Systems Manager, API version 2014-11-06, by AWS shape
// name. The model has no bounds for a value; the service itself refuses an empty one.
var shapes = shape.Table{
	"AllowedPattern":                 {Max: 1024},
	"Boolean":                        {},
	"DeletionMode":                   {Enum: []string{"RemoveSharing", "RollbackMigration"}},
	"GetParametersByPathMaxResults":  {Min: 1, Max: 10},
	"KeyList":                        {Member: "TagKey"},
	"MaxResults":                     {Min: 1, Max: 50},
	"NextToken":                      {},
	"PSParameterName":                {Min: 1, Max: 2048},
	"PSParameterValue":               {Min: 1, Sensitive: true},
	"PSParameterVersion":             {},
	"ParameterDataType":              {Max: 128},
	"ParameterDescription":           {Max: 1024},
	"ParameterKeyId":                 {Min: 1, Max: 256, Pattern: `^([a-zA-Z0-9:/_-]+)$`},
	"ParameterLabel":                 {Min: 1, Max: 100},
	"ParameterLabelList":             {Min: 1, Max: 10, Member: "ParameterLabel"},
	"ParameterNameList":              {Min: 1, Max: 10, Member: "PSParameterName"},
	"ParameterPolicies":              {Min: 1, Max: 4096},
	"ParameterStringFilter":          {},
	"ParameterStringFilterKey":       {Min: 1, Max: 132, Pattern: filterKey},
	"ParameterStringFilterList":      {Member: "ParameterStringFilter"},
	"ParameterStringFilterValue":     {Min: 1, Max: 1024},
	"ParameterStringFilterValueList": {Min: 1, Max: 50, Member: "ParameterStringFilterValue"},
	"ParameterStringQueryOption":     {Min: 1, Max: 10},
	"ParameterTier":                  {Enum: []string{"Standard", "Advanced", "Intelligent-Tiering"}},
	"ParameterType":                  {Enum: []string{"SecureString", "StringList", "String"}}, // as recorded
	"ParametersFilter":               {},
	"ParametersFilterKey":            {Enum: []string{"Name", "Type", "KeyId"}},
	"ParametersFilterList":           {Member: "ParametersFilter"},
	"ParametersFilterValue":          {Min: 1, Max: 1024},
	"ParametersFilterValueList":      {Min: 1, Max: 50, Member: "ParametersFilterValue"},
	"Policy":                         {Pattern: `^(?!\s*$).+`, RE2: `(?s).*\S.*`},
	"PolicyHash":                     {},
	"PolicyId":                       {},
	"ResourceArnString":              {Min: 20, Max: 2048},
	"ResourceId":                     {},
	"ResourcePolicyMaxResults":       {Min: 1, Max: 50},
	"ResourceTypeForTagging":         {Enum: taggable},
	"ServiceSettingId":               {Min: 1, Max: 1000},
	"ServiceSettingValue":            {Min: 1, Max: 4096},
	"String":                         {},
	"Tag":                            {},
	"TagKey":                         {Min: 1, Max: 128, Pattern: tagText},
	"TagList":                        {Max: 1000, Member: "Tag"},
	"TagValue":                       {Max: 256, Pattern: tagText},

	// The shapes of members that only the service itself sends.
	"Subject": {},
}

const (
	tagText   = `^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`
	filterKey = `tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType`
)

// taggable are the resources of Systems Manager that can have tags. Only parameters are here.
var taggable = []string{"Document", "ManagedInstance", "MaintenanceWindow", "Parameter",
	"PatchBaseline", "OpsItem", "OpsMetadata", "Automation", "Association", "CloudConnector"}
