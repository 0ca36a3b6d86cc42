package inspect

import (
	"slices"
	"strconv"
	"strings"

	"claviger/policy"

	"github.com/go-json-experiment/json/jsontext"
)

// Finding is something that a document may not mean, or can't.
type Finding struct {
	At   Position
	Kind string // NeverMatches or Broad
	Text string
}

// The kinds of findings.
const (
	NeverMatches = "never-matches" // what is written applies to no request here
	Broad        = "broad"         // it applies to more than meets the eye
)

// Lint looks through a document that was read from text. actions are all that there are, such as
// kms:Decrypt. Findings come in the order of the text.
func Lint(text string, d *policy.Document, actions []string) []Finding {
	l := linter{places: placesOf(text), actions: actions}
	for i := range d.Statements {
		l.at = jsontext.Pointer("").AppendToken("Statement").AppendToken(strconv.Itoa(i))
		if _, listed := l.places[l.at]; !listed {
			l.at = l.at.Parent() // a statement that is in no list
		}
		l.statement(d.Statements[i])
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int { return a.At.compare(b.At) })
	return l.found
}

type linter struct {
	places  map[jsontext.Pointer]Position
	actions []string
	at      jsontext.Pointer // the statement
	found   []Finding
}

// add adds a finding at the first of some places in the statement that is there.
func (l *linter) add(kind, text string, path ...string) {
	for n := len(path); n >= 0; n-- {
		p := l.at
		for _, step := range path[:n] {
			p = p.AppendToken(step)
		}
		if at, ok := l.places[p]; ok {
			l.found = append(l.found, Finding{At: at, Kind: kind, Text: text})
			return
		}
	}
	l.found = append(l.found, Finding{At: Position{Line: 1, Column: 1}, Kind: kind, Text: text})
}

func (l *linter) statement(s policy.Statement) {
	l.ofActions("Action", s.Action)
	l.ofActions("NotAction", s.NotAction)
	if s.Effect == policy.Allow && s.NotAction != nil {
		l.add(Broad, "Allow with NotAction allows every other action of every service, also of those to "+
			"come", "NotAction")
	}
	if allowsEverybody(s) {
		l.add(Broad, "everybody is allowed, in every account: no condition with fixed values says who",
			"Principal")
	}
	for _, c := range s.Condition {
		alone := policy.Document{Statements: []policy.Statement{{Condition: []policy.Condition{c}}}}
		if alone.Unknown() != nil {
			l.add(NeverMatches, "no request here has the condition key "+c.Key, "Condition", c.Operator,
				c.Key)
		}
	}
}

// ofActions looks for patterns that fit no action.
func (l *linter) ofActions(element string, patterns []string) {
	for i, p := range patterns {
		if !slices.ContainsFunc(l.actions, func(a string) bool { return policy.MatchesAction(p, a) }) {
			l.add(NeverMatches, l.unmatched(p), element, strconv.Itoa(i))
		}
	}
}

// unmatched says of a pattern why it fits nothing.
func (l *linter) unmatched(pattern string) string {
	vendor, name, _ := strings.Cut(pattern, ":")
	of := slices.DeleteFunc(slices.Clone(l.actions), func(a string) bool {
		return !policy.MatchesAction(vendor+":*", a)
	})
	switch {
	case len(of) == 0:
		return pattern + " never matches: there is no service " + vendor + " here"
	case strings.ContainsAny(name, "*?"):
		return pattern + " never matches: " + vendor + " has no such actions here"
	}
	text := pattern + " never matches: " + vendor + " has no such action here"
	if like := nearest(pattern, of); like != "" {
		text += "; is " + like + " meant?"
	}
	return text
}

// nearest returns the name that a misspelt one is likely to stand for; nothing if there is none.
func nearest(name string, of []string) string {
	const most, longest = 2, 128 // letters that are wrong, and of a name
	if len(name) > longest {
		return ""
	}
	best, least := "", most+1
	for _, one := range of {
		if n := distance(strings.ToLower(name), strings.ToLower(one)); n < least {
			best, least = one, n
		}
	}
	return best
}

// distance is how many bytes have to be changed, added or taken away to make a of b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
