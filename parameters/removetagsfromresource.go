package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/policy"
)

// RemoveTagsFromResourceInput takes tags from a parameter. Keys that it hasn't are no mistake.
type RemoveTagsFromResourceInput struct {
	ResourceType string   `shape:"ResourceTypeForTagging,required"` // Parameter
	ResourceId   string   `shape:"ResourceId,required"`             // its name
	TagKeys      []string `shape:"KeyList,required"`
}

// Validate implements [op.Input].
func (in RemoveTagsFromResourceInput) Validate() error { return checkResourceType(in.ResourceType) }

// ParameterName implements [target.Named].
func (in RemoveTagsFromResourceInput) ParameterName() string { return in.ResourceId }

// MissingResource implements [target.Tagging].
func (RemoveTagsFromResourceInput) MissingResource() error { return ssmfault.NoResource }

// Conditions implements [domain.Conditional].
func (in RemoveTagsFromResourceInput) Conditions(v policy.Values) {
	domain.SetTagKeys(v, in.TagKeys)
}

func (s *Parameters) removeTagsFromResource(_ *op.Call, in RemoveTagsFromResourceInput,
	p *parameter.Parameter) (*parameterrows.Change, op.None, error) {
	tags := domain.RemoveTags(p.Tags, in.TagKeys)
	if len(tags) == len(p.Tags) {
		return nil, op.None{}, nil
	}
	return retagged(p, tags), op.None{}, nil
}
