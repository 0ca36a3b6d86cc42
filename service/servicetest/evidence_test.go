package servicetest_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// evidence is what the test functions of a few packages speak of: for each, its file and the words
// in it. A word is an identifier or a word inside a string.
type evidence struct {
	tests map[string]shown

	// files has the files with a test of that name. Packages may have twins.
	files map[string][]string
}

// shown is one test function.
type shown struct {
	path  string // of its file, from the module's root
	words map[string]bool
}

// evidenceOf reads the test files of packages, named by their paths from the module's root; /...
// stands for all packages beneath, too.
func evidenceOf(t testing.TB, packages ...string) evidence {
	t.Helper()
	e := evidence{map[string]shown{}, map[string][]string{}}
	for _, pkg := range expand(t, packages) {
		paths, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
		accepted(t, err)
		declared := map[string]declaration{} // by the package's tests
		at := map[string]string{}
		for _, path := range paths {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			accepted(t, err)
			for name, d := range declarations(file) {
				declared[name], at[name] = d, pkg+"/"+filepath.Base(path)
			}
		}
		for name := range declared {
			if strings.HasPrefix(name, "Test") {
				words := map[string]bool{}
				spread(words, name, declared, map[string]bool{})
				e.tests[name] = shown{at[name], words}
				e.files[name] = append(e.files[name], at[name])
			}
		}
	}
	return e
}

// expand replaces patterns by packages.
func expand(t testing.TB, patterns []string) (packages []string) {
	t.Helper()
	root := filepath.Join("..", "..")
	for _, pattern := range patterns {
		top, tree := strings.CutSuffix(pattern, "/...")
		if !tree {
			packages = append(packages, pattern)
			continue
		}
		err := filepath.WalkDir(filepath.Join(root, top),
			func(path string, d fs.DirEntry, err error) error {
				if err != nil || !d.IsDir() {
					return err
				}
				pkg, err := filepath.Rel(root, path)
				packages = append(packages, filepath.ToSlash(pkg))
				return err
			})
		accepted(t, err)
	}
	return packages
}

// closeTo returns the three tests that are most like one that isn't there: their
// names have words in common with it, or they speak of the unit that it was to
// show. One that was renamed is mostly among them.
func (e evidence) closeTo(unit, name string) []string {
	wanted := wordsOfName(name + unit)
	common := func(test string) (n int) {
		if e.tests[test].words[unit] {
			n += 2
		}
		for w := range wordsOfName(test) {
			if wanted[w] {
				n++
			}
		}
		return n
	}
	names := slices.SortedFunc(maps.Keys(e.tests), func(a, b string) int {
		return cmp.Or(cmp.Compare(common(b), common(a)), strings.Compare(a, b))
	})
	return names[:min(len(names), 3)]
}

// word is a part of a test's name: ListAliases has two.
var word = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)

func wordsOfName(name string) map[string]bool {
	words := map[string]bool{}
	for _, w := range word.FindAllString(strings.TrimPrefix(name, "Test"), -1) {
		words[strings.TrimSuffix(strings.ToLower(w), "s")] = true
	}
	return words
}

// spread gathers the words of a declaration and of those it uses.
func spread(words map[string]bool, name string, declared map[string]declaration,
	seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	maps.Copy(words, declared[name].words)
	for w := range declared[name].uses {
		spread(words, w, declared, seen)
	}
}

// declaration is a function, method or variable: the words in it, and the names that may be those
// of other declarations. What is declared inside it is not.
type declaration struct{ words, uses map[string]bool }

// declarations returns every function, method and variable of a file by its name.
func declarations(file *ast.File) map[string]declaration {
	out := map[string]declaration{}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			out[d.Name.Name] = declaration{wordsOf(d), usesOf(d)}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.ValueSpec); ok {
					for _, name := range s.Names {
						out[name.Name] = declaration{wordsOf(s), usesOf(s)}
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
				for _, w := range strings.FieldsFunc(text, func(r rune) bool {
					return !unicode.IsLetter(r) && !unicode.IsDigit(r)
				}) {
					words[w] = true
				}
			}
		}
		return true
	})
	return words
}

// usesOf returns the names in a declaration that it doesn't declare itself. A name that stands
// behind a dot, as that of a method does, is none that it declares.
func usesOf(n ast.Node) map[string]bool {
	uses, own := map[string]bool{}, map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				declare(own, n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				declare(own, n.Key, n.Value)
			}
		case *ast.Field:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		}
		return true
	})
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			uses[n.Sel.Name] = true
		case *ast.Ident:
			if !own[n.Name] {
				uses[n.Name] = true
			}
		}
		return true
	})
	return uses
}

// TestEvidence_LocalName_IsNoHelperOfThatName: a test speaks of what the helpers that it calls
// speak of, and not of those whose names it has for something else.
func TestEvidence_LocalName_IsNoHelperOfThatName(t *testing.T) {
	const text = `package p
		func TestIt(t T) { labels := read(t); for key, v := range labels { t.Log(key, v, "put") } }
		func read(t T) int { return t.count("Read") }
		func (T) count(string) int { return Counted }
		func labels() { Labels() }
		func key() { Key() }
		func put() { Put() }
	`
	file, err := parser.ParseFile(token.NewFileSet(), "p_test.go", text, parser.SkipObjectResolution)
	accepted(t, err)
	words := map[string]bool{}
	spread(words, "TestIt", declarations(file), map[string]bool{})
	for word, want := range map[string]bool{"Read": true, "Counted": true, "Labels": false,
		"Key": false, "Put": false} {
		if words[word] != want {
			t.Errorf("speaks of %s: %v", word, words[word])
		}
	}
}

func declare(own map[string]bool, names ...ast.Expr) {
	for _, name := range names {
		if name, ok := name.(*ast.Ident); ok {
			own[name.Name] = true
		}
	}
}

// speaksOf reports whether a test has the name of a member in it, and that of the
// operation it is a member of.
func (s shown) speaksOf(u unit, member string) bool {
	named := s.words[u.name] || s.words[u.name+"Input"] || s.words[u.name+"Output"]
	return s.words[member] && (u.structure || named)
}
