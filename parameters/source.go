package parameters

import (
	"context"
	"strings"
	"time"

	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/public"
)

// source is where what a caller reads is looked up: in rows, or, if it is no account's, among what
// the site declares. That there is a secret of a name is Secrets Manager's to say, when it is read.
func (s *Parameters) source(asked parameter.Asked, rows parameterrows.LookUp) parameterrows.LookUp {
	switch {
	case asked.Secret != "":
		return func(_ context.Context, ref parameter.Ref) (*parameterrows.Entry, error) {
			return &parameterrows.Entry{Parameter: &parameter.Parameter{Ref: ref}}, nil
		}
	case asked.Account == parameter.Nobody:
		return s.declared
	}
	return rows
}

// below returns at most n parameters that are below a path, in order of name, from behind a name
// on.
func (s *Parameters) below(p parameter.Path, recursive bool, after string,
	n int) (found []parameterrows.Found, err error) {
	if p.Account != parameter.Nobody {
		return s.rows.Below(p, recursive, after, n)
	}
	for _, d := range s.public.Under(p.Path, recursive, after, n) {
		found = append(found, parameterrows.Found{Name: d.Name, ID: stateOf(d),
			Version: public.Version, Rev: public.Version})
	}
	return found, nil
}

// declared is a [parameterrows.LookUp] among the parameters that the site declares. It is a String
// like any other, or a StringList, which has one version, and nobody's to change.
func (s *Parameters) declared(_ context.Context, ref parameter.Ref) (*parameterrows.Entry, error) {
	d, ok := s.public.Get(ref.Name)
	if !ok {
		return nil, nil
	}
	p := &parameter.Parameter{Ref: ref, ID: stateOf(d), Rev: public.Version, Oldest: public.Version,
		Parent: parameter.Parent(d.Name), Created: d.Modified, Facts: parameter.Facts{
			Version: public.Version, Type: d.Type, Tier: parameter.Standard, Description: d.Description,
			DataType: parameter.Text, Modified: d.Modified}}
	return &parameterrows.Entry{Parameter: p, Newest: &parameter.Version{Ref: ref, ID: p.ID,
		Facts: p.Facts, Value: parameter.Value{Rests: []byte(d.Value)}}}, nil
}

// stateOf tells what is declared now from what the files declared at another start. It has the
// place of an id in ETags: by its one version nobody would learn of a change.
func stateOf(d public.Parameter) string {
	return strings.Join([]string{d.Modified.Format(time.RFC3339Nano), d.Type, d.Value}, " ")
}
