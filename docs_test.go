package claviger_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"claviger/internal/op"
	"claviger/service"
)

// These tests hold what people read to what the code says: a number, a name or a link in a document
// that is not true fails here.

// read returns a file of the tree.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section returns the part of a document under a heading, up to the next one that is as high.
func section(t *testing.T, path, heading string) string {
	t.Helper()
	level := heading[:strings.Index(heading, " ")+1]
	_, after, ok := strings.Cut("\n"+read(t, path), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", path, heading)
	}
	text, _, _ := strings.Cut(after, "\n"+level)
	return text
}

// table returns the rows of the Markdown tables in a text, without their
// headings. Cells are trimmed.
func table(text string) (rows [][]string) {
	body := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			body = false
		case strings.HasPrefix(line, "|---"):
			body = true
		case body:
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

var spans = regexp.MustCompile("`([^`]+)`")

// coded returns what stands in backquotes in a cell.
func coded(cell string) (names []string) {
	for _, m := range spans.FindAllStringSubmatch(cell, -1) {
		names = append(names, m[1])
	}
	return names
}

// syntax parses a Go file.
func syntax(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// variable returns the composite literal that a package-level variable is set to.
func variable(t *testing.T, f *ast.File, name string) *ast.CompositeLit {
	t.Helper()
	for _, d := range f.Decls {
		if d, ok := d.(*ast.GenDecl); ok {
			for _, s := range d.Specs {
				if s, ok := s.(*ast.ValueSpec); ok && s.Names[0].Name == name {
					return s.Values[0].(*ast.CompositeLit)
				}
			}
		}
	}
	t.Fatalf("there is no variable %s", name)
	return nil
}

// same compares what a document says with what is so, both as sets.
func same(t *testing.T, what string, documented, actual []string) {
	t.Helper()
	for _, d := range documented {
		if !slices.Contains(actual, d) {
			t.Errorf("%s: %s is documented and not there", what, d)
		}
	}
	for _, x := range actual {
		if !slices.Contains(documented, x) {
			t.Errorf("%s: %s is there and not documented", what, x)
		}
	}
	if len(documented) == 0 {
		t.Errorf("%s: nothing was found", what)
	}
}

// exitCodes returns the codes of cmd/claviger/exit/exit.go, and 0 and 1, which stand in no table
// there.
func exitCodes(t *testing.T) []string {
	codes := []string{"0", "1"}
	for _, x := range variable(t, syntax(t, "cmd/claviger/exit/exit.go"), "exits").Elts {
		code := x.(*ast.CompositeLit).Elts[1].(*ast.BasicLit).Value
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func TestDocs_ExitCodes_AreThoseOfTheProgram(t *testing.T) {
	text := section(t, "docs/operating.md", "## Exit codes")
	var documented []string
	for _, row := range table(text) {
		documented = append(documented, row[0])
	}
	same(t, "exit codes", documented, exitCodes(t))
}

// What a supervisor may try again and what the unit stays down for are all failures together, and
// none twice.
func TestUnit_ExitCodes_RestartAsDocumented(t *testing.T) {
	again := regexp.MustCompile(`may try again after ([0-9, ]+)\.`).
		FindStringSubmatch(section(t, "docs/operating.md", "## Exit codes"))
	down := regexp.MustCompile(`(?m)^RestartPreventExitStatus=(.*)$`).
		FindStringSubmatch(read(t, "examples/claviger.service"))
	if again == nil || down == nil {
		t.Fatal("operating.md and claviger.service no longer say it")
	}
	all := append(strings.Split(again[1], ", "), strings.Fields(down[1])...)
	same(t, "exit codes of the unit", append(all, "0"), exitCodes(t))
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("a code is in both lists: %v", all)
	}
}

func TestDocs_Settings_AreThoseOfTheConfiguration(t *testing.T) {
	files, err := filepath.Glob("cmd/claviger/config/*.go")
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]*ast.StructType{}
	for _, file := range files {
		ast.Inspect(syntax(t, file), func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok {
				if typ, ok := s.Type.(*ast.StructType); ok {
					structs[s.Name.Name] = typ
				}
			}
			return true
		})
	}
	settings := settingsOf(t, structs, "", structs["Config"])
	var documented []string
	for _, row := range table(section(t, "docs/operating.md", "## Configuration")) {
		documented = append(documented, coded(row[0])...)
	}
	same(t, "settings", documented, settings)
}

func settingsOf(t *testing.T, structs map[string]*ast.StructType, above string,
	s *ast.StructType) (names []string) {
	for _, f := range s.Fields.List {
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := above + regexp.MustCompile(`toml:"([^"]+)"`).FindStringSubmatch(tag)[1]
		inner := sectionOf(structs, f.Type)
		if inner != nil {
			names = append(names, settingsOf(t, structs, name+".", inner)...)
		} else {
			names = append(names, name)
		}
	}
	return names
}

// sectionOf returns the struct whose fields are settings below a setting, or nil if it has a value.
func sectionOf(structs map[string]*ast.StructType, of ast.Expr) *ast.StructType {
	switch of := of.(type) {
	case *ast.StructType:
		return of
	case *ast.Ident:
		return structs[of.Name]
	case *ast.StarExpr:
		return sectionOf(structs, of.X)
	case *ast.ArrayType: // of tables
		return sectionOf(structs, of.Elt)
	}
	return nil
}

func TestDocs_Metrics_AreThoseOfTheProgram(t *testing.T) {
	var metrics []string
	paths, err := filepath.Glob("service/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		ast.Inspect(syntax(t, path), func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(l.Value, `"claviger_`) {
				metrics = append(metrics, strings.Trim(l.Value, `"`))
			}
			return true
		})
	}
	var documented []string
	for _, row := range table(section(t, "docs/operating.md", "## Metrics")) {
		documented = append(documented, coded(row[0])...)
	}
	same(t, "metrics", documented, metrics)
}

