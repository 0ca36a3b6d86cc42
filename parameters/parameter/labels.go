package parameter

import (
	"maps"
	"regexp"
	"slices"

	"claviger/parameters/ssmfault"
)

// Labels are the versions of a parameter that have a label, by it. A label is on one version at a
// time. What is stored is never changed: a move makes a copy.
type Labels map[string]int64

// mostLabels is how many labels a version has at most.
const mostLabels = 10

// Of returns the labels of a version, in order.
func (l Labels) Of(version int64) []string {
	labels := []string{}
	for label, on := range l {
		if on == version {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// label is what a label is like. One that begins with aws or ssm is refused beside it, in whatever
// case.
var (
	label         = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)
	reservedLabel = regexp.MustCompile(`^(?i:aws|ssm)`)
)

// Attach returns the labels as they are once those that can be are on a version, and those that
// can't be labels, in the order of the request. A label that is on another version moves.
func (l Labels) Attach(version int64, labels []string) (next Labels, invalid []string, err error) {
	next, invalid = l.copy(), []string{}
	for _, name := range labels {
		if !label.MatchString(name) || reservedLabel.MatchString(name) {
			invalid = append(invalid, name)
			continue
		}
		next[name] = version
	}
	if len(next.Of(version)) > mostLabels {
		return nil, nil, ssmfault.TooManyLabels
	}
	return next, invalid, nil
}

// Detach returns the labels as they are without those of a version, and which of them were there
// and which weren't, in the order of the request.
func (l Labels) Detach(version int64, labels []string) (next Labels, removed, absent []string) {
	next, removed, absent = l.copy(), []string{}, []string{}
	for _, name := range labels {
		if l[name] != version {
			absent = append(absent, name)
			continue
		}
		if _, there := next[name]; there {
			removed = append(removed, name)
		}
		delete(next, name)
	}
	return next, removed, absent
}

func (l Labels) copy() Labels {
	if l == nil {
		return Labels{}
	}
	return maps.Clone(l)
}
