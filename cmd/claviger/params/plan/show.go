package plan

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// signs are how actions are shown.
var signs = map[Action]string{Create: "+", Change: "~", Delete: "-", Refuse: "!"}

// Sign is the character that an action is shown by.
func (a Action) Sign() string { return signs[a] }

// Show prints a plan as a table, and counts what is in it. What stays the same is counted alone. No
// value of a SecureString is in it.
func (p *Plan) Show(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action != Same {
			fmt.Fprintf(t, "%s %s\t%s\t%s\n", s.Sign(), printable(s.Name), s.Type, s.about())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d to create, %d to change, %d to delete, %d refused, %d the same.\n",
		len(p.Of(Create)), len(p.Of(Change)), len(p.Of(Delete)), len(p.Of(Refuse)), len(p.Of(Same)))
	return err
}

// about is what a line says behind name and type.
func (s *Step) about() string {
	switch {
	case s.Action == Refuse && s.Line > 0:
		return fmt.Sprintf("line %d: %s", s.Line, s.Why)
	case s.Action == Refuse:
		return s.Why
	case s.Secret() && s.Unread && s.Action == Change:
		return "(secret; the old one can't be read, and so not compared)"
	case s.Secret():
		return "(secret)"
	case s.Action == Create:
		return excerpt(s.Value, 0)
	case s.Action == Delete:
		return excerpt(s.Old, 0)
	}
	from := difference(s.Old, s.Value)
	return excerpt(s.Old, from) + " -> " + excerpt(s.Value, from)
}

// Of a value that many characters are shown, and that many of them before the first that differs.
const (
	shown  = 32
	before = 8
)

// difference returns from where on two values are shown, so that what differs is seen: from the
// front, if it is seen there.
func difference(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n < shown {
		return 0
	}
	from := n - before
	for from > 0 && !utf8.RuneStart(a[from]) {
		from--
	}
	return from
}

// excerpt is a piece of a value in quotes, without anything that a terminal would act upon.
func excerpt(value string, from int) string {
	cut := []rune(value[from:])
	front, end := "", ""
	if from > 0 {
		front = "..."
	}
	if len(cut) > shown {
		cut, end = cut[:shown], "..."
	}
	return front + strconv.Quote(string(cut)) + end
}

// mostOfName is how much of a name is shown that can't be one.
const mostOfName = 80

// printable is a name as it may be printed: in quotes and shortened, if it isn't that of a
// parameter.
func printable(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return name
	}
	return fmt.Sprintf("%.*q", mostOfName, name)
}
