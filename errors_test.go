package claviger_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/service"
)

// errorName is how AWS's names of errors end that no other text in the code has.
var errorName = regexp.MustCompile(`^[A-Z][A-Za-z]+(Exception|Failure)$`)

// TestDocs_EveryErrorThatCanLeave_HasItsEntry: each name of an error in the code has an entry in
// docs/errors.md that says when it comes and what to do, under each name that a protocol gives it,
// and each entry is of such a name.
func TestDocs_EveryErrorThatCanLeave_HasItsEntry(t *testing.T) {
	documented := map[string]bool{}
	for _, row := range table(section(t, "docs/errors.md", "## Codes")) {
		last := row[len(row)-2:]
		for _, cell := range row[:2] {
			for _, code := range coded(cell) {
				documented[code] = true
				if last[0] == "" || last[1] == "" {
					t.Errorf("docs/errors.md: %s comes at no time, or nothing can be done", code)
				}
			}
		}
	}
	inCode := map[string]bool{"InternalFailure": true} // of no service: the road's own
	for path := range sources(t) {
		for _, name := range errorsNamedIn(t, path) {
			inCode[name] = true
		}
	}
	for _, o := range service.Operations() {
		s := o.Info().Service
		for code := range s.Failing() {
			inCode[code] = true
		}
		for code := range op.Common {
			inCode[s.Named(code)] = inCode[code] || inCode[s.Named(code)]
		}
	}
	for name := range inCode {
		if inCode[name] && !documented[name] {
			t.Errorf("%s can leave the service and has no entry in docs/errors.md: describe it in "+
				"the failures of its service", name)
		}
	}
	for name := range documented {
		if !inCode[name] {
			t.Errorf("docs/errors.md has %s, which nothing answers", name)
		}
	}
}

// sources are the files that a service is made of, tests and catalogues left out: what is described
// is not yet answered.
func sources(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && slices.Contains([]string{"bench", "torture", "examples",
				".git", ".ci", "service/servicetest"}, path) {
				return fs.SkipDir
			}
			return err
		}
		name := filepath.Base(path)
		described := name == "failures.go" || name == "failure.go" || name == "refused.go" ||
			name == "queryname.go"
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !described {
			found[path] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// errorsNamedIn returns the texts in a file that are names of errors: those that end like one, and
// those that a fault is made with.
func errorsNamedIn(t *testing.T, path string) (names []string) {
	t.Helper()
	file := syntax(t, path)
	constants := constantsOf(file)
	text := func(e ast.Expr) string {
		if name, ok := e.(*ast.Ident); ok && constants[name.Name] != nil {
			e = constants[name.Name]
		}
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			return s
		}
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr: // a service's own, which may have no operation that could answer it
			key, ok := n.Key.(*ast.Ident)
			return !ok || key.Name != "Internal" && key.Name != "Down"
		case *ast.BasicLit:
			if name := text(n); errorName.MatchString(name) {
				names = append(names, name)
			}
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if ok && len(n.Args) > 2 && (f.Sel.Name == "New" || f.Sel.Name == "Newf") {
				if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "fault" && text(n.Args[1]) != "" {
					names = append(names, text(n.Args[1]))
				}
			}
		}
		return true
	})
	return names
}

// constantsOf returns the values of a file's constants by name.
func constantsOf(file *ast.File) map[string]ast.Expr {
	all := map[string]ast.Expr{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, value := range v.Values {
				all[v.Names[i].Name] = value
			}
		}
	}
	return all
}
