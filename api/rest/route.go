package rest

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"claviger/internal/op"
)

// prefix is the beginning of every resource's path.
const prefix = "/v1/"

// resource is what is under one pattern, and the operations that its methods ask for.
type resource struct {
	pattern string    // as it is declared: /v1/keys/{KeyId...}/tags
	path    []segment // behind the prefix
	greedy  int       // which segment takes as many as there are; negative: none does
	rooted  bool      // the greedy one stands for a name with a slash before it
	methods map[string]op.Operation
}

// segment is one piece of a pattern between slashes: a word, or a member's name.
type segment struct{ word, member string }

// words are such that nobody escapes a byte of them: so whatever is escaped is a name.
var words = regexp.MustCompile(`^[a-z0-9-]+$`)

// newResource reads a pattern. It panics if that is none: a mistake in the program.
func newResource(pattern string) *resource {
	behind, ok := strings.CutPrefix(pattern, prefix)
	if !ok {
		panic("rest: the route " + pattern + " is not under " + prefix)
	}
	at := &resource{pattern: pattern, greedy: -1, methods: map[string]op.Operation{}}
	for i, piece := range strings.Split(behind, "/") {
		member, isMember := strings.CutPrefix(piece, "{")
		if !isMember {
			if !words.MatchString(piece) {
				panic("rest: the route " + pattern + " has a segment that is no word")
			}
			at.path = append(at.path, segment{word: piece})
			continue
		}
		member, greedy := strings.CutSuffix(strings.TrimSuffix(member, "}"), "...")
		if greedy && at.greedy >= 0 {
			panic("rest: the route " + pattern + " has two greedy members")
		}
		if greedy {
			at.greedy = i
		}
		at.path = append(at.path, segment{member: member})
	}
	return at
}

// isGreedy reports whether a member of a route's path takes as many segments as there are.
func isGreedy(route op.Route) bool { return strings.Contains(route.Path, "...}") }

// fit lays a path over the pattern: it returns the piece of the path, as sent, that stands for each
// segment. The greedy one gets at least one piece, though it may be empty.
func (at *resource) fit(pieces []string) ([]string, bool) {
	more := len(pieces) - len(at.path)
	if more < 0 || more > 0 && at.greedy < 0 {
		return nil, false
	}
	for i, s := range at.path {
		place := i
		if at.greedy >= 0 && i > at.greedy {
			place += more
		}
		if s.word != "" && s.word != pieces[place] {
			return nil, false
		}
	}
	if more == 0 {
		return pieces, true
	}
	greedy := strings.Join(pieces[at.greedy:at.greedy+more+1], "/")
	return slices.Replace(slices.Clone(pieces), at.greedy, at.greedy+more+1, greedy), true
}

// compare orders resources by how much a path has to say to fit them: words at the beginning count
// first, then words anywhere, then segments.
func compare(a, b *resource) int {
	count := func(at *resource) (leading, all int) {
		for i, s := range at.path {
			if s.word == "" {
				continue
			}
			all++
			if all == i+1 {
				leading++
			}
		}
		return leading, all
	}
	leadA, allA := count(a)
	leadB, allB := count(b)
	return cmp.Or(cmp.Compare(leadB, leadA), cmp.Compare(allB, allA),
		cmp.Compare(len(b.path), len(a.path)), cmp.Compare(a.pattern, b.pattern))
}

// form is the pattern without the names of its members: what tells two of them apart.
func (at *resource) form() string {
	b := strings.Builder{}
	for i, s := range at.path {
		b.WriteString("/" + s.word)
		if i == at.greedy {
			b.WriteString("*")
		}
	}
	return b.String()
}

// table holds the resources by the first word of their paths, the most exact first.
type table map[string][]*resource

// add mounts an operation on a route. It panics where that is taken.
func (t table) add(o op.Operation, route op.Route) {
	n := o.Info()
	at := newResource(route.Path)
	first := at.path[0].word
	for _, other := range t[first] {
		if other.pattern != at.pattern && other.form() == at.form() {
			panic("rest: no path could tell " + at.pattern + " from " + other.pattern)
		}
		if other.pattern == at.pattern {
			at = other
		}
	}
	for _, s := range at.path {
		if _, known := n.In.FieldByName(s.member); s.member != "" && !known {
			panic("rest: " + n.Name + " has no member " + s.member)
		}
	}
	rooted := n.Rooted && at.greedy >= 0
	if len(at.methods) > 0 && at.rooted != rooted {
		panic("rest: the operations on " + at.pattern + " don't agree on the name's first slash")
	}
	at.rooted = rooted
	if at.methods[route.Method] != nil {
		panic("rest: " + n.Name + " can't have the route " + route.Method + " " + route.Path)
	}
	if len(at.methods) == 0 {
		t[first] = append(t[first], at)
		slices.SortFunc(t[first], compare)
	}
	at.methods[route.Method] = o
}

// find returns what is at a path, as it was sent, whatever the method: a path is the name of one
// thing. The pieces are those of its pattern's segments.
func (t table) find(path string) (at *resource, pieces []string) {
	behind, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return nil, nil
	}
	all := strings.Split(behind, "/")
	for _, at := range t[all[0]] {
		if pieces, ok := at.fit(all); ok {
			return at, pieces
		}
	}
	return nil, nil
}

// named returns the resource of a pattern, or nil.
func (t table) named(pattern string) *resource {
	behind, ok := strings.CutPrefix(pattern, prefix)
	if !ok {
		return nil
	}
	first, _, _ := strings.Cut(behind, "/")
	for _, at := range t[first] {
		if at.pattern == pattern {
			return at
		}
	}
	return nil
}

// allow lists the methods that a resource takes. Whatever takes GET takes HEAD (RFC 9110, 9.3.2).
func (at *resource) allow() []string {
	all := slices.Collect(maps.Keys(at.methods))
	if at.methods[http.MethodGet] != nil {
		all = append(all, http.MethodHead)
	}
	slices.Sort(all)
	return append(all, http.MethodOptions)
}

// Route finds the resource that a request is for, by the path as it was sent, and leaves its
// pattern and the pieces of the path that stand for members in the request (http.Request.Pattern
// and PathValue). It returns the methods that the resource takes, or nothing if there is none.
func (p *Protocol) Route(r *http.Request) (allow []string) {
	at, pieces := p.resources.find(r.URL.EscapedPath())
	if at == nil {
		return nil
	}
	r.Pattern = at.pattern
	for i, s := range at.path {
		if s.member != "" {
			r.SetPathValue(s.member, pieces[i])
		}
	}
	return at.allow()
}

// Collections returns the paths that all others begin with: /v1/keys.
func (p *Protocol) Collections() (paths []string) {
	for _, first := range slices.Sorted(maps.Keys(p.resources)) {
		paths = append(paths, prefix+first)
	}
	return paths
}
