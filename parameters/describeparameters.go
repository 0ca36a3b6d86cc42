package parameters

import (
	"strconv"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/parameters/filter"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/policies"
	"claviger/parameters/target"
)

// DescribeParametersInput narrows the listing. Only one kind of filters may be given, all of which
// must hold.
type DescribeParametersInput struct {
	Filters          []filter.ParametersFilter      `shape:"ParametersFilterList"` // the old kind
	ParameterFilters []filter.ParameterStringFilter `shape:"ParameterStringFilterList"`

	MaxResults *int32  `shape:"MaxResults"` // 1 to 50; absent: 50
	NextToken  *string `shape:"NextToken"`
	Shared     *bool   `shape:"Boolean"` // those of other accounts instead of the caller's own
}

// Validate implements [op.Input].
func (in DescribeParametersInput) Validate() error {
	return filter.CheckDescribed(in.Filters, in.ParameterFilters)
}

// DescribeParametersOutput is a page, in order of name but where several paths are filtered for.
// Only one without NextToken is the last, however short others are.
type DescribeParametersOutput struct {
	Parameters []ParameterMetadata
	NextToken  string `json:",omitzero"`
}

// ParameterMetadata is what is said of a parameter's newest version, its value left out.
type ParameterMetadata struct {
	ARN string
	VersionMetadata
}

// VersionMetadata is what is said of any version, its value left out.
type VersionMetadata struct {
	Name             string
	Type             string
	KeyId            string `json:",omitzero"` // of a SecureString, as it was given
	LastModifiedDate wire.Time
	LastModifiedUser string
	Description      string `json:",omitzero"`
	AllowedPattern   string `json:",omitzero"`
	Version          int64
	Tier             string
	Policies         []policies.ParameterInlinePolicy // an empty list where there are none
	DataType         string
}

// findDescribe: AWS lets no policy narrow the listing to some parameters. A refusal calls what it
// is about all that the account has in the Region, as recorded.
func (s *Parameters) findDescribe(c *op.Call, _ DescribeParametersInput) (domain.Account, error) {
	account, region := c.Namespace()
	a := domain.OnAccount(target.Action("DescribeParameters"))
	a.Asked = domain.ARN{Service: parameter.Service, Region: region, Account: account,
		Resource: "*"}.String()
	return a, nil
}

// Bounds of one page: how many rows are read at a time after the first, and how many in all before
// the page is given as it is, with what it has.
const (
	readAtOnce = 200
	readInAll  = 4000
)

func (s *Parameters) describeParameters(c *op.Call, in DescribeParametersInput,
	_ domain.Account) (out DescribeParametersOutput, err error) {
	f := filter.NewDescribed(in.Filters, in.ParameterFilters)
	size := int(domain.Or(in.MaxResults, usualPage))
	shared := domain.Or(in.Shared, false)
	p, err := s.pages.Page(c, "DescribeParameters", f.String()+strconv.FormatBool(shared), size,
		in.NextToken)
	if err != nil {
		return out, err
	}
	var rows []*parameterrows.Listed
	var next string
	if shared {
		rows, next, err = s.listShared(c, p, f)
	} else {
		rows, next, err = s.list(c, p, rangesOf(f.Index()), f)
	}
	if err != nil {
		return out, err
	}
	out.Parameters, out.NextToken = []ParameterMetadata{}, next
	for _, r := range rows {
		shown, err := metadata(c, &r.Parameter, r.Facts)
		if err != nil {
			return out, err
		}
		out.Parameters = append(out.Parameters,
			ParameterMetadata{ARN: r.ARN(), VersionMetadata: shown})
	}
	return out, nil
}

// rangesOf are the ranges of names, in order, among which all are that pass filters.
func rangesOf(x filter.Index) (ranges []parameterrows.Range) {
	switch x.By {
	case filter.ByName:
		for _, name := range x.Names {
			ranges = append(ranges, parameterrows.Only(name))
		}
	case filter.ByPrefix:
		ranges = append(ranges, parameterrows.Beginning(x.Prefix))
	case filter.ByParent:
		for _, path := range x.Paths {
			ranges = append(ranges, parameterrows.Directly(path))
		}
	case filter.ByTree:
		for _, path := range x.Paths {
			ranges = append(ranges, parameterrows.Under(path))
		}
	default:
		ranges = append(ranges, parameterrows.Everything)
	}
	return ranges
}

// position is where a page ended: in which range, and with which parameter.
type position struct {
	in   int
	name string
}

func (p position) String() string { return strconv.Itoa(p.in) + " " + p.name }

func readPosition(text string) (p position) {
	in, name, _ := strings.Cut(text, " ")
	p.in, _ = strconv.Atoi(in) // it was written here: page tokens are signed
	p.name = name
	return p
}

// list returns a page of those parameters of some ranges that pass a filter, and where the next one
// begins. A page that little is found for is short: it ends when enough was read.
func (s *Parameters) list(c *op.Call, p domain.Page, ranges []parameterrows.Range,
	f *filter.Filter) (page []*parameterrows.Listed, next string, err error) {
	read, at := 0, readPosition(p.After)
	atOnce := p.Size + 1 // as many as are needed if all pass
	for ; at.in < len(ranges); atOnce = readAtOnce {
		rows, err := s.rows.Read(c, ranges[at.in], at.name, atOnce)
		if err != nil {
			return nil, "", err
		}
		for _, row := range rows {
			if len(page) == p.Size {
				return page, p.Next(at.String()), s.rows.Verify(c, page)
			}
			at.name = row.Name
			if f.Matches(subject(&row.Parameter, row.Facts)) {
				page = append(page, row)
			}
		}
		read += len(rows)
		if len(rows) < atOnce {
			at = position{in: at.in + 1}
		}
		if read >= readInAll && at.in < len(ranges) {
			return page, p.Next(at.String()), s.rows.Verify(c, page)
		}
	}
	return page, "", s.rows.Verify(c, page)
}

// subject is what filters look at in a version of p.
func subject(p *parameter.Parameter, f parameter.Facts) filter.Subject {
	return filter.Subject{Name: p.Name, Type: f.Type, KeyID: f.KeyID, Tier: f.Tier,
		DataType: f.DataType, Tags: domain.TagMap(p.Tags), Labels: p.Labels.Of(f.Version)}
}
