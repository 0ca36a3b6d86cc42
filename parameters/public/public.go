// Package public holds the read-only parameters that a site declares in files of its own, for every
// account. They lie below /aws/service, as AWS's own public parameters do: no account can write
// there, so that none of them hides what an account stores, or is hidden by it, and their ARNs have
// no account.
package public

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Root is what all public parameters lie below.
const Root = "/aws/service"

// List is where the public trees are listed, as AWS lists its own: the value of
// /aws/service/list/NAME is /aws/service/NAME/.
const List = Root + "/list"

// Version is that of every public parameter: of files there is only the newest state.
const Version = 1

// The types of parameters that there are here, as AWS spells them.
const (
	String     = "String"
	StringList = "StringList" // its items stand in the value, with commas between
)

// Parameter is a public parameter.
type Parameter struct {
	Name        string // from the first slash on
	Type        string // String or StringList
	Value       string // 1 to 8,192 bytes of UTF-8
	Description string // at most 1,024 characters
	// Modified is when the file was changed that it stands in, in UTC and to the millisecond: it is
	// the same after a restart.
	Modified time.Time
}

// ARN returns the name of the parameter in a Region. It has no account, as AWS's have none.
func (p Parameter) ARN(region string) string {
	return "arn:aws:ssm:" + region + "::parameter" + p.Name
}

// Trees are all public parameters of a site. They don't change, and nil has none.
type Trees struct {
	all []Parameter // by name
}

// Len returns how many parameters there are, those below /aws/service/list included.
func (t *Trees) Len() int {
	if t == nil {
		return 0
	}
	return len(t.all)
}

// Get returns the parameter with a name.
func (t *Trees) Get(name string) (Parameter, bool) {
	i := t.from(name)
	if i == t.Len() || t.all[i].Name != name {
		return Parameter{}, false
	}
	return t.all[i], true
}

// Under returns parameters below a path in the order of their names, as bytes: those right below
// it, or with recursive all. They begin behind the name after, which needn't be there, and are
// limit at most; whoever wants to know whether there are more asks for one more. A slash at the end
// of the path says nothing. What is returned is shared and must not be changed.
func (t *Trees) Under(path string, recursive bool, after string, limit int) []Parameter {
	prefix := strings.TrimSuffix(path, "/") + "/"
	begin, end := t.from(max(prefix, after)), t.from(beyond(prefix))
	if begin < end && t.all[begin].Name == after {
		begin++
	}
	if begin >= end || limit <= 0 {
		return nil
	}
	if recursive {
		end = min(end, begin+limit)
		return t.all[begin:end:end]
	}
	var found []Parameter
	for i := begin; i < end && len(found) < limit; {
		name := t.all[i].Name
		if below := strings.IndexByte(name[len(prefix):], '/'); below >= 0 {
			i = t.from(beyond(name[:len(prefix)+below+1]))
			continue
		}
		found = append(found, t.all[i])
		i++
	}
	return found
}

// from returns the index of the first parameter whose name is not before this one.
func (t *Trees) from(name string) int {
	if t == nil {
		return 0
	}
	i, _ := slices.BinarySearchFunc(t.all, name,
		func(p Parameter, name string) int { return cmp.Compare(p.Name, name) })
	return i
}

// beyond returns what comes first behind all names with a prefix that ends in a slash.
func beyond(prefix string) string { return prefix[:len(prefix)-1] + string('/'+1) }
