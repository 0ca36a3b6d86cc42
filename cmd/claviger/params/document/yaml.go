package document

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// deepest is how far a document may nest: several times the levels that a name may have.
const deepest = 64

// mostNodes bounds what aliases can make of a short document.
const mostNodes = 1 << 20

// yamlReader reads the nodes of a YAML document.
type yamlReader struct {
	entries []Entry
	nodes   int // looked at, those of aliases as often as they stand for something
}

// readYAML reads a YAML document, which is a map. Its scalars are texts as they are written: 1.10
// has its zero, and no is no boolean.
func readYAML(text []byte) ([]Entry, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(deepest))))
	if err != nil {
		return nil, notYAML(err)
	}
	var document, another yaml.Node
	err = loader.Load(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, notYAML(err)
	}
	top := document.Content[0]
	switch {
	case top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null":
		return nil, nil
	case top.Kind != yaml.MappingNode:
		return nil, wrong(top.Line, "it is no map: NAME: VALUE")
	}
	switch err := loader.Load(&another); {
	case err == nil:
		return nil, wrong(max(another.Line, 1), "another document begins, and one is read")
	case !errors.Is(err, io.EOF):
		return nil, notYAML(err)
	}
	r := &yamlReader{}
	if err := r.level(top, "", 0); err != nil {
		return nil, err
	}
	return r.entries, nil
}

// notYAML says where a document isn't YAML. What the library quotes of it is left out.
func notYAML(err error) error {
	e := (*yaml.LoadError)(nil)
	if !errors.As(err, &e) {
		return errors.New("it is not YAML")
	}
	why := strings.TrimPrefix(e.Message, "yaml: ")
	if at := strings.IndexAny(mark.ReplaceAllString(why, "   "), "'\"`"); at >= 0 {
		why = strings.TrimSpace(why[:at])
	}
	return wrong(max(e.Mark.Line, 1), "it is not YAML: %s", why)
}

// mark is a mark of YAML's own that the library misses, between quotes: nothing of the document.
var mark = regexp.MustCompile(`'[[:punct:]]'`)

// level reads the keys of a map.
func (r *yamlReader) level(n *yaml.Node, above string, depth int) error {
	if depth > deepest {
		return wrong(n.Line, "it nests deeper than %d levels", deepest)
	}
	seen := map[string]int{}
	for pair := range slices.Chunk(n.Content, 2) {
		key, value := resolved(pair[0]), resolved(pair[1])
		switch {
		case key.Kind != yaml.ScalarNode:
			return wrong(pair[0].Line, "a key is a text, and neither a map nor a list")
		case key.ShortTag() == "!!merge":
			return wrong(pair[0].Line, "maps are not merged by <<: write the keys out")
		case seen[key.Value] > 0:
			return wrong(pair[0].Line, "%.80q is there twice, in line %d too", key.Value, seen[key.Value])
		}
		seen[key.Value] = pair[0].Line
		if r.nodes++; r.nodes > mostNodes {
			return wrong(pair[0].Line, "its aliases make more than %d values", mostNodes)
		}
		e := Entry{Name: joined(above, key.Value), Line: pair[0].Line}
		if value.Kind == yaml.MappingNode {
			if err := r.level(value, e.Name, depth+1); err != nil {
				return err
			}
			continue
		}
		r.nodes += len(value.Content)
		r.entries = append(r.entries, entryOf(e, value))
	}
	return nil
}

// resolved is the node that a node stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// entryOf makes an entry of a node that is no map.
func entryOf(e Entry, n *yaml.Node) Entry {
	if n.Kind != yaml.SequenceNode {
		e.Value, e.Wrong = scalarOf(n)
		e.Kind = Scalar
		return e
	}
	items := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		item = resolved(item)
		text, bad := scalarOf(item)
		switch {
		case item.Kind != yaml.ScalarNode || bad == isNull:
			e.Wrong = isNested
			return e
		case bad != "":
			e.Wrong = bad
			return e
		}
		items = append(items, text)
	}
	return listOf(e, items)
}

// scalarOf returns a scalar's text, or what is wrong with it.
func scalarOf(n *yaml.Node) (text, bad string) {
	switch n.ShortTag() {
	case "!!null":
		return "", isNull
	case "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!merge":
		return n.Value, ""
	}
	return "", "it has a tag, and what that would make of it is not known here"
}

func writeYAML(top *level) ([]byte, error) {
	if len(top.members) == 0 {
		return []byte("{}\n"), nil
	}
	return yaml.Dump(nodeOf(top), yaml.WithIndent(2), yaml.WithLineWidth(-1))
}

func nodeOf(l *level) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, m := range l.members {
		n.Content = append(n.Content, keyNode(m.key))
		switch {
		case m.below != nil:
			n.Content = append(n.Content, nodeOf(m.below))
		case m.value.List:
			list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			for _, item := range m.value.items() {
				list.Content = append(list.Content, textNode(item))
			}
			n.Content = append(n.Content, list)
		default:
			n.Content = append(n.Content, textNode(m.value.Text))
		}
	}
	return n
}

// Keys that every reader takes for texts: neither numbers nor what YAML 1.1 has for booleans.
var (
	plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*$`)
	wordKey  = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)
)

func keyNode(key string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	if !plainKey.MatchString(key) || wordKey.MatchString(key) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// textNode is a text that no reader takes for something else. Lines are kept as lines where that is
// safe: a block can't have everything that double quotes can.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
	if simpleLines(text) {
		n.Style = yaml.LiteralStyle
	}
	return n
}

// simpleLines reports whether a text is several lines of printable ASCII without blanks at their
// ends, such as a certificate.
func simpleLines(text string) bool {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return len(lines) > 1 && !slices.ContainsFunc(lines, func(line string) bool {
		return line == "" || line != strings.TrimSpace(line) ||
			strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' })
	})
}