func TestDocs_KindsOfErrors_HaveTheirStatus(t *testing.T) {
	statuses := map[string]string{} // net/http's constants by name
	for code := 100; code < 600; code++ {
		name := strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(code))
		statuses["Status"+name] = strconv.Itoa(code)
	}
	of := func(file string) (kinds []string, status map[string]string) {
		status = map[string]string{}
		for _, e := range variable(t, syntax(t, file), "statuses").Elts {
			e := e.(*ast.KeyValueExpr)
			kind := words(e.Key.(*ast.SelectorExpr).Sel.Name)
			kinds, status[kind] = append(kinds, kind), statuses[e.Value.(*ast.SelectorExpr).Sel.Name]
		}
		return kinds, status
	}
	_, inJSON := of("api/awsjson/awsjson.go")
	_, inQuery := of("api/awsquery/answer.go")
	kinds, inREST := of("api/rest/problem.go")
	for i, kind := range kinds {
		kinds[i] = strings.Join([]string{kind, cmp.Or(inJSON[kind], "400"),
			cmp.Or(inQuery[kind], "400"), inREST[kind]}, " ")
	}
	var documented []string
	for _, row := range table(section(t, "docs/errors.md", "## Kinds")) {
		documented = append(documented, strings.Join(row[:4], " "))
	}
	same(t, "kinds of errors", documented, kinds)
}

// words turns TooLarge into "too large".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// ofEntities are the kinds of entities of IAM that package attachments has operations on. It has each
// once for all of them, in the file of its name without the kind.
var ofEntities = strings.NewReplacer("user", "", "group", "", "role", "")

// TestOperations_File_HasTheNameOfAWS: who looks for an operation looks for a file.
func TestOperations_File_HasTheNameOfAWS(t *testing.T) {
	for _, o := range service.Operations() {
		name := strings.ToLower(o.Info().Name) + ".go"
		found := 0
		for _, pattern := range []string{"*/", "*/*/"} {
			files, err := filepath.Glob(pattern + name)
			if err != nil {
				t.Fatal(err)
			}
			found += len(files)
		}
		if o.Info().Service.Name == "iam" {
			alike, err := filepath.Glob("iam/attachments/" + ofEntities.Replace(name))
			if err != nil {
				t.Fatal(err)
			}
			found += len(alike)
		}
		if found == 0 {
			t.Errorf("%s is served, and no package has a file %s", o.Info().Name, name)
		}
	}
}

func TestDocs_Operations_AreThoseServed(t *testing.T) {
	headings := map[string]string{"kms": "## KMS", "secretsmanager": "## Secrets Manager",
		"ssm": "## Parameter Store", "events": "## EventBridge", "sns": "## SNS",
		"cloudtrail": "## CloudTrail", "sts": "## STS", "iam": "## IAM"}
	of := map[string][]op.Operation{}
	for _, o := range service.Operations() {
		heading, ok := headings[o.Info().Service.Name]
		if !ok {
			t.Errorf("docs/compatibility.md needs a section on %s, and this test its heading",
				o.Info().Service.Name)
		}
		of[heading] = append(of[heading], o)
	}
	for heading, ops := range of {
		var served, works []string
		for _, o := range ops {
			served = append(served, o.Info().Name)
		}
		for _, row := range table(section(t, "docs/compatibility.md", heading)) {
			for _, name := range coded(row[0]) {
				switch {
				case row[1] == "works":
					works = append(works, name)
				case row[1] != "refused":
					t.Errorf("%s: %s is neither said to work nor to be refused", heading, name)
				case slices.Contains(served, name):
					t.Errorf("%s: %s is said to be refused and is served", heading, name)
				}
			}
		}
		same(t, "docs/compatibility.md, "+heading, works, served)
	}
}

