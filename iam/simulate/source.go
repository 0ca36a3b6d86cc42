package simulate

import (
	"strconv"

	"claviger/policy"
	"claviger/policy/inspect"
)

// The types of policies as answers call them. IAM's model lists other words, which it doesn't use.
const (
	identityType = "IAM Policy"
	resourceType = "Resource Policy"
	boundaryType = "Permissions Boundary Policy"
)

// source is a policy of a simulation: where it comes from, and what it says.
type source struct {
	id, kind string
	text     string
	document *policy.Document
	spans    []inspect.Span // of the statements; read when the first is asked for
}

// statement describes the statement at a place of the document.
func (s *source) statement(at int) Statement {
	if s.spans == nil {
		s.spans = inspect.Spans(s.text)
	}
	out := Statement{SourcePolicyId: s.id, SourcePolicyType: s.kind}
	if at < len(s.spans) {
		span := s.spans[at]
		out.StartPosition = Position{Line: int32(span.Start.Line), Column: int32(span.Start.Column)}
		out.EndPosition = Position{Line: int32(span.End.Line), Column: int32(span.End.Column)}
	}
	return out
}

// inputPolicies reads the identity policies of a request.
func inputPolicies(texts []string) ([]*source, error) {
	return readInputs(texts, "PolicyInputList", "Policy", identityType)
}

// inputBoundary reads the permissions boundary of a request; nil if there is none.
func inputBoundary(texts []string) (*source, error) {
	if len(texts) > 1 {
		return nil, invalid("The list of Permissions Boundary policies cannot exceed 1 items.")
	}
	read, err := readInputs(texts, "PermissionsBoundaryPolicyInputList",
		"Permissions boundary policy", boundaryType)
	if err != nil || len(read) == 0 {
		return nil, err
	}
	return read[0], nil
}

// readInputs reads the texts of a list of the request, which is called list in answers and name in
// what is refused.
func readInputs(texts []string, list, name, kind string) ([]*source, error) {
	out := make([]*source, len(texts))
	for i, text := range texts {
		d, err := policy.ParseInline(text)
		if err != nil {
			return nil, invalid("%s input list item %d has invalid content", name, i+1).Because(err)
		}
		out[i] = &source{id: list + "." + strconv.Itoa(i+1), kind: kind, text: text, document: d}
	}
	return out, nil
}

// inputResourcePolicy reads the resource's policy. That of a key may have statements without
// actions, and a role's trust policy has no resources.
func inputResourcePolicy(text string) (*source, error) {
	d, err := policy.Parse(text)
	if err != nil {
		return nil, invalid("Resource policy has invalid content").Because(err)
	}
	for _, s := range d.Statements {
		if s.Principal == nil && s.NotPrincipal == nil {
			return nil, invalid("Resource policy has invalid content")
		}
	}
	return &source{id: "ResourcePolicy", kind: resourceType, text: text, document: d}, nil
}

// storedPolicies reads the identity policies that are in force.
func storedPolicies(named []NamedPolicy) ([]*source, error) {
	out := make([]*source, len(named))
	for i := range named {
		s, err := stored(&named[i], identityType)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

func stored(p *NamedPolicy, kind string) (*source, error) {
	d, err := policy.ParseStored(p.Text)
	if err != nil {
		return nil, err // what is stored was read before it was
	}
	return &source{id: p.id(), kind: kind, text: p.Text, document: d}, nil
}
