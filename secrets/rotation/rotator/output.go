package rotator

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// OutputLimit is how much of what a function said is kept, in bytes: as much as AWS Lambda returns
// of a log.
const OutputLimit = 4096

// Output is what a function of the site's own said about its failure. It comes as the cause of an
// [Error] and is for those alone who may read the secret: nobody knows what a function prints, and
// a message of a driver or a traceback may well hold a password. So it gives its text to who asks
// for it, and to a log only its length.
type Output struct {
	text string
}

// NewOutput keeps the end of a text, with asterisks in the place of each of the secrets. Characters
// that a terminal would obey are left out.
func NewOutput(text []byte, secrets ...string) *Output {
	text = masked(text, secrets)
	if len(text) > OutputLimit {
		text = text[len(text)-OutputLimit:]
	}
	printable := func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}
	kept := strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(string(text), "?")))
	// Once more: without what was left out, a secret may be whole that wasn't before.
	return &Output{string(masked([]byte(kept), secrets))}
}

// masked returns a text of the same length, so that what is cut off of it doesn't begin within a
// secret.
func masked(text []byte, secrets []string) []byte {
	text = bytes.Clone(text)
	// The longest first: what is left of one within which another stands would be no match any more.
	longest := slices.SortedFunc(slices.Values(secrets),
		func(a, b string) int { return len(b) - len(a) })
	for _, s := range longest {
		if s != "" {
			text = bytes.ReplaceAll(text, []byte(s), bytes.Repeat([]byte("*"), len(s)))
		}
	}
	return text
}

// Text returns what was said, at most [OutputLimit] bytes.
func (o *Output) Text() string { return o.text }

// End returns the last lines of what was said, at most so many bytes of it, with asterisks in the
// place of more secrets than the function itself was given.
func (o *Output) End(most int, secrets ...string) string {
	text := masked([]byte(o.text), secrets)
	text = text[max(0, len(text)-most):]
	return strings.TrimSpace(strings.ToValidUTF8(string(text), ""))
}

// Error implements error.
func (o *Output) Error() string { return fmt.Sprintf("it said %d bytes", len(o.text)) }
