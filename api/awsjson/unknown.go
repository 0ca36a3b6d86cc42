package awsjson

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// unknownOperation has AWS's name. AWS says nothing more, which helps nobody who looks at it.
var unknownOperation = fault.New(fault.Invalid, "UnknownOperationException", "")

// wrongType says which media type a service wants.
func wrongType(s *op.Service, sent string) error {
	if sent == "" {
		sent = "none"
	}
	return fault.Newf(fault.Invalid, unknownOperation.Code, "%s is asked with Content-Type: %s; "+
		"the request has %s.", s.Title, contentType(s)[0], quoted(sent))
}

// noSuch says what there is instead of an operation that there is not.
func (p *Protocol) noSuch(s *op.Service, name string) error {
	all := p.names[s]
	if len(name) > longestName {
		return fault.Newf(fault.Invalid, unknownOperation.Code, "%s has no operation of that name "+
			"here. /docs lists its %d.", s.Title, len(all))
	}
	like := slices.SortedFunc(slices.Values(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(name, a), distance(name, b)), strings.Compare(a, b))
	})
	return fault.Newf(fault.Invalid, unknownOperation.Code, "%s has no operation %s here. Those "+
		"most like it: %s. /docs lists all of the %d that there are.", s.Title, quoted(name),
		strings.Join(like[:min(3, len(like))], ", "), len(all))
}

// longestName is how many bytes of a name are compared with others: none of AWS's is as long.
const longestName = 128

// quoted makes what a client sent fit to be said back and to be recorded.
func quoted(s string) string { return fmt.Sprintf("%q", s[:min(len(s), longestName)]) }

// distance is how many letters have to be put in, taken out or replaced to make b of a, whatever
// their case (Levenshtein).
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
