// Package driver is what each driver begins and ends with: how far it goes, and a report, of which
// docs/reliability.md is made. A driver that needs no server in a process of its own is a test of
// the package that it is about, and reports like those of torture.
package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Result is what a driver did and found.
type Result struct {
	Name    string   `json:"name"`
	Did     string   `json:"did"`
	Date    string   `json:"date"`
	Figures []Figure `json:"figures"`
}

// Figure is one number, with its unit.
type Figure struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

// Whole reports whether whole sweeps are asked for.
func Whole() bool { return os.Getenv("CLAVIGER_LONG") != "" }

// Report ends a driver: it says what the driver did, in a sentence, and what it found, as pairs of
// words and a number. A whole sweep that passed leaves them for docs/reliability.md.
//
//	driver.Report(t, "sweep", "Each function answered each code.", "points", 1728, "p99", p99)
func Report(t testing.TB, name, did string, pairs ...any) {
	t.Helper()
	r := Result{Name: name, Did: did, Date: time.Now().UTC().Format(time.DateOnly)}
	for pair := range slices.Chunk(pairs, 2) {
		r.Figures = append(r.Figures, Figure{What: fmt.Sprint(pair[0]), Value: InWords(pair[1])})
	}
	for _, f := range r.Figures {
		t.Logf("%s: %s: %s", name, f.What, f.Value)
	}
	if !Whole() || t.Failed() {
		return
	}
	if err := r.keep(); err != nil {
		t.Fatal(err)
	}
}

func (r Result) keep() error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	root, err := Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, results)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Name+".json"), append(text, '\n'), 0o644)
}

// results is where they are kept, from the module's root.
const results = "torture/results"

// Results returns what whole sweeps have left, by name.
func Results() (all []Result, err error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(root, results, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var r Result
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// Root returns the directory of the module that a test is of, from the one that it runs in: its
// package's.
func Root() (string, error) {
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		switch _, err := os.Stat(filepath.Join(whole, "go.mod")); {
		case err == nil:
			return whole, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		case whole == filepath.Dir(whole):
			return "", errors.New("this is no directory of a module")
		}
	}
}

// InWords rounds times to what a reader can use, and groups the digits of counts.
func InWords(value any) string {
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
