package parameters

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/model"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/target"
	"claviger/policy"
)

// GetParametersByPathInput names a place in the hierarchy: / or /app/dev, whether anything is below
// it or not.
type GetParametersByPathInput struct {
	Path           string  `shape:"PSParameterName,required"`
	Recursive      *bool   `shape:"Boolean"` // absent: only what is directly below the path
	WithDecryption *bool   `shape:"Boolean"`
	MaxResults     *int32  `shape:"GetParametersByPathMaxResults"` // 1 to 10; absent: 10
	NextToken      *string `shape:"NextToken"`
	op.ByShape
}

// Conditions implements [domain.Conditional].
func (in GetParametersByPathInput) Conditions(v policy.Values) {
	domain.Set(v, model.Recursive, in.Recursive, strconv.FormatBool)
}

// GetParametersByPathOutput is a page in order of name. Only one without NextToken is the last,
// however short others are.
type GetParametersByPathOutput struct {
	Parameters []Parameter
	NextToken  string `json:",omitzero"`
}

// below is what is below a path. Who may read it may read all of that: no parameter is asked for by
// itself.
type below struct {
	parameter.Path
	recursive bool
	says      func(policy.Values)
	etag      func() string
	op.There
}

// Demands implements [op.Target].
func (b below) Demands() []policy.Demand {
	d := domain.On(target.Action("GetParametersByPath"), b.ARN, "")
	d.Values = func() policy.Values {
		v := policy.Values{}
		b.says(v)
		return v
	}
	return []policy.Demand{d}
}

// ETag implements [op.Watched].
func (b below) ETag() string { return b.etag() }

func (s *Parameters) findBelow(c *op.Call, in GetParametersByPathInput) (b below, err error) {
	path, err := parameter.ReadPath(c, in.Path)
	if err != nil {
		return b, err
	}
	b = below{Path: path, recursive: domain.Or(in.Recursive, false), says: in.Conditions}
	s.rows.WatchPath(c, path, b.recursive)
	b.etag = func() string { return s.finder.ETag("GetParametersByPath", s.belowDependsOn(c, in, b)) }
	return b, nil
}

// mostWatched is how many parameters below a path one may wait for. A path with more has no ETag.
const mostWatched = 1000

// belowDependsOn is all that is below the path from the page on: somebody who waits for a path waits
// for all of it, however many pages that is.
func (s *Parameters) belowDependsOn(c *op.Call, in GetParametersByPathInput, b below) []string {
	p, err := s.pathPage(c, in, b)
	if err != nil {
		return nil
	}
	found, err := s.rows.Below(b.Path, b.recursive, p.After, mostWatched+1)
	if err != nil || len(found) > mostWatched {
		return nil
	}
	parts := []string{b.Path.Path, strconv.Itoa(p.Size)}
	for _, f := range found {
		parts = append(parts, f.Name, f.ID, strconv.FormatInt(f.Rev, 10))
	}
	return parts
}

const mostByPath = 10

func (s *Parameters) pathPage(c *op.Call, in GetParametersByPathInput, b below) (domain.Page, error) {
	scope := b.Path.Path + strconv.FormatBool(b.recursive)
	return s.pages.Page(c, "GetParametersByPath", scope, int(domain.Or(in.MaxResults, mostByPath)),
		in.NextToken)
}

func (s *Parameters) getParametersByPath(c *op.Call, in GetParametersByPathInput,
	b below) (out GetParametersByPathOutput, err error) {
	p, err := s.pathPage(c, in, b)
	if err != nil {
		return out, err
	}
	found, err := s.rows.Below(b.Path, b.recursive, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	found, out.NextToken = domain.Cut(p, found, func(f parameterrows.Found) string { return f.Name })
	out.Parameters = []Parameter{}
	for _, f := range found {
		asked := parameter.Asked{Ref: parameter.Ref{Account: b.Account, Region: b.Region, Name: f.Name}}
		e, err := s.rows.WithValue(c, asked.Ref)
		if err != nil {
			return out, err
		}
		if e == nil {
			continue // it has gone since
		}
		one, err := s.read(c, e, asked, domain.Or(in.WithDecryption, false))
		if err != nil {
			return out, err
		}
		out.Parameters = append(out.Parameters, one)
	}
	return out, nil
}
