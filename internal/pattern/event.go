package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a name on the way to fields that somebody looks at.
type node struct {
	children map[string]*node
	slot     int // of the field that ends here, or -1
}

// add makes room for a field, and returns its slot.
func (n *node) add(path string, slots int) int {
	for step := range strings.SplitSeq(path, ".") {
		below := n.children[step]
		if below == nil {
			below = &node{slot: -1}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[step] = below
		}
		n = below
	}
	if n.slot < 0 {
		n.slot = slots
	}
	return n.slot
}

// find follows a member's name, which may be several names in one.
func (n *node) find(member []byte) *node {
	for n != nil && n.children != nil {
		i := bytes.IndexByte(member, '.')
		if i < 0 {
			return n.children[string(member)]
		}
		n, member = n.children[string(member[:i])], member[i+1:]
	}
	return nil
}

// Errors of an event that can't be read.
var (
	errNoEvent = errors.New("the event is no JSON object")
	errTwice   = errors.New("a member is there twice")
)

// Bounds of an event: how many objects and arrays may be in each other where somebody looks, and
// how many arrays all leaves are in together. Each leaf says in which arrays it is, so that a long
// list within a thousand others would take a thousand times what it is long. An event of 256 KiB
// that isn't made for it has some 125,000.
const (
	deepest   = 2000
	mostSteps = 1 << 18
)

// scan reads the leaves of an event that somebody looks at. The rest is passed over.
type scan struct {
	src    []byte
	pos    int
	depth  int
	leaves [][]value // by slot
	in     []step
	steps  []step // where the elements of all leaves are kept
	arrays int32
	seen   [][]byte // the names of the objects that are being read, as far as somebody looks there
}

func (s *scan) reset(src []byte, slots int) {
	s.src, s.pos, s.depth, s.arrays = src, 0, 0, 0
	s.in, s.steps, s.seen = s.in[:0], nil, s.seen[:0]
	if len(s.leaves) < slots {
		s.leaves = make([][]value, slots)
	}
	for i := range s.leaves {
		s.leaves[i] = s.leaves[i][:0]
	}
}

// read reads an event's leaves below root.
func (s *scan) read(src []byte, root *node, slots int) error {
	s.reset(src, slots)
	err := s.whole(root)
	if err != errTwice {
		return err
	}
	once, err := lastOnly(src)
	if err != nil {
		return err
	}
	s.reset(once, slots)
	return s.whole(root)
}

// lastOnly writes an event anew, with the last of members of the same name.
func lastOnly(src []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var event map[string]any
	if err := d.Decode(&event); err != nil {
		return nil, err
	}
	return json.Marshal(event)
}

func (s *scan) whole(root *node) error {
	if s.space() != '{' {
		return errNoEvent
	}
	if err := s.object(root); err != nil {
		return err
	}
	if s.space() != 0 || s.pos < len(s.src) {
		return errNoEvent
	}
	return nil
}

