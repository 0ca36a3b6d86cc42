package parameters

import (
	"encoding/base64"
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
)

// GetParameterInput names a parameter by its name or its ARN, and with :3 or :label behind it one
// version.
type GetParameterInput struct {
	Name           string `shape:"PSParameterName,required"`
	WithDecryption *bool  `shape:"Boolean"` // absent: a SecureString comes as its ciphertext
	op.ByShape
}

// GetParameterOutput is the parameter.
type GetParameterOutput struct{ Parameter Parameter }

// Parameter is one version of a parameter with its value.
type Parameter struct {
	Name             string // as it was asked for, without a selector
	Type             string
	Value            string
	Version          int64
	Selector         string `json:",omitzero"` // :3 or :label, as it was asked for
	SourceResult     string `json:",omitzero"`
	LastModifiedDate wire.Time
	ARN              string
	DataType         string `json:",omitzero"`
}

func (s *Parameters) findGet(c *op.Call, in GetParameterInput) (w target.Watched, err error) {
	asked, err := parameter.Read(c, in.Name)
	if err != nil {
		return w, err
	}
	return s.finder.Watch(c, "GetParameter", asked, in, dependsOn), nil
}

// dependsOn is what the answer is made of but the value, which belongs to its version for good.
// What else changes of the parameter wakes nobody who waits for the value.
func dependsOn(t *target.Target) []string {
	if t.Entry == nil {
		return nil
	}
	version, err := versionOf(t.Entry.Parameter, t.Asked)
	if err != nil {
		return nil
	}
	return []string{t.Asked.Shown(), t.Entry.ID, strconv.FormatInt(version, 10)}
}

// versionOf returns the number of the version that is asked for.
func versionOf(p *parameter.Parameter, asked parameter.Asked) (int64, error) {
	version := p.Version
	switch sel := asked.Selector; {
	case sel.Label != "":
		version = p.Labels[sel.Label]
	case sel.Version != 0:
		version = sel.Version
	}
	if version < p.Oldest || version > p.Version {
		return 0, ssmfault.NoVersion(asked.Selector.Shown()[1:], asked.Shown())
	}
	return version, nil
}

func (s *Parameters) getParameter(c *op.Call, in GetParameterInput,
	w target.Watched) (out GetParameterOutput, err error) {
	out.Parameter, err = s.read(c, w.Entry, w.Asked, domain.Or(in.WithDecryption, false))
	return out, err
}

// read returns the version that is asked for. It may have gone since the parameter was found.
func (s *Parameters) read(c *op.Call, e *parameterrows.Entry, asked parameter.Asked,
	decrypt bool) (out Parameter, err error) {
	version, err := versionOf(e.Parameter, asked)
	if err != nil {
		return out, err
	}
	v := e.Newest
	if v == nil || v.Version != version {
		if v, err = s.rows.Version(c, e.Parameter, version); domain.IsNoRow(err) {
			return out, ssmfault.NoVersion(asked.Selector.Shown()[1:], asked.Shown())
		}
		if err != nil {
			return out, err
		}
	}
	value, err := s.value(c, v, decrypt)
	if err != nil {
		return out, err
	}
	name := asked.Given
	if name == "" {
		name = e.Shown()
	}
	return Parameter{Name: name, Type: v.Type, Value: value, Version: v.Version,
		Selector: asked.Selector.Shown(), LastModifiedDate: wire.Time{Time: v.Modified},
		ARN: e.ARN(), DataType: v.DataType}, nil
}

// value returns a version's value: in clear, or as it rests if it is sealed and is to stay so.
func (s *Parameters) value(c *op.Call, v *parameter.Version, decrypt bool) (string, error) {
	if v.Type == parameter.SecureString && !decrypt {
		return base64.StdEncoding.EncodeToString(v.Value.Rests), nil
	}
	return s.sealer.Open(c, v)
}
