package claviger

import (
	"go/ast"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// vague are names that say nothing, so that anything could end up under them.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared",
	"lib"}

func TestPackages_Names_AreNotVague(t *testing.T) {
	files, _ := tree(t)
	for _, f := range files {
		base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(f.path), ".go"), "_test")
		for _, name := range []string{filepath.Base(f.pkg),
			strings.TrimSuffix(f.syntax.Name.Name, "_test"), base} {
			if slices.Contains(vague, name) {
				t.Errorf("%s: %q says nothing; name it after what it holds", f.path, name)
			}
		}
	}
}

func TestPackages_Comments_AreThere(t *testing.T) {
	files, _ := tree(t)
	said := map[string]bool{}
	for _, f := range files {
		said[f.pkg] = said[f.pkg] || !f.isTest && f.syntax.Doc != nil
	}
	for _, f := range files {
		if !f.isTest && !said[f.pkg] {
			t.Errorf("package %s has no package comment", f.pkg)
			said[f.pkg] = true
		}
	}
}

// later finds a promise to do something later. Such a promise is kept in a decision record or an
// issue, where it has a reason and somebody who reads it.
var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func TestComments_PromisesForLater_AreAbsent(t *testing.T) {
	files, at := tree(t)
	for _, f := range files {
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if found := later.FindString(c.Text); found != "" {
					t.Errorf("%s: %s in a comment: do it now, or write down in docs/decisions why not",
						at.Position(c.Pos()), found)
				}
			}
		}
	}
}

func TestExportedNames_Comments_AreThere(t *testing.T) {
	files, at := tree(t)
	for _, f := range files {
		if f.isTest {
			continue
		}
		for _, decl := range f.syntax.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no comment", at.Position(name.Pos()), name.Name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration that say nothing about themselves: no
// comment of their own, before or behind, and none over their group. Methods may be silent, as an
// interface speaks for most of them, and so may requests and answers, of which AWS's reference
// tells more than a line could.
func undocumented(decl ast.Decl) (names []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Doc == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				wire := strings.HasSuffix(s.Name.Name, "Input") || strings.HasSuffix(s.Name.Name, "Output")
				if d.Doc == nil && s.Doc == nil && s.Comment == nil && !wire {
					names = append(names, s.Name)
				}
			case *ast.ValueSpec:
				if d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names...)
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(n *ast.Ident) bool { return !n.IsExported() })
}
