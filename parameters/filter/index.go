package filter

import (
	"slices"
	"strings"
)

// By says which parameters can pass filters at all, so that an index finds them.
type By uint8

const (
	Everything By = iota // any may pass
	ByName               // only those of [Index.Names]
	ByPrefix             // only those whose names begin with [Index.Prefix]
	ByParent             // only those directly below one of [Index.Paths]
	ByTree               // only those somewhere below one of [Index.Paths]
)

// Index is what of filters an index can serve. Whatever passes the filters is among what it names;
// that in turn must still be asked of [Filter.Matches].
type Index struct {
	By    By
	Names []string // of ByName: in order, each once; there need not be such parameters

	// Prefix, of ByPrefix, begins with a slash and need not end with one.
	Prefix string

	// Paths, of ByParent and ByTree, begin and end with a slash, `/` alone among them. They are in
	// order, each once. No tree lies in another, and their order is that of the names below them.
	Paths []string
}

// Index returns the narrowest of what an index can serve of the filters.
func (f *Filter) Index() Index {
	found := Index{}
	for i := range f.conditions {
		if c := f.conditions[i].index(); c.narrower(found) {
			found = c
		}
	}
	return found
}

// narrower reports whether an index serves i in fewer rows than other, as far as that can be told
// from the filters alone: names are few, and whatever has more in front is less. Of a prefix and a
// path of its length the path is less; it is asked last.
func (i Index) narrower(other Index) bool {
	switch {
	case i.By == Everything || other.By == ByName:
		return false
	case i.By == ByName:
		return true
	}
	return other.By == Everything || i.length() >= other.length()
}

// length is how much all names that i finds have in front at least.
func (i Index) length() int {
	n := len(i.Prefix)
	for _, p := range i.Paths {
		if n == 0 || len(p) < n {
			n = len(p)
		}
	}
	return n
}

func (c *condition) index() Index {
	switch {
	case c.key == keyName && c.option == equals:
		return Index{By: ByName, Names: slices.Clone(c.values)}
	case c.key == keyName && c.option == beginsWith:
		return byPrefix(common(c.values))
	case c.key == keyPath && c.option == oneLevel:
		return Index{By: ByParent, Paths: slices.Clone(c.values)}
	case c.key == keyPath && c.option == recursive:
		return byTree(c.values)
	}
	return Index{}
}

// byPrefix returns the names with a prefix. All names begin with a slash.
func byPrefix(prefix string) Index {
	if prefix == "/" {
		return Index{}
	}
	return Index{By: ByPrefix, Prefix: prefix}
}

// byTree leaves out the trees that lie in others. Paths are in order, in which a tree stands before
// all that lie in it, and these before all others.
func byTree(paths []string) Index {
	found := Index{By: ByTree}
	for _, p := range paths {
		n := len(found.Paths)
		if n == 0 || !strings.HasPrefix(p, found.Paths[n-1]) {
			found.Paths = append(found.Paths, p)
		}
	}
	if slices.Equal(found.Paths, []string{"/"}) {
		return Index{}
	}
	return found
}

// common returns what all values begin with. They are in order, so that the first and the last
// differ no later than any others do.
func common(values []string) string {
	first, last := values[0], values[len(values)-1]
	for i, r := range first {
		if !strings.HasPrefix(last[i:], string(r)) {
			return first[:i]
		}
	}
	return first
}