// space passes white space, and returns what comes next, or 0.
func (s *scan) space() byte {
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// value reads a value to which the names lead.
func (s *scan) value(at *node) error {
	c := s.space()
	if at == nil || at.children == nil && at.slot < 0 {
		return s.skip()
	}
	switch c {
	case '{':
		return s.object(at)
	case '[':
		return s.array(at)
	case '"':
		raw, err := s.quoted()
		if err != nil {
			return err
		}
		return s.leaf(at, str, raw)
	}
	return s.plain(at)
}

func (s *scan) object(at *node) error {
	if s.depth++; s.depth > deepest {
		return errNoEvent
	}
	before := len(s.seen)
	s.pos++
	for c := s.space(); c != '}'; c = s.space() {
		if c != '"' {
			return errNoEvent
		}
		member, err := s.quoted()
		if err != nil {
			return err
		}
		if s.space() != ':' {
			return errNoEvent
		}
		s.pos++
		below := at.find(member)
		if below != nil {
			if slices.ContainsFunc(s.seen[before:], func(b []byte) bool {
				return bytes.Equal(b, member)
			}) {
				return errTwice
			}
			s.seen = append(s.seen, member)
		}
		if err := s.value(below); err != nil {
			return err
		}
		if s.space() == ',' {
			s.pos++
			if s.space() == '}' {
				return errNoEvent
			}
		} else if s.space() != '}' {
			return errNoEvent
		}
	}
	s.pos++
	s.depth--
	s.seen = s.seen[:before]
	return nil
}

func (s *scan) array(at *node) error {
	if s.depth++; s.depth > deepest {
		return errNoEvent
	}
	s.pos++
	s.in = append(s.in, step{array: s.arrays})
	s.arrays++
	for element := int32(0); s.space() != ']'; element++ {
		s.in[len(s.in)-1].element = element
		if err := s.value(at); err != nil {
			return err
		}
		if s.space() == ',' {
			s.pos++
			if s.space() == ']' {
				return errNoEvent
			}
		} else if s.space() != ']' {
			return errNoEvent
		}
	}
	s.pos++
	s.depth--
	s.in = s.in[:len(s.in)-1]
	return nil
}

// leaf keeps a value, if somebody looks at its field.
func (s *scan) leaf(at *node, k kind, text []byte) error {
	if at.slot < 0 {
		return nil
	}
	v := value{kind: k, text: text}
	if len(s.in) > 0 {
		if len(s.steps)+len(s.in) > mostSteps {
			return errNoEvent
		}
		from := len(s.steps)
		s.steps = append(s.steps, s.in...)
		v.in = s.steps[from:len(s.steps):len(s.steps)]
	}
	s.leaves[at.slot] = append(s.leaves[at.slot], v)
	return nil
}

// stringEnd returns the place behind a string that begins at a quote, and whether it has escapes.
func (s *scan) stringEnd() (end int, escapes bool, err error) {
	for i := s.pos + 1; ; {
		quote := bytes.IndexByte(s.src[i:], '"')
		if quote < 0 {
			return 0, false, errNoEvent
		}
		slashes := 0
		for j := i + quote - 1; j > s.pos && s.src[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			end = i + quote + 1
			return end, bytes.IndexByte(s.src[s.pos:end], '\\') >= 0, nil
		}
		i += quote + 1
	}
}

// quoted reads a string, its quotes and escapes taken away.
func (s *scan) quoted() ([]byte, error) {
	end, escapes, err := s.stringEnd()
	if err != nil {
		return nil, err
	}
	raw := s.src[s.pos:end]
	s.pos = end
	if !escapes {
		return raw[1 : len(raw)-1], nil
	}
	return jsontext.AppendUnquote(nil, raw)
}

// plain reads a number or a word.
func (s *scan) plain(at *node) error {
	from := s.pos
	s.pass()
	word := s.src[from:s.pos]
	if k, ok := literals[string(word)]; ok {
		return s.leaf(at, k, word)
	}
	if v := jsontext.Value(word); len(word) == 0 || v.Kind() != jsontext.KindNumber || !v.IsValid() {
		return errNoEvent
	}
	return s.leaf(at, number, word)
}

// pass goes to the end of a number or a word.
func (s *scan) pass() {
	for s.pos < len(s.src) && isWord(s.src[s.pos]) {
		s.pos++
	}
}

// skip passes a value at which nobody looks.
func (s *scan) skip() error {
	depth := 0
	for {
		switch s.space() {
		case 0:
			return errNoEvent
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth--; depth < 0 {
				return errNoEvent
			}
			s.pos++
		case ',', ':':
			if depth == 0 {
				return errNoEvent
			}
			s.pos++
			continue
		case '"':
			end, _, err := s.stringEnd()
			if err != nil {
				return err
			}
			s.pos = end
		default:
			from := s.pos
			if s.pass(); s.pos == from {
				return errNoEvent
			}
		}
		if depth == 0 {
			return nil
		}
	}
}
