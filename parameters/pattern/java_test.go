package pattern

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// verdict is what Java says of a pattern: testdata/Java.java, asked of OpenJDK 17.0.15 and 25.0.3,
// for patterns of which both say the same. The first hundred were thought of, and the rest was
// drawn at random from a grammar with everything that Java has, values from the pattern's own
// characters and from those that make trouble.
type verdict struct {
	Pattern string
	Refused string // Java's sentence; with it there are no values
	Matches []string
	DoesNot []string
}

func verdicts(t *testing.T) (all []verdict) {
	t.Helper()
	f, err := os.Open("testdata/java.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil || len(all) < 1000 {
		t.Fatalf("%d verdicts, and then %v", len(all), err)
	}
	return all
}

func TestCompile_JavaRefuses_IsRefused(t *testing.T) {
	for _, v := range verdicts(t) {
		if v.Refused == "" {
			continue
		}
		if _, err := Compile(v.Pattern); err == nil {
			t.Errorf("%q is accepted, and Java says %s", v.Pattern, v.Refused)
		}
	}
}

func TestMatches_EveryAcceptedPattern_IsAsInJava(t *testing.T) {
	accepted, refused := 0, map[string]int{}
	for _, v := range verdicts(t) {
		if v.Refused != "" {
			continue
		}
		p, err := Compile(v.Pattern)
		if err != nil {
			what, _, _ := strings.Cut(err.Error(), " at character")
			refused[what]++
			continue
		}
		accepted++
		for _, value := range v.Matches {
			if !p.Matches(value) {
				t.Errorf("%q doesn't match %q, and in Java it does", v.Pattern, value)
			}
		}
		for _, value := range v.DoesNot {
			if p.Matches(value) {
				t.Errorf("%q matches %q, and in Java it doesn't", v.Pattern, value)
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("of Java's patterns %d are accepted, and these are not: %v", accepted, refused)
	}
}
