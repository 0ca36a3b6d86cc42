package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is one fenced block of a Markdown file.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T, path string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// session splits a console block into the commands after the prompt, with the lines that continue
// them, and what they print.
func session(text string) (script, output string) {
	more := false
	for line := range strings.Lines(text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case isCommand || more:
			script += command
			more = strings.HasSuffix(line, "\\\n")
		default:
			output += line
		}
	}
	return script, output
}

// varying is what differs from run to run: ids, base64, the ends of secrets' ARNs and times. The
// README may cut a value short with dots.
var varying = regexp.MustCompile(
	`(?m)[A-Za-z0-9+/-]+\.\.\.|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9+/]{24,}=*` +
		`|-[A-Za-z0-9]{6}("|$)|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|[0-9]{10}\.[0-9]+`)

// invariant is a text without what differs from run to run.
func invariant(text string) string { return varying.ReplaceAllString(strings.TrimSpace(text), "~") }

// matches compares an output with what the README says, in which dots stand for anything.
func matches(said, got string) bool {
	pattern := regexp.QuoteMeta(invariant(said))
	return regexp.MustCompile(`(?s)^` + strings.ReplaceAll(pattern, `\.\.\.`, `.*`) +
		`$`).MatchString(invariant(got))
}

func TestReadme_EveryCommand_PrintsWhatItSays(t *testing.T) {
	need(t, "the AWS CLI", "aws", "--version")
	need(t, "curl", "curl", "--version")
	d := start(t)
	dir := t.TempDir()
	link(t, d.dir, filepath.Join(dir, "dev-data"))
	link(t, d.binary, filepath.Join(dir, "bin", "claviger"))
	python := exec.Command("python3", "-c", "import boto3").Run() == nil
	for _, b := range blocks(t, "../README.md") {
		switch {
		case b.language == "console":
			script, output := session(b.text)
			if got := d.run(t, dir, strings.NewReader(script), "sh", "-eu"); !matches(output, got) {
				t.Errorf("the README says\n%s\nand it is\n%s\nafter\n%s", output, got, script)
			}
		case b.language == "python" && python:
			got := d.run(t, dir, strings.NewReader(b.text), "python3")
			if !strings.Contains(b.text, "# "+strings.TrimSpace(got)) {
				t.Errorf("the README's Python prints %q, and doesn't say so", got)
			}
		case b.language == "python":
			t.Log("boto3 is not here")
		}
	}
}

// link makes what is at from appear at to.
func link(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}
