package parameters

import (
	"maps"
	"strconv"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
)

// LabelParameterVersionInput puts up to ten labels on a version.
type LabelParameterVersionInput struct {
	Name             string   `shape:"PSParameterName,required"`
	ParameterVersion *int64   `shape:"PSParameterVersion"` // absent: the newest
	Labels           []string `shape:"ParameterLabelList,required"`
	op.ByShape
}

// ParameterName implements [target.Named].
func (in LabelParameterVersionInput) ParameterName() string { return in.Name }

// LabelParameterVersionOutput has the labels that can't be any. The others are on the version.
type LabelParameterVersionOutput struct {
	InvalidLabels    []string
	ParameterVersion int64
}

func (s *Parameters) labelParameterVersion(_ *op.Call, in LabelParameterVersionInput,
	p *parameter.Parameter) (*parameterrows.Change, LabelParameterVersionOutput, error) {
	out := LabelParameterVersionOutput{ParameterVersion: domain.Or(in.ParameterVersion, p.Version)}
	if err := hasVersion(p, in.Name, out.ParameterVersion); err != nil {
		return nil, out, err
	}
	labels, invalid, err := p.Labels.Attach(out.ParameterVersion, in.Labels)
	if err != nil {
		return nil, out, err
	}
	out.InvalidLabels = invalid
	if maps.Equal(labels, p.Labels) {
		return nil, out, nil
	}
	return relabelled(p, labels), out, nil
}

// relabelled gives a parameter other labels. Its dates stay.
func relabelled(p *parameter.Parameter, labels parameter.Labels) *parameterrows.Change {
	return &parameterrows.Change{Before: p,
		After: p.Next(func(n *parameter.Parameter) { n.Labels = labels })}
}

// hasVersion refuses a version that a parameter hasn't.
func hasVersion(p *parameter.Parameter, name string, version int64) error {
	if version < p.Oldest || version > p.Version {
		return ssmfault.NoVersion(strconv.FormatInt(version, 10), strings.TrimSpace(name))
	}
	return nil
}
