package parameters

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/filter"
	"claviger/parameters/model"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/ssmfault"
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

	ParameterFilters []filter.ParameterStringFilter `shape:"ParameterStringFilterList"`
}

// Validate implements [op.Input].
func (in GetParametersByPathInput) Validate() error {
	return filter.CheckByPath(in.Path, in.ParameterFilters)
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
	filter    *filter.Filter
	filtered  bool
	says      func(policy.Values)
	etag      func() string
	op.There
}

// Demands implements [op.Target].
func (b below) Demands() []policy.Demand {
	d := domain.On(target.Action("GetParametersByPath"), b.ARN, "")
	d.Resource.Also = b.AlsoARN
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
	b = below{Path: path, recursive: domain.Or(in.Recursive, false), says: in.Conditions,
		filtered: len(in.ParameterFilters) > 0}
	b.filter = filter.NewByPath(path.Path, b.recursive, in.ParameterFilters)
	s.rows.WatchPath(c, path, b.recursive)
	b.etag = func() string { return s.finder.ETag("GetParametersByPath", s.belowDependsOn(c, in, b)) }
	return b, nil
}

// mostWatched is how many parameters below a path one may wait for. A path with more has no ETag.
const mostWatched = 1000

// belowDependsOn is all that is below the path from the page on: somebody who waits for a path
// waits for all of it, however many pages that is.
func (s *Parameters) belowDependsOn(c *op.Call, in GetParametersByPathInput, b below) []string {
	p, err := s.pathPage(c, in, b)
	if err != nil {
		return nil
	}
	found, err := s.below(b.Path, b.recursive, p.After, mostWatched+1)
	if err != nil || len(found) > mostWatched {
		return nil
	}
	parts := []string{b.Path.Path, strconv.Itoa(p.Size)}
	for _, f := range found {
		state := f.Version
		if len(b.filter.Labels()) > 0 {
			state = f.Rev
		}
		parts = append(parts, f.Name, f.ID, strconv.FormatInt(state, 10))
	}
	return parts
}

// Bounds of one page: how many parameters it has at most, and how many are looked at before it is
// given as it is, with what passed the filters.
const (
	mostByPath   = 10
	mostLookedAt = 200
)

func (s *Parameters) pathPage(c *op.Call, in GetParametersByPathInput,
	b below) (domain.Page, error) {
	return s.pages.Page(c, "GetParametersByPath", b.filter.String(),
		int(domain.Or(in.MaxResults, mostByPath)), in.NextToken)
}

func (s *Parameters) getParametersByPath(c *op.Call, in GetParametersByPathInput,
	b below) (out GetParametersByPathOutput, err error) {
	p, err := s.pathPage(c, in, b)
	if err != nil {
		return out, err
	}
	out.Parameters = make([]Parameter, 0, p.Size)
	after, looked := p.After, p.Size
	if b.filtered {
		looked = mostLookedAt
	}
	found, err := s.candidates(c, b, after, looked+1)
	if err != nil {
		return out, err
	}
	for i, f := range found {
		if i == looked || len(out.Parameters) == p.Size {
			out.NextToken = p.Next(after)
			return out, nil
		}
		after = f.Name
		if f.fails {
			continue
		}
		if out.Parameters, err = s.appendFound(c, in, b, f.Name, out.Parameters); err != nil {
			return out, err
		}
	}
	return out, nil
}

// candidate is a parameter below a path. One that fails the filters is shown to nobody.
type candidate struct {
	parameterrows.Found
	fails bool
}

// candidates returns at most n parameters below a path, from behind a name on. Filters are held
// against what the rows say before those are verified: the token is the scarce part, and who asks
// for what isn't there shall not have it verify all that is.
func (s *Parameters) candidates(c *op.Call, b below, after string,
	n int) (all []candidate, err error) {
	if !b.filtered || b.Account == parameter.Nobody {
		found, err := s.below(b.Path, b.recursive, after, n)
		for _, f := range found {
			all = append(all, candidate{Found: f})
		}
		return all, err
	}
	within := parameterrows.Directly(b.Path.Path)
	if b.recursive {
		within = parameterrows.Under(b.Path.Path)
	}
	rows, err := s.rows.Read(c, within, after, n)
	for _, row := range rows {
		all = append(all, candidate{parameterrows.Found{Name: row.Name}, b.fails(&row.Parameter)})
	}
	return all, err
}

// fails reports whether no version of a parameter passes the filters. Of the one with a label its
// own row says more.
func (b below) fails(p *parameter.Parameter) bool {
	if labels := b.filter.Labels(); len(labels) > 0 {
		return labelled(p, labels) == 0
	}
	return !b.filter.Matches(subject(p, p.Facts))
}

// appendFound appends the version of a parameter that passes the filters, if one does: the newest,
// or the one with a label that is asked for. A parameter that has gone since has none.
func (s *Parameters) appendFound(c *op.Call, in GetParametersByPathInput, b below, name string,
	page []Parameter) ([]Parameter, error) {
	asked := parameter.Asked{Ref: parameter.Ref{Account: b.Account, Region: b.Region, Name: name}}
	e, err := s.source(asked, s.rows.WithValue)(c, asked.Ref)
	if err != nil || e == nil {
		return page, err
	}
	if expired, err := e.Expired(c.Time); expired || err != nil {
		return page, err
	}
	asked.Selector.Version = labelled(e.Parameter, b.filter.Labels())
	v, err := s.version(c, e, asked)
	if ssmfault.IsAbsent(err) || err == nil && !b.filter.Matches(subject(e.Parameter, v.Facts)) {
		return page, nil
	}
	if err != nil {
		return page, err
	}
	one, err := s.shown(c, e, v, domain.Or(in.WithDecryption, false))
	return append(page, one), err
}

// labelled is the newest version of p with one of the labels, or 0.
func labelled(p *parameter.Parameter, labels []string) (version int64) {
	for _, label := range labels {
		version = max(version, p.Labels[label])
	}
	return version
}
