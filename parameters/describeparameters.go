package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/parameterrows"
	"claviger/parameters/target"
)

// DescribeParametersInput narrows the listing.
type DescribeParametersInput struct {
	MaxResults *int32  `shape:"MaxResults"` // 1 to 50; absent: 50
	NextToken  *string `shape:"NextToken"`
	op.ByShape
}

// DescribeParametersOutput is a page in order of name. Only one without NextToken is the last,
// however short others are.
type DescribeParametersOutput struct {
	Parameters []ParameterMetadata
	NextToken  string `json:",omitzero"`
}

// ParameterMetadata is what is said of a version, its value left out.
type ParameterMetadata struct {
	Name             string
	ARN              string
	Type             string
	KeyId            string `json:",omitzero"` // of a SecureString, as it was given
	LastModifiedDate wire.Time
	LastModifiedUser string
	Description      string `json:",omitzero"`
	AllowedPattern   string `json:",omitzero"`
	Version          int64
	Tier             string
	DataType         string
}

func (s *Parameters) findDescribe(*op.Call, DescribeParametersInput) (domain.Account, error) {
	return domain.OnAccount(target.Action("DescribeParameters")), nil
}

// Bounds of one page: how many rows are read at a time, and how many in all before the page is
// given as it is, with what it has.
const (
	readAtOnce = 200
	readInAll  = 4000
)

func (s *Parameters) describeParameters(c *op.Call, in DescribeParametersInput,
	_ domain.Account) (out DescribeParametersOutput, err error) {
	p, err := s.pages.Page(c, "DescribeParameters", "", int(domain.Or(in.MaxResults, usualPage)),
		in.NextToken)
	if err != nil {
		return out, err
	}
	rows, next, err := s.list(c, p, parameterrows.Everything,
		func(*parameterrows.Listed) bool { return true })
	if err != nil {
		return out, err
	}
	out.Parameters, out.NextToken = []ParameterMetadata{}, next
	for _, r := range rows {
		out.Parameters = append(out.Parameters, metadata(&r.Parameter, r.Facts))
	}
	return out, nil
}

// list returns a page of those parameters of a range that are chosen, and where the next one begins.
// A page that little is found for is short: it ends when enough was read.
func (s *Parameters) list(c *op.Call, p domain.Page, r parameterrows.Range,
	chosen func(*parameterrows.Listed) bool) (page []*parameterrows.Listed, next string, err error) {
	after := p.After
	for read := 0; ; {
		rows, err := s.rows.Read(c, r, after, readAtOnce)
		if err != nil {
			return nil, "", err
		}
		for _, row := range rows {
			if len(page) == p.Size {
				return page, p.Next(after), s.rows.Verify(c, page)
			}
			if after = row.Name; chosen(row) {
				page = append(page, row)
			}
		}
		if read += len(rows); len(rows) < readAtOnce {
			return page, "", s.rows.Verify(c, page)
		}
		if read >= readInAll {
			return page, p.Next(after), s.rows.Verify(c, page)
		}
	}
}
