package parameters

import (
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/parameter"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
)

// GetParameterHistoryInput names a parameter by its name or its ARN, without a selector.
type GetParameterHistoryInput struct {
	Name           string  `shape:"PSParameterName,required"`
	WithDecryption *bool   `shape:"Boolean"`
	MaxResults     *int32  `shape:"MaxResults"` // 1 to 50; absent: 50
	NextToken      *string `shape:"NextToken"`
	op.ByShape
}

// GetParameterHistoryOutput is a page of versions, the oldest first.
type GetParameterHistoryOutput struct {
	Parameters []ParameterHistory
	NextToken  string `json:",omitzero"`
}

// ParameterHistory is one version of a parameter, with its value and its labels.
type ParameterHistory struct {
	VersionMetadata
	Value  string
	Labels []string
}

const usualPage = 50

func (s *Parameters) findHistory(c *op.Call, in GetParameterHistoryInput) (*target.Target, error) {
	asked, err := parameter.ReadOne(c, in.Name)
	switch {
	case ssmfault.IsAbsent(err):
		return target.Nowhere("GetParameterHistory", asked, err), nil
	case err != nil:
		return nil, err
	}
	return s.finder.Find(c, "GetParameterHistory", asked, in, s.rows.WithoutValue), nil
}

func (s *Parameters) getParameterHistory(c *op.Call, in GetParameterHistoryInput,
	t *target.Target) (out GetParameterHistoryOutput, err error) {
	p := t.Entry.Parameter
	page, err := s.pages.Page(c, "GetParameterHistory", p.Name+p.ID,
		int(domain.Or(in.MaxResults, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	after, err := strconv.ParseInt("0"+page.After, 10, 64)
	if err != nil {
		return out, s.pages.Invalid.Because(err)
	}
	// The signed row says which versions there are. One that made room and is in the table again
	// was put there by somebody else.
	after = max(after, p.Oldest-1)
	versions, err := s.rows.VersionsAfter(c, p, after, page.Size+1)
	if err != nil {
		return out, err
	}
	versions, out.NextToken = domain.Cut(page, versions, func(v *parameter.Version) string {
		return strconv.FormatInt(v.Version, 10)
	})
	out.Parameters = []ParameterHistory{}
	for _, v := range versions {
		value, err := s.value(c, v, domain.Or(in.WithDecryption, false))
		if err != nil {
			return out, err
		}
		shown, err := metadata(c, p, v.Facts)
		if err != nil {
			return out, err
		}
		out.Parameters = append(out.Parameters, ParameterHistory{VersionMetadata: shown, Value: value,
			Labels: p.Labels.Of(v.Version)})
	}
	return out, nil
}

// metadata is what is shown of a version of p beside its value. How far its policies are is said in
// the parameter's own row. With an older version they are shown as they were when it was made: its
// policies aren't acted on any more.
func metadata(c *op.Call, p *parameter.Parameter, f parameter.Facts) (VersionMetadata, error) {
	set, at := f.Policies, f.Modified
	if f.Version == p.Version {
		set, at = p.Policies, c.Time
	}
	attached, err := set.Answers(at, f.Modified)
	return VersionMetadata{Name: p.Shown(), Type: f.Type, KeyId: f.KeyID,
		LastModifiedDate: wire.Time{Time: f.Modified}, LastModifiedUser: f.User,
		Description: f.Description, AllowedPattern: f.AllowedPattern, Version: f.Version, Tier: f.Tier,
		Policies: attached, DataType: f.DataType}, err
}
