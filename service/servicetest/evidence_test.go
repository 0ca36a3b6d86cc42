package servicetest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// evidence is what the test functions of a few packages speak of: for each, its file and the words in it. A word is an identifier or
// a word inside a string.
type evidence struct {
	tests map[string]shown
}

// shown is one test function.
type shown struct {
	path  string // of its file, from the module's root
	words map[string]bool
}

// evidenceOf reads the test files of packages, named by their paths from the module's root.
func evidenceOf(t testing.TB, packages ...string) evidence {
	t.Helper()
	e := evidence{map[string]shown{}}
	for _, pkg := range packages {
		paths, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
		accepted(t, err)
		declared := map[string]map[string]bool{} // every name that the package's tests declare, and the words of its declaration
		at := map[string]string{}
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			accepted(t, err)
			for name, words := range declarations(file) {
				declared[name], at[name] = words, pkg+"/"+filepath.Base(path)
			}
		}
		for name := range declared {
			if strings.HasPrefix(name, "Test") {
				words := map[string]bool{}
				spread(words, name, declared, map[string]bool{})
				e.tests[name] = shown{at[name], words}
			}
		}
	}
	return e
}

// spread gathers the words of a declaration and of those it uses.
func spread(words map[string]bool, name string, declared map[string]map[string]bool, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	maps.Copy(words, declared[name])
	for w := range declared[name] {
		spread(words, w, declared, seen)
	}
}

// declarations returns the words of every function, method and variable of a file by its name.
func declarations(file *ast.File) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			out[d.Name.Name] = wordsOf(d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.ValueSpec); ok {
					for _, name := range s.Names {
						out[name.Name] = wordsOf(s)
					}
				}
			}
		}
	}
	return out
}

func wordsOf(n ast.Node) map[string]bool {
	words := map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			words[n.Name] = true
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
					words[w] = true
				}
			}
		}
		return true
	})
	return words
}

// speaksOf reports whether a test has the name of a member in it, and that of the operation it is a member of.
func (s shown) speaksOf(u unit, member string) bool {
	return s.words[member] && (u.structure || s.words[u.name] || s.words[u.name+"Input"] || s.words[u.name+"Output"])
}
