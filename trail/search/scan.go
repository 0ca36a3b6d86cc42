package search

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner reads JSON that this program has written and nothing else: it looks for what it needs and
// steps over the rest. A decoder by reflection takes ten times as long. What isn't JSON ends it
// early, and never makes it read beyond the end.
type scanner struct {
	b []byte
	i int
}

// peek returns the byte at hand, or 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// open steps into an object or a list, if that is what comes.
func (s *scanner) open(bracket byte) bool {
	if s.peek() != bracket {
		s.skip()
		return false
	}
	s.i++
	return true
}

// more reports whether another member or element comes, and steps over what stands before it. At
// the end of the object or list it steps out.
func (s *scanner) more() bool {
	switch s.peek() {
	case ',':
		s.i++
		return true
	case '}', ']':
		s.i++
		return false
	case 0:
		return false
	}
	return true
}

// key reads a member's name and the colon behind it.
func (s *scanner) key() []byte {
	k := s.text()
	if s.peek() == ':' {
		s.i++
	} else {
		s.i = len(s.b)
	}
	return k
}

// text reads a string, and nothing of anything else, which it steps over. What it returns is of the
// record unless it has escapes.
func (s *scanner) text() []byte {
	if s.peek() != '"' {
		s.skip()
		return nil
	}
	begin := s.i
	end, escaped := s.closing()
	if !escaped {
		return s.b[begin+1 : end]
	}
	text, err := jsontext.AppendUnquote(nil, s.b[begin:s.i])
	if err != nil {
		return nil
	}
	return text
}

// value steps over one value and returns it as it stands.
func (s *scanner) value() []byte {
	begin := s.i
	s.skip()
	return s.b[begin:s.i]
}

// closing steps over a string and returns where its closing quote is.
func (s *scanner) closing() (end int, escaped bool) {
	from := s.i + 1
	for {
		n := bytes.IndexByte(s.b[from:], '"')
		if n < 0 {
			s.i = len(s.b)
			return len(s.b), escaped
		}
		end = from + n
		back := end
		for back > from && s.b[back-1] == '\\' {
			back--
		}
		if (end-back)%2 == 0 {
			s.i = end + 1
			return end, escaped || bytes.IndexByte(s.b[from:end], '\\') >= 0
		}
		from, escaped = end+1, true
	}
}

// skip steps over one value.
func (s *scanner) skip() {
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.closing()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // of what the value is in
			}
			if depth--; depth == 0 {
				s.i++
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		s.i++
	}
}
