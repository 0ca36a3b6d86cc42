package sigv4

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
)

// param is one query parameter, by offsets into scratch.query: name is [start, equals), value is
// (equals, end).
type param struct{ start, equals, end int }

var errQuery = errors.New("the query has a malformed escape or a bare semicolon")

// appendQuery adds the query: each name and value decoded and encoded anew, sorted by encoded name,
// then by value. The signature itself is left out of a presigned query.
func (s *scratch) appendQuery(raw string, presigned bool) error {
	if raw == "" {
		return nil
	}
	if strings.Contains(raw, ";") {
		return ErrMismatch.Because(errQuery)
	}
	// Parameters are encoded into one buffer and sorted by their places in it, so
	// that nothing is allocated.
	s.query, s.params = s.query[:0], s.params[:0]
	for pair := range strings.SplitSeq(raw, "&") {
		if pair != "" && !s.addParam(pair, presigned) {
			return ErrMismatch.Because(errQuery)
		}
	}
	q := s.query
	// The names are compared apart from the values: "=" sorts after "-", "." and the digits.
	slices.SortFunc(s.params, func(a, b param) int {
		return cmp.Or(bytes.Compare(q[a.start:a.equals], q[b.start:b.equals]),
			bytes.Compare(q[a.equals:a.end], q[b.equals:b.end]))
	})
	for i, p := range s.params {
		if i > 0 {
			s.tail = append(s.tail, '&')
		}
		s.tail = append(s.tail, q[p.start:p.end]...)
	}
	return nil
}

// addParam encodes one parameter and reports whether it is well formed.
func (s *scratch) addParam(pair string, presigned bool) bool {
	name, value, _ := strings.Cut(pair, "=")
	p := param{start: len(s.query)}
	var ok1, ok2 bool
	s.query, ok1 = appendEncoded(s.query, name)
	p.equals = len(s.query)
	s.query, ok2 = appendEncoded(append(s.query, '='), value)
	p.end = len(s.query)
	if !presigned || string(s.query[p.start:p.equals]) != queryNames[qSignature] {
		s.params = append(s.params, p)
	}
	return ok1 && ok2
}

// appendEncoded decodes a query name or value as a service does, plus signs being blanks, and
// encodes it as SigV4 does.
func appendEncoded(b []byte, raw string) ([]byte, bool) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return b, false
			}
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		if unreserved[c] {
			b = append(b, c)
		} else {
			b = appendEscape(b, c)
		}
	}
	return b, true
}

// appendValue adds a header's value without blanks around it and with single blanks inside.
func appendValue(b []byte, v string) []byte {
	rest := strings.Trim(v, " \t")
	for {
		head, tail, more := strings.Cut(rest, "  ")
		b = append(b, head...)
		if !more {
			return b
		}
		b, rest = append(b, ' '), strings.TrimLeft(tail, " ")
	}
}

// appendHeaderKey adds a lower-case header name in the form that net/http keeps it in. A name with
// capitals gets a form that no header has.
func appendHeaderKey(b []byte, name string) []byte {
	first := true
	for i := range len(name) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c = ' '
		case first && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		b = append(b, c)
		first = c == '-'
	}
	return b
}

// appendEscape adds one byte escaped, in capitals as SigV4 wants.
func appendEscape(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}

// unreservedBytes are never escaped (RFC 3986 section 2.3).
const unreservedBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// unreserved marks them.
var unreserved = func() (t [256]bool) {
	for _, c := range []byte(unreservedBytes) {
		t[c] = true
	}
	return t
}()

// isHex reports whether a byte is a hexadecimal digit of either case.
func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&15 + 9
}
