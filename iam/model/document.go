package model

import "strings"

// Document is a policy document in an answer. AWS's protocol carries it percent-encoded (RFC 3986),
// REST and JSON as it is.
type Document string

// QueryText is the document as AWS query carries it: otherwise byte for byte what was sent.
func (d Document) QueryText() string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(d) {
		c := d[i]
		if isUnreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// isUnreserved reports whether a character stands for itself in a URI (RFC 3986 section 2.3).
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~", c) >= 0
}
