// Package pattern matches values against AllowedPattern of PutParameter.
//
// AWS writes such a pattern in Java's language and asks whether it matches the whole value. The
// standard library has RE2, which takes time in proportion to the value whatever the pattern says,
// and lacks what can't be had at that price. So a pattern is read as java.util.regex.Pattern reads
// it and is written anew for RE2. What is accepted means exactly what it means in Java; what RE2
// has no words for is refused by name, with what to write instead.
//
// The files follow a pattern on its way: text.go has its characters, quotes and comments, parse.go
// its grammar, escape.go, class.go and property.go what stands for sets of characters (set.go,
// fold.go), node.go what is known of a part, and write.go the text for RE2.
//
// Releases of Java differ in what they take for a word at \b and in the version of Unicode. A
// boundary is accepted only where all of them agree. Characters are sorted by Go's tables.
package pattern

import (
	"regexp"
	"unicode/utf8"
)

// Bounds of what a pattern may cost.
const (
	// MaxLength is how many characters a pattern may have: AWS's figure.
	MaxLength = 1024
	// longest is how many characters a value can have, 8 KB: whoever allows as many has no limit.
	longest = 8192
	// mostStates bounds the program, and so its memory: some 100 bytes each.
	mostStates = 10_000
	// mostLive bounds the steps that a match takes for each character of a value.
	mostLive = 3000
	// mostText bounds the text for RE2 in bytes, and with it the time that reading it takes.
	mostText = 128 << 10
)

// Pattern is a pattern that was read. It may be used by many at once.
type Pattern struct {
	re *regexp.Regexp
}

// Compile reads a pattern of Java's. An error says where the pattern is wrong or what of it can't
// be had here, and what to do instead: it is for the caller.
func Compile(text string) (*Pattern, error) {
	translated, err := translate(text)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		// RE2 has bounds of its own, to the depth for one.
		return nil, tooLarge
	}
	return &Pattern{re: re}, nil
}

// translate returns the pattern as RE2 reads it, anchored at both ends.
func translate(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", &refusal{what: "characters that are not UTF-8", instead: "send UTF-8"}
	}
	if utf8.RuneCountInString(text) > MaxLength {
		return "", tooLong
	}
	p := &parser{text: unquote([]rune(text))}
	root := p.pattern()
	if p.err != nil {
		return "", p.err
	}
	return write(root)
}

// Matches reports whether the pattern matches the value from its first character to its last. A
// value has at most 8 KB; none that isn't UTF-8 matches.
func (p *Pattern) Matches(value string) bool {
	return utf8.ValidString(value) && p.re.MatchString(value)
}
