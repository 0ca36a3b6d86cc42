package public

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// AWS's limits of parameters.
const (
	mostLevels         = 15
	mostInValue        = 8192 // bytes, of an Advanced one
	longestDescription = 1024 // characters
	// longestName is AWS's 1,011 characters less what an ARN has before the name.
	longestName = 950
)

// deepest is how far YAML may nest: the parser would go on to 10,000, and no file that is right
// comes near this.
const deepest = 4 * mostLevels

const segmentRule = "letters, digits, dots, hyphens and underscores"

var segmentForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// Names that can't be those of parameters, by which a level says more of itself.
const (
	ownValue       = "$value"       // the value of the level's own name
	ownDescription = "$description" // its description
)

// parser reads one file.
type parser struct {
	file     string
	modified time.Time
	all      []found
}

// parse reads a tree out of a file's text. Maps are levels. What stands for a value is text as it
// is written: no number, date or boolean is made of it and written anew.
func parse(tree Tree, text []byte, modified time.Time) ([]found, error) {
	p := &parser{file: tree.File, modified: modified}
	if err := p.checkText(text); err != nil {
		return nil, err
	}
	var doc yaml.Node
	err := yaml.Load(text, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(deepest))))
	if err != nil {
		return nil, p.syntax(err)
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, p.at(top, "the file is no map of names")
	}
	return p.all, p.level(top, tree.Path)
}

// checkText refuses what the library refuses without saying where.
func (p *parser) checkText(text []byte) error {
	why := ""
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			why = "what stands here is no UTF-8"
		case unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r), r == 0xfffe, r == 0xffff:
			why = "a character stands here that YAML doesn't have"
		case r == '\ufeff' && i > 0:
			why = "a byte order mark stands here, and not at the beginning"
		}
		if why != "" {
			return fmt.Errorf("%s:%d: %s", p.file, 1+bytes.Count(text[:i], []byte("\n")), why)
		}
		i += size
	}
	return nil
}

// syntax says what the library says, in the form of the rest.
func (p *parser) syntax(err error) error {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	why := strings.TrimPrefix(e.Message, "yaml: ")
	if e.ContextMsg != "" {
		why = e.ContextMsg + ": " + why
	}
	if e.Mark.Line == 0 {
		return fmt.Errorf("%s: this can't be read as YAML: %s", p.file, why)
	}
	return fmt.Errorf("%s:%d: this can't be read as YAML: %s", p.file, e.Mark.Line, why)
}

func (p *parser) at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{p.file, n.Line}, args...)...)
}

// level reads the parameters of a map, which lie below a name.
func (p *parser) level(n *yaml.Node, name string) error {
	if err := p.bare(n); err != nil {
		return err
	}
	first := map[string]int{} // lines, by key
	own := found{Parameter: Parameter{Name: name, Type: String}}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if err := p.bare(key); err != nil {
			return err
		}
		if key.Kind != yaml.ScalarNode {
			return p.at(key, "a name is a text, and no map or list")
		}
		if line, twice := first[key.Value]; twice {
			return p.at(key, "%.80q is there twice, also in line %d", key.Value, line)
		}
		first[key.Value] = key.Line
		if err := p.entry(&own, key, value); err != nil {
			return err
		}
	}
	if line := first[ownDescription]; line > 0 && first[ownValue] == 0 {
		return fmt.Errorf("%s:%d: %s is for a level with %s", p.file, line, ownDescription, ownValue)
	}
	if first[ownValue] > 0 {
		p.keep(own)
	}
	return nil
}

// entry reads what stands in a map: something of the level itself, or a name below it.
func (p *parser) entry(own *found, key, value *yaml.Node) (err error) {
	switch key.Value {
	case ownValue:
		own.line = key.Line
		own.Value, own.Type, err = p.value(value)
		return err
	case ownDescription:
		own.Description, err = p.text(value)
		if err == nil && utf8.RuneCountInString(own.Description) > longestDescription {
			err = p.at(value, "a description has %d characters at most", longestDescription)
		}
		return err
	}
	if !segmentForm.MatchString(key.Value) {
		return p.at(key, "%.80q is no name: names have %s", key.Value, segmentRule)
	}
	name := own.Name + "/" + key.Value
	if err := checkName(name); err != nil {
		return p.at(key, "%w", err)
	}
	if value.Kind == yaml.MappingNode {
		return p.level(value, name)
	}
	f := found{line: key.Line, Parameter: Parameter{Name: name}}
	if f.Value, f.Type, err = p.value(value); err != nil {
		return err
	}
	p.keep(f)
	return nil
}

func (p *parser) keep(f found) {
	f.file, f.Modified = p.file, p.modified
	p.all = append(p.all, f)
}

// value reads a value and its type: a list is a StringList, and all else a String.
func (p *parser) value(n *yaml.Node) (value, kind string, err error) {
	kind = String
	if n.Kind == yaml.SequenceNode {
		kind = StringList
		value, err = p.list(n)
	} else {
		value, err = p.text(n)
	}
	if err != nil {
		return "", "", err
	}
	_, nested, opens := strings.Cut(value, "{{")
	switch {
	case value == "":
		return "", "", p.at(n, "a value has one character at least")
	case len(value) > mostInValue:
		return "", "", p.at(n, "a value has %d bytes at most, and this one %d", mostInValue, len(value))
	case opens && strings.Contains(nested, "}}"):
		return "", "", p.at(n, "a value can't name another parameter in {{ }}")
	}
	return value, kind, nil
}

func (p *parser) list(n *yaml.Node) (string, error) {
	if err := p.bare(n); err != nil {
		return "", err
	}
	var items []string
	for _, one := range n.Content {
		item, err := p.text(one)
		switch {
		case err != nil:
			return "", err
		case item == "":
			return "", p.at(one, "an item of a list has one character at least")
		case strings.Contains(item, ","):
			return "", p.at(one, "an item of a list has no comma: commas divide a StringList")
		}
		items = append(items, item)
	}
	return strings.Join(items, ","), nil
}

// text reads what is no map and no list, as it is written.
func (p *parser) text(n *yaml.Node) (string, error) {
	if err := p.bare(n); err != nil {
		return "", err
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", p.at(n, "a text belongs here, and no map or list")
	case n.ShortTag() == "!!null":
		return "", p.at(n, `nothing stands here: put quotes around %q if it is the text that is meant`,
			n.Value)
	}
	return n.Value, nil
}

// bare refuses what YAML would have something made of that isn't written there.
func (p *parser) bare(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return p.at(n, "anchors and aliases are not taken: write out what is meant")
	case n.Style&yaml.TaggedStyle != 0 || n.Tag == "!":
		return p.at(n, "tags are not taken: every value is a text")
	}
	return nil
}
