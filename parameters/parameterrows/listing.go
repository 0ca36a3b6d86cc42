package parameterrows

import (
	"strings"

	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/parameters/parameter"
	"claviger/store"
)

// Without a word SQLite would find what is directly below a path by the primary key, and so look at
// all that is anywhere behind it.
var (
	qBelow = store.SQL(`SELECT name, id, version, rev FROM parameters
		WHERE account = $1 AND region = $2 AND name >= $3 AND name < $4 ORDER BY name LIMIT $5`)
	qDirectlyBelow = store.SQL(`SELECT name, id, version, rev
		FROM parameters INDEXED BY parameters_by_parent
		WHERE account = $1 AND region = $2 AND parent = $3 AND name >= $4 ORDER BY name LIMIT $5`)
	qParameters = store.SQL(`SELECT ` + parameterRows.Columns() + ` FROM parameters
		WHERE account = $1 AND region = $2 AND name >= $3 AND name < $4 ORDER BY name LIMIT $5`)
	qChildren = store.SQL(`SELECT ` + parameterRows.Columns() + ` FROM parameters
		INDEXED BY parameters_by_parent
		WHERE account = $1 AND region = $2 AND parent = $3 AND name >= $4 ORDER BY name LIMIT $5`)
)

var qShared = store.Wide(`SELECT `+parameterRows.Columns()+` FROM parameters
	WHERE region = $1 AND (account, name) > ($2, $3) AND account <> $4 AND sharing <> '{}'
	ORDER BY account, name LIMIT $5`, "another account's policy may let the caller in")

// Found is a parameter that a listing came by.
type Found struct {
	Name, ID     string
	Version, Rev int64 // the newest version, and the revision of all that is said of the parameter
}

// Below returns at most n parameters that are below a path, in order of name, from behind a name
// on.
func (s *Rows) Below(p parameter.Path, recursive bool, after string,
	n int) (found []Found, err error) {
	r := Directly(p.Path)
	q, args := qDirectlyBelow, []any{p.Account, p.Region, r.Parent, r.behind(after), n}
	if recursive {
		r = Under(p.Path)
		q, args = qBelow, []any{p.Account, p.Region, r.behind(after), r.Before, n}
	}
	err = s.db.Rows(q, args, func(scan func(...any) error) error {
		var f Found
		err := scan(&f.Name, &f.ID, &f.Version, &f.Rev)
		found = append(found, f)
		return err
	})
	return found, err
}

// Range is a range of names, from one on and up to another, which is left out.
type Range struct {
	From, Before string
	Parent       string // only those directly below it; empty: all
}

// Everything is the range of all names, since each begins with a slash.
var Everything = Range{From: "/", Before: "0"} // which follows the slash

// Under is the range of what is below a path, which may end in a slash.
func Under(path string) Range {
	path = strings.TrimSuffix(path, "/")
	return Range{From: path + "/", Before: path + "0"}
}

// Directly is the range of what is directly below a path.
func Directly(path string) Range {
	r := Under(path)
	r.Parent = path
	if path != "/" {
		r.Parent = strings.TrimSuffix(path, "/")
	}
	return r
}

// Beginning is the range of the names with a prefix. No character of a name is above the tilde.
func Beginning(prefix string) Range { return Range{From: prefix, Before: prefix + "~"} }

// Only is the range of one name.
func Only(name string) Range { return Range{From: name, Before: name + first} }

// first is below all characters of names: what it is put behind comes next after the name.
const first = " "

// behind is where a range goes on after a name, or begins if that is empty.
func (r Range) behind(name string) string {
	if name == "" {
		return r.From
	}
	return max(r.From, name+first)
}

// Listed is a parameter as a listing reads it, not verified yet.
type Listed struct {
	parameter.Parameter
	read rowmac.Read
}

// Read returns at most n parameters of a range, in order of name, from behind a name on.
func (s *Rows) Read(c *op.Call, r Range, after string, n int) (rows []*Listed, err error) {
	account, region := c.Namespace()
	q, args := qParameters, []any{account, region, r.behind(after), r.Before, n}
	if r.Parent != "" {
		q, args = qChildren, []any{account, region, r.Parent, r.behind(after), n}
	}
	err = s.db.Rows(q, args, func(scan func(...any) error) (err error) {
		l := new(Listed)
		l.read, err = parameterRows.Scan(scan, &l.Parameter)
		rows = append(rows, l)
		return err
	})
	return rows, err
}

// ReadShared returns at most n parameters of other accounts in the call's Region that have a
// resource policy, in order of account and name, from behind one on.
func (s *Rows) ReadShared(c *op.Call, after parameter.Ref, n int) (rows []*Listed, err error) {
	account, region := c.Namespace()
	err = s.db.Rows(qShared, []any{region, after.Account, after.Name, account, n},
		func(scan func(...any) error) (err error) {
			l := new(Listed)
			if l.read, err = parameterRows.Scan(scan, &l.Parameter); err != nil {
				return err
			}
			rows = append(rows, l)
			l.Rules, err = s.rulesOf(l.Sharing)
			return err
		})
	return rows, err
}

// Verify asks whether the parameters of a page are as the service stored them. The token is the
// scarce part, so only those that were chosen are asked for: one that was passed over is shown to
// nobody.
func (s *Rows) Verify(c *op.Call, page []*Listed) error {
	for _, l := range page {
		if err := l.read.Verify(c, s.signer); err != nil {
			return err
		}
	}
	return nil
}
