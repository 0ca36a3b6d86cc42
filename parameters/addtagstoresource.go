package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/policy"
)

// ofParameters is the one kind of resource of Systems Manager that is here.
const ofParameters = "Parameter"

// checkResourceType refuses the kinds of resources that aren't here.
func checkResourceType(kind string) error {
	if kind != ofParameters {
		return ssmfault.BadResourceType
	}
	return nil
}

// AddTagsToResourceInput puts tags on a parameter, over those with the same keys.
type AddTagsToResourceInput struct {
	ResourceType string          `shape:"ResourceTypeForTagging,required"` // Parameter
	ResourceId   string          `shape:"ResourceId,required"`             // its name
	Tags         []parameter.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in AddTagsToResourceInput) Validate() error {
	if err := checkResourceType(in.ResourceType); err != nil {
		return err
	}
	return domain.CheckTags(parameter.TagRules, in.Tags)
}

// ParameterName implements [target.Named].
func (in AddTagsToResourceInput) ParameterName() string { return in.ResourceId }

// MissingResource implements [target.Tagging].
func (AddTagsToResourceInput) MissingResource() error { return ssmfault.NoResource }

// Conditions implements [domain.Conditional].
func (in AddTagsToResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

func (s *Parameters) addTagsToResource(_ *op.Call, in AddTagsToResourceInput,
	p *parameter.Parameter) (*parameterrows.Change, op.None, error) {
	tags, err := domain.AddTags(parameter.TagRules, p.Tags, in.Tags)
	if err != nil {
		return nil, op.None{}, err
	}
	return retagged(p, tags), op.None{}, nil
}

// retagged gives a parameter other tags. Its dates stay.
func retagged(p *parameter.Parameter, tags []parameter.Tag) *parameterrows.Change {
	return &parameterrows.Change{Before: p,
		After: p.Next(func(n *parameter.Parameter) { n.Tags = tags })}
}
