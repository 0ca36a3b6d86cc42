// Package plan says what has to be done so that the parameters below a path are those of a
// document: what to create, to change and to delete, and what can't be. It asks nobody and
// changes nothing.
package plan

import (
	"fmt"
	"slices"
	"strings"

	"claviger/cmd/claviger/params/document"
	"claviger/parameters/parameter"
)

// Current is a parameter that is there.
type Current struct {
	Name  string // whole, from its first slash on
	Type  string
	Value string
	// Closed says that the value could not be read, since its decryption is denied.
	Closed   bool
	DataType string

	*Details // or nil, while they are not known
}

// Details are what a parameter has beside its value.
type Details struct{ KeyID, Tier string }

// Options are what an import is asked for.
type Options struct {
	Path      string   // with its slash at the front, and none at the end but for the root, /
	Secure    []string // patterns of names whose values are secrets: path.Match, and * is slashes too
	KeyID     string   // what SecureStrings are sealed by; empty: as they are, or the default
	Tier      string   // of all that is written; empty: as they are, or the default
	Default   string   // the tier that a new parameter has otherwise; empty: not known
	Region    string
	Overwrite bool // what is there may get another value
	Delete    bool // what isn't in the document goes
}

// Action is what is done about a parameter.
type Action int

// The actions.
const (
	Same Action = iota
	Create
	Change
	Delete
	Refuse
)

// Step is what is done about one parameter.
type Step struct {
	Action
	Name     string
	Type     string
	Value    string // to be written
	Old      string // that is there
	Unread   bool   // the one that is there could not be read
	KeyID    string
	DataType string
	Line     int    // of the document
	Why      string // it is refused
}

// Secret reports whether neither value may be shown.
func (s *Step) Secret() bool { return s.Type == parameter.SecureString }

// Plan is what is done, in order of names.
type Plan struct {
	Steps     []Step
	Unmatched []string // patterns that match no name of the document
	Details   bool     // those of the parameters that are there have to be known
	Default   bool     // the default tier has to be known
}

// Make plans. It fails for a pattern that is none.
func Make(entries []document.Entry, there []Current, o Options) (*Plan, error) {
	m := &maker{Options: o, plan: &Plan{}, there: map[string]Current{}, named: map[string]int{},
		matched: map[string]bool{}}
	for _, c := range there {
		m.there[c.Name] = c
	}
	for _, e := range entries {
		name := Below(o.Path, e.Name)
		if line := m.named[name]; line > 0 {
			m.refuse(Step{Name: name, Line: e.Line},
				fmt.Sprintf("it is in the file twice, in line %d too", line))
			continue
		}
		m.named[name] = e.Line
		if err := m.entry(name, e); err != nil {
			return nil, err
		}
	}
	for _, c := range there {
		if o.Delete && m.named[c.Name] == 0 {
			m.add(Step{Action: Delete, Name: c.Name, Type: c.Type, Old: c.Value, Unread: c.Closed})
		}
	}
	slices.SortStableFunc(m.plan.Steps, func(a, b Step) int { return strings.Compare(a.Name, b.Name) })
	for _, pattern := range o.Secure {
		if !m.matched[pattern] {
			m.plan.Unmatched = append(m.plan.Unmatched, pattern)
		}
	}
	return m.plan, nil
}

// Below is the whole name of what is called so below a path.
func Below(path, name string) string { return strings.TrimSuffix(path, "/") + "/" + name }

// Of returns the steps of one action, in order of names.
func (p *Plan) Of(a Action) (steps []*Step) {
	for i := range p.Steps {
		if p.Steps[i].Action == a {
			steps = append(steps, &p.Steps[i])
		}
	}
	return steps
}

// maker makes a plan.
type maker struct {
	Options
	plan    *Plan
	there   map[string]Current
	named   map[string]int // lines of the document, by name
	matched map[string]bool
}

func (m *maker) add(s Step) { m.plan.Steps = append(m.plan.Steps, s) }

func (m *maker) refuse(s Step, why string) {
	s.Action, s.Why, s.Value, s.Old = Refuse, why, "", ""
	m.add(s)
}

// entry plans one entry of the document.
func (m *maker) entry(name string, e document.Entry) error {
	secure, err := m.secure(e.Name, name)
	if err != nil {
		return err
	}
	c, there := m.there[name]
	s := Step{Action: Create, Name: name, Value: e.Value, Line: e.Line, DataType: c.DataType}
	why := ""
	if s.Type, why = typeOf(e, secure, c.Type); why == "" {
		why = wrongName(name, m.Region)
	}
	if why == "" {
		why = wrongValue(s.Value)
	}
	if why == "" && there {
		s.Old, s.Unread = c.Value, c.Closed
		s.Action = Same
		if s.Unread || s.Old != s.Value {
			s.Action = Change
		}
	}
	if why == "" && s.Action != Same {
		why = m.wrongWrite(&s, c.Details)
	}
	if why != "" {
		m.refuse(s, why)
		return nil
	}
	m.add(s)
	return nil
}
