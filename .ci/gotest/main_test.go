package main

import (
	"strings"
	"testing"
)

// A run with one test of each fate, as go test -json tells it: line by line,
// tests between one another.
const run = `
{"Action":"output","Package":"p","Test":"TestGood","Output":"    noise\n"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"=== RUN   TestAway\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"    a_test.go:4: no device here\n"}
{"Action":"output","Package":"p","Test":"TestAway","Output":"--- SKIP: TestAway (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestAway"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`

const broken = `
{"Action":"build-output","ImportPath":"r","Output":"r.go:1: no\n"}
{"Action":"output","Package":"q","Test":"TestBad","Output":"    b_test.go:3: this is why\n"}
{"Action":"fail","Package":"q","Test":"TestBad"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
`

func judge(t *testing.T, events string, strict bool) (said string, good bool) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(strings.TrimSpace(events) + "\n")); err != nil {
		t.Fatal(err)
	}
	good = r.conclude(strict)
	return out.String(), good
}

func TestConclude_SkippedTest_IsTold(t *testing.T) {
	said, good := judge(t, run, false)
	want := "ok  \tp\t0.1s\n\n1 tests passed, 1 skipped\n    skipped: p TestAway: a_test.go:4: no " +
		"device here\n"
	if said != want || !good {
		t.Errorf("good=%v, said\n%s\nwant\n%s", good, said, want)
	}
}

func TestConclude_SkippedWhenStrict_IsRefused(t *testing.T) {
	if said, good := judge(t, run, true); good {
		t.Errorf("a skipped test was accepted:\n%s", said)
	}
}

func TestConclude_FailedTest_IsShown(t *testing.T) {
	said, good := judge(t, run+strings.TrimSpace(broken), false)
	if good {
		t.Error("a failed test was accepted")
	}
	for _, want := range []string{"this is why", "FAIL\tq\t0.1s", "r.go:1: no"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing from\n%s", want, said)
		}
	}
	if strings.Contains(said, "noise") {
		t.Errorf("a passing test's output was printed:\n%s", said)
	}
}

func TestConclude_NoTests_IsRefused(t *testing.T) {
	if said, good := judge(t, "", false); good {
		t.Errorf("nothing was accepted:\n%s", said)
	}
}
