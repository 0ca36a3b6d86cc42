package parameters

import (
	"cmp"
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
	Value            string `json:",omitzero"` // absent for a secret that is binary
	Version          int64  // 0 for a secret
	Selector         string `json:",omitzero"` // :3 or :label, as it was asked for
	SourceResult     string `json:",omitzero"`
	LastModifiedDate wire.Time
	ARN              string
	DataType         string `json:",omitzero"`
}

func (s *Parameters) findGet(c *op.Call, in GetParameterInput) (w target.Watched, err error) {
	asked, err := parameter.Read(c, in.Name)
	switch {
	case ssmfault.IsAbsent(err):
		w.Target = target.Nowhere("GetParameter", asked, err)
		return w, nil
	case err != nil:
		return w, err
	}
	return s.finder.Watch(c, "GetParameter", asked, in, s.source(asked, s.rows.Watching(c)),
		dependsOn), nil
}

// dependsOn is what the answer is made of but the value, which belongs to its version for good.
// What else changes of the parameter wakes nobody who waits for the value. Of a secret it can't be
// told from here.
func dependsOn(t *target.Target) []string {
	if t.Entry == nil || t.Asked.Secret != "" {
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
		return 0, ssmfault.NoVersion(asked.Selector.Shown(), asked.Shown())
	}
	return version, nil
}

func (s *Parameters) getParameter(c *op.Call, in GetParameterInput,
	w target.Watched) (out GetParameterOutput, err error) {
	out.Parameter, err = s.read(c, w.Entry, w.Asked, domain.Or(in.WithDecryption, false))
	return out, err
}

// read returns the version that is asked for, or the secret.
func (s *Parameters) read(c *op.Call, e *parameterrows.Entry, asked parameter.Asked,
	decrypt bool) (out Parameter, err error) {
	if asked.Secret != "" {
		return s.readSecret(c, asked, decrypt)
	}
	v, err := s.version(c, e, asked)
	if err != nil {
		return out, err
	}
	if out, err = s.shown(c, e, v, decrypt); err != nil {
		return out, err
	}
	out.Name, out.Selector = cmp.Or(asked.Given, out.Name), asked.Selector.Shown()
	return out, nil
}

// version finds the version that is asked for. It may have gone since the parameter was found.
func (s *Parameters) version(c *op.Call, e *parameterrows.Entry,
	asked parameter.Asked) (*parameter.Version, error) {
	number, err := versionOf(e.Parameter, asked)
	if err != nil {
		return nil, err
	}
	if e.Newest != nil && e.Newest.Version == number {
		return e.Newest, nil
	}
	v, err := s.rows.Version(c, e.Parameter, number)
	if domain.IsNoRow(err) {
		return nil, ssmfault.NoVersion(asked.Selector.Shown(), asked.Shown())
	}
	return v, err
}

// shown is a version with its value, as answers have it.
func (s *Parameters) shown(c *op.Call, e *parameterrows.Entry, v *parameter.Version,
	decrypt bool) (out Parameter, err error) {
	value, err := s.value(c, v, decrypt)
	return Parameter{Name: e.Shown(), Type: v.Type, Value: value, Version: v.Version, ARN: e.ARN(),
		LastModifiedDate: wire.Time{Time: v.Modified}, DataType: v.DataType}, err
}

// value returns a version's value: in clear, or as it rests if it is sealed and is to stay so.
func (s *Parameters) value(c *op.Call, v *parameter.Version, decrypt bool) (string, error) {
	if v.Type == parameter.SecureString && !decrypt {
		return base64.StdEncoding.EncodeToString(v.Value.Rests), nil
	}
	return s.sealer.Open(c, v)
}
