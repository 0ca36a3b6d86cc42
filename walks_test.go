package claviger

import (
	"go/ast"
	"os"
	"regexp"
	"testing"
)

var (
	steps = regexp.MustCompile(`(?m)^\| \[([^\]]+\.go)\]\([^)]+\) \| ([^|]+) \|`)
	names = regexp.MustCompile("`(\\w+)`")
)

// TestWalks_NamedFunction_IsInItsFile holds the walks through the house to the code: whoever
// follows one by hand finds every function where it is said to be.
func TestWalks_NamedFunction_IsInItsFile(t *testing.T) {
	files, _ := tree(t)
	declared := map[string]map[string]bool{}
	for _, f := range files {
		declared[f.path] = map[string]bool{}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				declared[f.path][fn.Name.Name] = true
			}
		}
	}
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	walked := steps.FindAllStringSubmatch(string(text), -1)
	if len(walked) < 30 {
		t.Fatalf("docs/architecture.md walks through %d steps; are they still tables?", len(walked))
	}
	for _, step := range walked {
		for _, name := range names.FindAllStringSubmatch(step[2], -1) {
			if !declared[step[1]][name[1]] {
				t.Errorf("docs/architecture.md walks through %s of %s, which has no such function",
					name[1], step[1])
			}
		}
	}
}
