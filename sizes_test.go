package claviger

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a reader can hold in the head. Lines of code are those that are neither blank nor comment
// alone.
const (
	mostInPackage  = 2500 // lines of code, tests left out
	mostInFile     = 400  // lines of code
	mostInTestFile = 500
	mostInFunction = 60 // lines, signature and comments included; a table in it left out
	mostInTest     = 160
	longestLine    = 100 // columns, a tab counted as one

	mostInInterface = 5 // methods, or embedded interfaces
)

// lines returns the lines of a file.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// isCode reports whether a line is more than white space and a comment.
func isCode(line string) bool {
	line = strings.TrimSpace(line)
	return line != "" && !strings.HasPrefix(line, "//")
}

func codeLines(t *testing.T, path string) (n int) {
	t.Helper()
	for _, line := range lines(t, path) {
		if isCode(line) {
			n++
		}
	}
	return n
}

func TestSizes_Package_FitsAHead(t *testing.T) {
	files, _ := tree(t)
	of := map[string]int{}
	for _, f := range files {
		if !f.isTest {
			of[f.pkg] += codeLines(t, f.path)
		}
	}
	for pkg, n := range of {
		if n > mostInPackage {
			t.Errorf("package %s has %d lines of code, and %d are the most: cut it along its subjects",
				pkg, n, mostInPackage)
		}
	}
}

func TestSizes_File_FitsAHead(t *testing.T) {
	files, _ := tree(t)
	for _, f := range files {
		most := mostInFile
		if f.isTest {
			most = mostInTestFile
		}
		if n := codeLines(t, f.path); n > most {
			t.Errorf("%s has %d lines of code, and %d are the most", f.path, n, most)
		}
	}
}

func TestSizes_Function_FitsAHead(t *testing.T) {
	files, at := tree(t)
	for _, f := range files {
		most := mostInFunction
		if f.isTest || strings.HasSuffix(f.pkg, "test") {
			most = mostInTest
		}
		for _, decl := range f.syntax.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := at.Position(d.End()).Line - at.Position(d.Pos()).Line + 1; n > most && !isTable(d) {
				t.Errorf("%s: %s has %d lines, and %d are the most", at.Position(d.Pos()), d.Name.Name,
					n, most)
			}
		}
	}
}

// isTable reports whether a function is one statement that returns a value: a table of contents.
func isTable(d *ast.FuncDecl) bool {
	if d.Body == nil || len(d.Body.List) != 1 {
		return false
	}
	_, ok := d.Body.List[0].(*ast.ReturnStmt)
	return ok
}

// unbreakable finds what can't be broken or reads worse for it: a text in quotes or backquotes of
// some length (SQL, sentences of AWS, wire formats), a link, the tags of a struct, a directive.
var unbreakable = regexp.MustCompile("`|\"[^\"]{30,}\"|https?://|^//(go:|nolint)")

func TestSizes_Line_FitsAScreen(t *testing.T) {
	files, _ := tree(t)
	for _, f := range files {
		raw := false // within a text in backquotes that began on a line before
		for i, line := range lines(t, f.path) {
			within := raw
			if strings.Count(line, "`")%2 == 1 {
				raw = !raw
			}
			n := utf8.RuneCountInString(line)
			if n > longestLine && !within && !unbreakable.MatchString(line) {
				t.Errorf("%s:%d has %d columns, and %d are the most", f.path, i+1, n, longestLine)
			}
		}
	}
}

// longInterfaces are those with more methods than a consumer may ask for, each with its reason.
var longInterfaces = map[string]string{
	"hsm/internal/cryptoki.Driver": "it is PKCS#11's own, a method for each C_ function that we call",
	"store.engine":                 "it is all in which databases differ, with one caller",
}

func TestSizes_Interface_AsksForLittle(t *testing.T) {
	files, at := tree(t)
	used := map[string]bool{}
	for _, f := range files {
		if f.isTest {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			asked, ok := spec.Type.(*ast.InterfaceType)
			name := f.pkg + "." + spec.Name.Name
			if !ok || longInterfaces[name] != "" {
				used[name] = ok
				return true
			}
			if n := len(asked.Methods.List); n > mostInInterface {
				t.Errorf("%s: %s has %d methods, and %d are the most: split it by consumer",
					at.Position(spec.Pos()), name, n, mostInInterface)
			}
			return true
		})
	}
	for name := range longInterfaces {
		if !used[name] {
			t.Errorf("%s may be long and is not there", name)
		}
	}
}
