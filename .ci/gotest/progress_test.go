package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress_PackagesAtWork_AreNamedWithTheirTests(t *testing.T) {
	p := newProgress()
	if s := p.state(p.began.Add(time.Minute)); !strings.Contains(s, "compiling") ||
		!strings.Contains(s, "1m0s") {
		t.Errorf("before any package: %s", s)
	}
	for _, e := range []event{{Action: "start", Package: "a"}, {Action: "start", Package: "b"},
		{Action: "run", Package: "b", Test: "TestSlow"}, {Action: "pass", Package: "b", Test: "TestSlow"},
		{Action: "start", Package: "c"}, {Action: "skip", Package: "c"}} {
		p.note(e)
	}
	if s := p.state(p.began); !strings.Contains(s, "1 packages done; at work: a, b TestSlow") {
		t.Errorf("at work: %s", s)
	}
	p.note(event{Action: "pass", Package: "a"})
	p.note(event{Action: "fail", Package: "b"})
	if s := p.state(p.began); !strings.Contains(s, "3 packages done; compiling") {
		t.Errorf("at the end: %s", s)
	}
}
