package parameters

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/filter"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/target"
)

// listShared is [Parameters.list] for the parameters of other accounts, in order of account and
// name: those whose policy lets the caller have DescribeParameters, as AWS's managed permissions
// do. They are called by their plain names, as with AWS, and their ARNs say whose they are.
func (s *Parameters) listShared(c *op.Call, p domain.Page,
	f *filter.Filter) (page []*parameterrows.Listed, next string, err error) {
	account, name, _ := strings.Cut(p.After, " ")
	at := parameter.Ref{Account: account, Name: name}
	for read := 0; ; {
		rows, err := s.rows.ReadShared(c, at, readAtOnce)
		if err != nil {
			return nil, "", err
		}
		for _, row := range rows {
			if len(page) == p.Size {
				return page, p.Next(at.Account + " " + at.Name), s.rows.Verify(c, page)
			}
			at = row.Ref
			if f.Matches(subjectAbroad(&row.Parameter)) && isShared(c, &row.Parameter) {
				page = append(page, row)
			}
		}
		read += len(rows)
		switch {
		case len(rows) < readAtOnce:
			return page, "", s.rows.Verify(c, page)
		case read >= readInAll:
			return page, p.Next(at.Account + " " + at.Name), s.rows.Verify(c, page)
		}
	}
}

// isShared reports whether a parameter's policy lets the caller know of it.
func isShared(c *op.Call, p *parameter.Parameter) bool {
	d := target.Of(p, domain.On(target.Action("DescribeParameters"), p.ARN(), p.Account))
	return target.Admits(c, p, d)
}

// subjectAbroad is what filters look at in a parameter of another account: its tags are nobody
// else's business.
func subjectAbroad(p *parameter.Parameter) filter.Subject {
	s := subject(p, p.Facts)
	s.Tags = nil
	return s
}
