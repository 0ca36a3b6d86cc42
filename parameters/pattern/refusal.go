package pattern

import "fmt"

// refusal is why a pattern isn't accepted, in words for whoever wrote it.
type refusal struct {
	at      int    // the character, from 1, or 0 where the whole is meant
	what    string // what was found, or what is wrong
	instead string // what to do about it; empty where that is plain
}

// Error says everything: there is nothing in it that the caller hasn't sent.
func (r *refusal) Error() string {
	s := "The pattern has " + r.what
	if r.at > 0 {
		s += fmt.Sprintf(" at character %d", r.at)
	}
	if r.instead != "" {
		s += ": " + r.instead
	}
	return s + "."
}

// Refusals of a pattern as a whole.
var (
	tooLong = &refusal{what: fmt.Sprintf("more than %d characters", MaxLength),
		instead: "shorten it"}
	tooLarge = &refusal{what: "more repetitions, alternatives or large sets than are allowed",
		instead: "lower its counts, or repeat without an upper bound as in {1,}"}
)