// TestDocs_GapsOfDevices_AreThoseOfTheDialects reads from the table of dialects which gaps each
// has, as its method Gaps does.
func TestDocs_GapsOfDevices_AreThoseOfTheDialects(t *testing.T) {
	file := syntax(t, "hsm/internal/dialect/dialect.go")
	gapOf := map[string]string{} // by the field that closes it
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		if i, ok := n.(*ast.IfStmt); ok {
			if not, ok := i.Cond.(*ast.UnaryExpr); ok && not.Op == token.NOT {
				ast.Inspect(i.Body, func(n ast.Node) bool {
					if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.Contains(l.Value, "-") {
						gap := strings.Trim(l.Value, `"`)
						gapOf[not.X.(*ast.SelectorExpr).Sel.Name] = gap
						all = append(all, gap)
					}
					return true
				})
			}
		}
		return true
	})
	var explained []string
	for _, row := range table(section(t, "docs/threat-model.md", "## Gaps of a device")) {
		explained = append(explained, coded(row[0])...)
	}
	same(t, "gaps in the threat model", explained, all)

	var dialects, documented []string
	rows := variable(t, syntax(t, "hsm/internal/dialect/table.go"), "dialects")
	for _, d := range rows.Elts {
		dialects = append(dialects, dialect(d.(*ast.CompositeLit), gapOf))
	}
	for _, row := range table(section(t, "docs/compatibility.md", "## Devices")) {
		gaps := coded(row[3])
		slices.Sort(gaps)
		documented = append(documented, fmt.Sprint(row[0], gaps))
	}
	same(t, "gaps of dialects", documented, dialects)
}

// dialect is one row of the table with the gaps that it leaves open.
func dialect(row *ast.CompositeLit, gapOf map[string]string) string {
	name, open := "", map[string]string{}
	for field, gap := range gapOf {
		open[field] = gap
	}
	for _, e := range row.Elts {
		e := e.(*ast.KeyValueExpr)
		key := e.Key.(*ast.Ident).Name
		if v, ok := e.Value.(*ast.Ident); ok && v.Name == "true" {
			delete(open, key)
		}
		if v, ok := e.Value.(*ast.BasicLit); ok && key == "Name" {
			name = strings.Trim(v.Value, `"`)
		}
	}
	gaps := []string{}
	for _, g := range open {
		gaps = append(gaps, g)
	}
	slices.Sort(gaps)
	return fmt.Sprint(name, gaps)
}

func TestReadme_Folders_AreAllShown(t *testing.T) {
	var shown, folders []string
	for _, row := range table(section(t, "README.md", "## The house")) {
		name := strings.Trim(row[0][:strings.Index(row[0], "]")], "[")
		if first, _, _ := strings.Cut(name, "/"); !slices.Contains(shown, first) {
			shown = append(shown, first)
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains([]string{".git", "bin", "dev-data"}, e.Name()) &&
			holdsFiles(e.Name()) {
			folders = append(folders, e.Name())
		}
	}
	same(t, "folders in the README's house", shown, folders)
}

// holdsFiles reports whether there is any file below a folder: git doesn't know empty ones.
func holdsFiles(folder string) (some bool) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		some = some || err == nil && !d.IsDir()
		return nil
	})
	return some
}

// documents returns every Markdown file of the tree.
func documents(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != "." || d.Name() == "testdata" ||
			p == "dev-data" || p == "bin") {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".md") {
			all = append(all, filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	fences = regexp.MustCompile("(?ms)^```.*?^```$")
	links  = regexp.MustCompile(`\]\(([^)\s]+)\)`)

	codeSpans = regexp.MustCompile("`[^`\n]+`") // a pattern in one may look like a link
	titles    = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// anchors returns the headings of a document as links name them: lower case, words joined by
// hyphens.
func anchors(text string) (all []string) {
	for _, m := range titles.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(m[1]) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				b.WriteRune(r)
			}
		}
		all = append(all, b.String())
	}
	return all
}

func TestDocs_Links_LeadSomewhere(t *testing.T) {
	for _, doc := range documents(t) {
		text := codeSpans.ReplaceAllString(fences.ReplaceAllString(read(t, doc), ""), "")
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			file := doc
			if target != "" {
				file = path.Join(path.Dir(doc), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", doc, m[1], file)
			}
		}
	}
}

// pathLike is a file or folder of the tree as documents name it; a word in capitals stands for
// something else.
var (
	pathLike    = regexp.MustCompile(`^\.?[a-z][\w.-]*(/[\w.-]+)+/?$`)
	placeholder = regexp.MustCompile(`/[A-Z]{3,}\b`)
)

func TestDocs_Paths_Exist(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	top := map[string]bool{}
	for _, e := range entries {
		top[e.Name()] = e.IsDir()
	}
	for _, doc := range documents(t) {
		for _, name := range coded(fences.ReplaceAllString(read(t, doc), "")) {
			first, _, _ := strings.Cut(name, "/")
			if !pathLike.MatchString(name) || placeholder.MatchString(name) || !top[first] ||
				first == "bin" {
				continue
			}
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s names %s: %v", doc, name, err)
			}
		}
	}
}
