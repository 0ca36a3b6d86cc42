package model

import "claviger/internal/domain"

// Condition keys. Their values are texts: the documented policies compare them with StringEquals.
const (
	Overwrite = "ssm:Overwrite"
	Policies  = "ssm:Policies"
	Recursive = "ssm:Recursive"
)

// ConditionKeys are the condition keys that an action has beside the tags of the parameter and
// those of every request ("Actions, resources, and condition keys for AWS Systems Manager" of the Service
// Authorization Reference). One that ends in a slash has a name behind it.
var ConditionKeys = map[string][]string{
	"AddTagsToResource":      {domain.RequestTag, domain.TagKeys},
	"GetParametersByPath":    {Recursive},
	"PutParameter":           {domain.RequestTag, domain.TagKeys, Overwrite, Policies},
	"RemoveTagsFromResource": {domain.TagKeys},
}
