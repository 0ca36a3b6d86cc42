package secrets

import (
	"maps"
	"slices"

	"claviger/internal/fault"
)

// The labels that the service itself moves.
const (
	current  = "AWSCURRENT"  // what a plain read returns; attached as soon as there is any version
	previous = "AWSPREVIOUS" // the version that was current before
	pending  = "AWSPENDING"  // the version that a rotation is preparing
)

// maxLabels is AWS's quota of labels on all versions of a secret together.
const maxLabels = 20

// The refusals of UpdateSecretVersionStage.
var (
	errTooManyLabels = fault.Newf(fault.Limit, "LimitExceededException",
		"A secret has at most %d staging labels on all its versions.", maxLabels)
	errNoMove = invalidParameter("You must specify MoveToVersionId or RemoveFromVersionId.")

	errCurrentStays = invalidParameter("You can only move staging label AWSCURRENT to a " +
		"different secret version. It can't be completely removed.")
)

func errAttached(label, id string) error {
	return invalidParameter("The parameter RemoveFromVersionId can't be empty. Staging label " +
		label + " is currently attached to version " + id + ", so you must explicitly reference " +
		"that version in RemoveFromVersionId.")
}

func errElsewhere(label string) error {
	return invalidParameter("When you move staging label " + label + ", if you specify " +
		"RemoveFromVersionId, it must be set to the version that currently has the staging label " +
		label + ".")
}

func errNotAttached(label, id string) error {
	return invalidParameter("Staging label " + label + " is not attached to version " + id + ".")
}

// stages says for each staging label which version it is attached to: it can't be two. A value is
// never changed, so that a plan that is thrown away leaves nothing behind.
type stages map[string]string

// of returns the labels of a version, in order; nil if it has none.
func (s stages) of(id string) (labels []string) {
	for label, on := range s {
		if on == id {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// labelled reports whether a version has any label.
func (s stages) labelled(id string) bool {
	for _, on := range s {
		if on == id {
			return true
		}
	}
	return false
}

// attach puts labels on a new version, from wherever they were. The first version of a secret
// becomes current whatever it was meant for. If the version that was current still has AWSPENDING,
// because a rotation left it there, the label goes with it: AWS has answered so, and a label that
// stayed behind would be a rotation that never ends.
func (s stages) attach(id string, labels ...string) (stages, error) {
	next := s.clone()
	for _, label := range labels {
		if label != current {
			next[label] = id
		}
	}
	if s[current] == "" || slices.Contains(labels, current) {
		if old := s[current]; old != "" && next[pending] == old {
			delete(next, pending)
		}
		next.promote(id)
	}
	if len(next) > maxLabels {
		return nil, errTooManyLabels
	}
	return next, nil
}

// move takes a label from one version and puts it on another; either may be empty. A label
// that is somewhere moves only if the caller knows where it is, so that two who move it
// don't overlook one another.
func (s stages) move(label, from, to string) (stages, error) {
	holder := s[label]
	switch {
	case from == "" && to == "":
		return nil, errNoMove
	case from == "" && holder != "" && holder != to:
		return nil, errAttached(label, holder)
	case from != "" && holder != from && to != "":
		return nil, errElsewhere(label)
	case from != "" && holder != from:
		return nil, errNotAttached(label, from)
	case to == "" && label == current:
		return nil, errCurrentStays
	}
	next := s.clone()
	switch {
	case to == "":
		delete(next, label)
	case label == current:
		next.promote(to)
	default:
		next[label] = to
	}
	if len(next) > maxLabels {
		return nil, errTooManyLabels
	}
	return next, nil
}

// promote makes a version the current one. The one before it becomes AWSPREVIOUS.
func (s stages) promote(id string) {
	if old := s[current]; old != "" && old != id {
		s[previous] = old
	}
	s[current] = id
}

func (s stages) clone() stages {
	if s == nil {
		return stages{}
	}
	return maps.Clone(s)
}
