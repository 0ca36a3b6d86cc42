package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// patience is how long a person looks at a line before asking what goes on.
const patience = 30 * time.Second

// progress knows what is at work: a package may take minutes in which go test has nothing to say.
type progress struct {
	began time.Time
	done  int               // packages
	tests map[string]string // that began last, by the packages at work
}

func newProgress() progress { return progress{began: time.Now(), tests: map[string]string{}} }

// note takes notice of an event.
func (p *progress) note(e event) {
	switch {
	case e.Action == "start":
		p.tests[e.Package] = ""
	case e.Action == "run":
		p.tests[e.Package] = e.Test
	case e.Test == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip"):
		p.done++
		delete(p.tests, e.Package)
	}
}

// state is one line for somebody who waits.
func (p *progress) state(now time.Time) string {
	spent := now.Sub(p.began).Round(time.Second)
	if len(p.tests) == 0 {
		return fmt.Sprintf("... %v: %d packages done; compiling (SQLite's C alone takes 1 to 5 minutes "+
			"the first time)", spent, p.done)
	}
	var at []string
	for pkg, test := range p.tests {
		at = append(at, strings.TrimSpace(pkg+" "+test))
	}
	slices.Sort(at)
	return fmt.Sprintf("... %v: %d packages done; at work: %s", spent, p.done, strings.Join(at, ", "))
}
