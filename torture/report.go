package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// results is where whole sweeps leave what they found.
const results = "results"

// result is what a driver did and found.
type result struct {
	Name    string   `json:"name"`
	Did     string   `json:"did"`
	Date    string   `json:"date"`
	Figures []figure `json:"figures"`
}

// figure is one number, with its unit.
type figure struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

// report ends a driver: it says what the driver did, in a sentence, and what it found, as pairs of
// words and a number. A whole sweep that passed leaves them for docs/reliability.md.
//
//	report(t, "sweep", "Each function answered each code.", "points", 1728, "recovery, p99", p99)
func report(t testing.TB, name, did string, pairs ...any) {
	t.Helper()
	r := result{Name: name, Did: did, Date: time.Now().UTC().Format(time.DateOnly)}
	for pair := range slices.Chunk(pairs, 2) {
		r.Figures = append(r.Figures, figure{fmt.Sprint(pair[0]), inWords(pair[1])})
	}
	for _, f := range r.Figures {
		t.Logf("%s: %s: %s", name, f.What, f.Value)
	}
	if !long() || t.Failed() {
		return
	}
	text, err := json.MarshalIndent(r, "", "\t")
	accepted(t, err)
	accepted(t, os.MkdirAll(results, 0o755))
	accepted(t, os.WriteFile(filepath.Join(results, name+".json"), append(text, '\n'), 0o644))
}

// inWords rounds times to what a reader can use, and groups the digits of counts.
func inWords(value any) string {
	switch v := value.(type) {
	case time.Duration:
		switch {
		case v < 10*time.Millisecond:
			return fmt.Sprintf("%.1f ms", v.Seconds()*1e3)
		case v < time.Second:
			return fmt.Sprintf("%d ms", v.Milliseconds())
		}
		return fmt.Sprintf("%.1f s", v.Seconds())
	case int:
		return grouped(fmt.Sprint(v))
	case float64:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprint(value)
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percentile returns the time within which so many of a hundred were.
func percentile(all []time.Duration, of int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*of/100, len(sorted)-1)]
}

// preface is what docs/reliability.md says before its tables.
const preface = `# Reliability

What was done to the true server, and what came of it. Each table is what one driver of [torture](../torture) found in its
last whole sweep, on the day that it names: a server in a process of its own, on a SoftHSM2 token, with faults put between
it and its device, its disk, its clock or its clients. ` + "`make torture`" + ` makes the sweeps anew and ` +
	"`make docs`" + ` this page.
Every driver makes a short sweep in ` + "`make test`" + `, too, and fails on one wrong answer. [Receivers](#receivers) is about
the queue of deliveries by itself, and part of ` + "`make soak`" + `.
`

// page returns docs/reliability.md.
func page(all []result) string {
	var b strings.Builder
	b.WriteString(preface)
	for _, r := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | %s |\n|---|---|\n", heading(r.Name), r.Did, r.Date)
		for _, f := range r.Figures {
			fmt.Fprintf(&b, "| %s | %s |\n", f.What, f.Value)
		}
	}
	return b.String()
}

func heading(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// measured reads what whole sweeps have left, by name.
func measured(t testing.TB) (all []result) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(results, "*.json"))
	accepted(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		accepted(t, err)
		var r result
		accepted(t, json.Unmarshal(text, &r))
		all = append(all, r)
	}
	return all
}
