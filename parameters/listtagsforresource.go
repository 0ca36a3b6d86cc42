package parameters

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/ssmfault"
)

// ListTagsForResourceInput names a parameter as a resource.
type ListTagsForResourceInput struct {
	ResourceType string `shape:"ResourceTypeForTagging,required"` // Parameter
	ResourceId   string `shape:"ResourceId,required"`             // its name
}

// Validate implements [op.Input].
func (in ListTagsForResourceInput) Validate() error { return checkResourceType(in.ResourceType) }

// ParameterName implements [target.Named].
func (in ListTagsForResourceInput) ParameterName() string { return in.ResourceId }

// MissingResource implements [target.Tagging].
func (ListTagsForResourceInput) MissingResource() error { return ssmfault.NoResource }

// ListTagsForResourceOutput has all tags, in order of key.
type ListTagsForResourceOutput struct{ TagList []parameter.Tag }

func (s *Parameters) listTagsForResource(_ *op.Call, _ ListTagsForResourceInput,
	p *parameter.Parameter) (out ListTagsForResourceOutput, err error) {
	out.TagList = append([]parameter.Tag{}, p.Tags...)
	return out, nil
}
