package rest

import (
	"strings"

	"claviger/internal/fault"
)

// Where names begin with a slash, as /app/db does, a path has them without it: an empty segment
// would be ambiguous, and proxies that clean paths take it out. See op.Info.Rooted.

// rooted returns the name that a path, or an answer, has with its first slash or without it.
func rooted(name string) string {
	if isARN(name) {
		return name
	}
	return "/" + Unrooted(name)
}

// Unrooted returns a name as it stands in the path of a Rooted operation.
func Unrooted(name string) string { return strings.TrimPrefix(name, "/") }

// isARN tells ARNs, which begin with no slash, from names. Six parts are more than a name and what
// may follow it behind a colon.
func isARN(name string) bool {
	return strings.HasPrefix(name, "arn:") && strings.Count(name, ":") >= 5
}

// name reads the piece of a path that stands for a segment of the pattern.
func (at *resource) name(segment int, piece string) (string, error) {
	name, err := identifier(piece)
	switch {
	case !at.rooted || segment != at.greedy:
		return name, err
	case err != nil:
		return "", unrooted
	}
	return rooted(name), nil
}

var unrooted = fault.New(fault.Invalid, ambiguous.Code, ambiguous.Message+
	" A path has the name without its first slash.")

// rootedMember returns which of the pattern's members begins with a slash that paths leave out,
// counted from zero; negative: none does.
func (at *resource) rootedMember() int {
	if !at.rooted {
		return -1
	}
	members := 0
	for _, s := range at.path[:at.greedy] {
		if s.member != "" {
			members++
		}
	}
	return members
}
