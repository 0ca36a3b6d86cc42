package secret

import (
	"maps"
	"slices"

	"claviger/internal/fault"
	"claviger/secrets/smfault"
)

// The labels that the service itself moves.
const (
	Current  = "AWSCURRENT"  // what a plain read returns; attached as soon as there is any version
	Previous = "AWSPREVIOUS" // the version that was current before
	Pending  = "AWSPENDING"  // the version that a rotation is preparing
)

// MaxLabels is AWS's quota of labels on all versions of a secret together.
const MaxLabels = 20

// The refusals of UpdateSecretVersionStage.
var (
	errTooManyLabels = fault.Newf(fault.Limit, "LimitExceededException",
		"A secret has at most %d staging labels on all its versions.", MaxLabels)
	errNoMove = smfault.InvalidParameter("You must specify MoveToVersionId or RemoveFromVersionId.")

	errCurrentStays = smfault.InvalidParameter("You can only move staging label AWSCURRENT to a " +
		"different secret version. It can't be completely removed.")
)

func errAttached(label, id string) error {
	return smfault.InvalidParameter(
		"The parameter RemoveFromVersionId can't be empty. Staging label " +
			label + " is currently attached to version " + id + ", so you must explicitly reference " +
			"that version in RemoveFromVersionId.",
	)
}

func errElsewhere(label string) error {
	return smfault.InvalidParameter("When you move staging label " + label + ", if you specify " +
		"RemoveFromVersionId, it must be set to the version that currently has the staging label " +
		label + ".")
}

func errNotAttached(label, id string) error {
	return smfault.InvalidParameter(
		"Staging label " + label + " is not attached to version " + id + ".",
	)
}

// Stages says for each staging label which version it is attached to: it can't be two. A value is
// never changed, so that a plan that is thrown away leaves nothing behind.
type Stages map[string]string

// Of returns the labels of a version, in order; nil if it has none.
func (s Stages) Of(id string) (labels []string) {
	for label, on := range s {
		if on == id {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// Labelled reports whether a version has any label.
func (s Stages) Labelled(id string) bool {
	for _, on := range s {
		if on == id {
			return true
		}
	}
	return false
}

// Attach puts labels on a new version, from wherever they were. The first version of a secret
// becomes current whatever it was meant for. If the version that was current still has AWSPENDING,
// because a rotation left it there, the label goes with it: AWS has answered so, and a label that
// stayed behind would be a rotation that never ends.
func (s Stages) Attach(id string, labels ...string) (Stages, error) {
	next := s.clone()
	for _, label := range labels {
		if label != Current {
			next[label] = id
		}
	}
	if s[Current] == "" || slices.Contains(labels, Current) {
		if old := s[Current]; old != "" && next[Pending] == old {
			delete(next, Pending)
		}
		next.promote(id)
	}
	if len(next) > MaxLabels {
		return nil, errTooManyLabels
	}
	return next, nil
}

// Move takes a label from one version and puts it on another; either may be empty. A label
// that is somewhere moves only if the caller knows where it is, so that two who move it
// don't overlook one another.
func (s Stages) Move(label, from, to string) (Stages, error) {
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
	case to == "" && label == Current:
		return nil, errCurrentStays
	}
	next := s.clone()
	switch {
	case to == "":
		delete(next, label)
	case label == Current:
		next.promote(to)
	default:
		next[label] = to
	}
	if len(next) > MaxLabels {
		return nil, errTooManyLabels
	}
	return next, nil
}

// promote makes a version the current one. The one before it becomes AWSPREVIOUS.
func (s Stages) promote(id string) {
	if old := s[Current]; old != "" && old != id {
		s[Previous] = old
	}
	s[Current] = id
}

func (s Stages) clone() Stages {
	if s == nil {
		return Stages{}
	}
	return maps.Clone(s)
}
