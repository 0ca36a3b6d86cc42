package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is why a text is no pattern.
type Error struct {
	Reason string // as AWS has it: "Empty arrays are not allowed"
	Where  string // the place, in lines of their own; or nothing
}

// Error returns the reason with the place, as AWS answers it behind a prefix of each service's own.
func (e *Error) Error() string { return e.Reason + e.Where }

// ErrNested says that a filter policy of attributes has objects in objects. SNS answers it under
// another prefix than the rest.
var ErrNested error = &Error{Reason: "Filter policy scope MessageAttributes does not support " +
	"nested filter policy"}

// shownSource is how many characters of a pattern the place shows.
const shownSource = 500

// place describes an offset in a text, in the form of the parser behind AWS's texts.
func place(text string, offset int) string {
	offset = min(offset, len(text))
	before := text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	shown, rest := text, ""
	if runes := []rune(text); len(runes) > shownSource {
		shown = string(runes[:shownSource])
		rest = fmt.Sprintf("[truncated %d chars]", len(runes)-shownSource)
	}
	return fmt.Sprintf("\n at [Source: (String)\"%s\"%s; line: %d, column: %d]", shown, rest, line,
		column)
}
