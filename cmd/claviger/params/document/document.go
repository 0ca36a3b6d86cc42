// Package document is the files that parameters come from and go to: .env, JSON and YAML. What a
// value is in them is its text as it is written there, and no number or boolean made of it. No
// error says anything of a value.
package document

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format is how a document is written.
type Format string

// The formats.
const (
	Env  Format = "env"
	JSON Format = "json"
	YAML Format = "yaml"
)

// Formats are all of them, as the command line names them.
var Formats = []Format{Env, JSON, YAML}

// FormatOf tells the format from the name of a file: of .env, .env.local and dev.env, of .json,
// .yaml and .yml. It is empty where the name doesn't tell.
func FormatOf(file string) Format {
	base := strings.ToLower(path.Base(file))
	switch ext := path.Ext(base); {
	case ext == ".env", strings.HasPrefix(base, ".env."):
		return Env
	case ext == ".json":
		return JSON
	case ext == ".yaml", ext == ".yml":
		return YAML
	}
	return ""
}

// Kind is what a document says of the type of a parameter.
type Kind int

// Text of a .env file may be of any type, since it knows no types.
const (
	Text   Kind = iota
	Scalar      // one value
	List        // values with commas between them
)

// Entry is one parameter of a document.
type Entry struct {
	Name  string // below the path of the whole: its levels, with slashes between
	Value string
	Kind  Kind
	Line  int
	Wrong string // why it can't be a parameter, if the document alone tells; it has no Value then
}

// mostBytes is far more than all parameters that an account may have in a file.
const mostBytes = 64 << 20

// Read reads the entries of a document, in its order. What can't be an entry at all is an error,
// which has the number of the line.
func Read(format Format, text []byte) ([]Entry, error) {
	if len(text) > mostBytes {
		return nil, fmt.Errorf("it has more than %d bytes", mostBytes)
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if line := notUTF8(text); line > 0 {
		return nil, wrong(line, "it is not UTF-8")
	}
	switch format {
	case Env:
		return readEnv(string(text))
	case JSON:
		return readJSON(text)
	}
	return readYAML(text)
}

// notUTF8 returns the first line that isn't, from 1 on, or 0.
func notUTF8(text []byte) int {
	line := 0
	for l := range bytes.Lines(text) {
		line++
		if !utf8.Valid(l) {
			return line
		}
	}
	return 0
}

func wrong(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// joined is the name of a key below another name, which is empty at the top.
func joined(above, key string) string {
	if above == "" {
		return key
	}
	return above + "/" + key
}

// listOf is the entry of a list. A comma in an item would be one between two.
func listOf(e Entry, items []string) Entry {
	if slices.ContainsFunc(items, func(item string) bool { return strings.Contains(item, ",") }) {
		e.Wrong = "an item of the list has a comma in it, and a StringList is items with commas between"
		return e
	}
	e.Kind, e.Value = List, strings.Join(items, ",")
	return e
}

// What is wrong with entries of documents that have a null and nested lists.
const (
	isNull   = "null is no value: leave it out, or write a text"
	isNested = "a list has values alone: neither lists nor maps nor null are in it"
)

// Value is a parameter that is written to a document.
type Value struct {
	Name string // below the path of the whole
	Text string
	List bool // it is a StringList
}

// Write writes parameters, in the order of their names. Levels become maps, unless the document
// is to be flat or of a format that has no levels.
func Write(format Format, values []Value, flat bool) ([]byte, error) {
	values = slices.Clone(values)
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	if format == Env {
		return writeEnv(values), nil
	}
	top := treeOf(values, flat)
	if format == JSON {
		return writeJSON(top)
	}
	return writeYAML(top)
}
