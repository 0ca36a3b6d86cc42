package secrets

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"claviger/internal/fault"
)

// Versions are one letter here.
func TestLabels(t *testing.T) {
	for _, test := range []struct {
		name   string
		before stages
		do     func(stages) (stages, error)
		after  stages
		code   string
	}{
		{"first value", nil, attach("a", current), stages{current: "a"}, ""},
		{"first value under another label", nil, attach("a", pending), stages{current: "a", pending: "a"}, ""},
		{"second value", stages{current: "a"}, attach("b", current), stages{current: "b", previous: "a"}, ""},
		{"third value", stages{current: "b", previous: "a"}, attach("c", current), stages{current: "c", previous: "b"}, ""},
		{"a rotation prepares", stages{current: "b", previous: "a"}, attach("c", pending), stages{current: "b", previous: "a", pending: "c"}, ""},
		{"a rotation ends", stages{current: "b", previous: "a", pending: "c"}, move(current, "b", "c"), stages{current: "c", previous: "b", pending: "c"}, ""},
		{"the rotation's label goes", stages{current: "c", previous: "b", pending: "c"}, move(pending, "c", ""), stages{current: "c", previous: "b"}, ""},
		{"back to the version before", stages{current: "b", previous: "a"}, move(current, "b", "a"), stages{current: "a", previous: "b"}, ""},
		{"own label, new", stages{current: "a"}, move("blue", "", "a"), stages{current: "a", "blue": "a"}, ""},
		{"own label, moved with its place", stages{current: "b", "blue": "a"}, move("blue", "a", "b"), stages{current: "b", "blue": "b"}, ""},
		{"own label, moved by a value", stages{current: "a", "blue": "a"}, attach("b", "blue"), stages{current: "a", "blue": "b"}, ""},
		{"where it is already", stages{current: "a", "blue": "a"}, move("blue", "", "a"), stages{current: "a", "blue": "a"}, ""},
		{"current and another at once", stages{current: "a"}, attach("b", current, "blue"), stages{current: "b", previous: "a", "blue": "b"}, ""},
		{"previous is taken away", stages{current: "b", previous: "a"}, move(previous, "a", ""), stages{current: "b"}, ""},

		{"moved without its place", stages{current: "b", "blue": "a"}, move("blue", "", "b"), nil, "InvalidParameterException"},
		{"current moved without its place", stages{current: "a"}, move(current, "", "b"), nil, "InvalidParameterException"},
		{"moved from the wrong place", stages{current: "b", "blue": "a"}, move("blue", "b", "a"), nil, "InvalidParameterException"},
		{"current can't be taken away", stages{current: "a"}, move(current, "a", ""), nil, "InvalidParameterException"},
		{"taken from where it isn't", stages{current: "a"}, move("blue", "a", ""), nil, "InvalidParameterException"},
		{"nothing asked", stages{current: "a"}, move("blue", "", ""), nil, "InvalidParameterException"},
		{"one label too many", full(), attach("a", "one more"), nil, "LimitExceededException"},
		{"previous would be one too many", full(), attach("b", current), nil, "LimitExceededException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			untouched := maps.Clone(test.before)
			after, err := test.do(test.before)
			if code := codeOf(err); code != test.code {
				t.Fatalf("error %v, want %q", err, test.code)
			}
			if !maps.Equal(after, test.after) {
				t.Errorf("%v, want %v", after, test.after)
			}
			if !maps.Equal(test.before, untouched) {
				t.Error("the labels that were there have been changed")
			}
		})
	}
}

func attach(id string, labels ...string) func(stages) (stages, error) {
	return func(s stages) (stages, error) { return s.attach(id, labels...) }
}

func move(label, from, to string) func(stages) (stages, error) {
	return func(s stages) (stages, error) { return s.move(label, from, to) }
}

// full returns as many labels as a secret may have, all on one version.
func full() stages {
	s := stages{current: "a"}
	for len(s) < maxLabels {
		s[strings.Repeat("x", len(s))] = "a"
	}
	return s
}

func codeOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return ""
}

// walkLabels takes a secret through a history that steps spell out and checks what must hold after each step.
func walkLabels(t *testing.T, steps []byte) {
	labels := []string{current, previous, pending, "blue", "green"}
	var s stages
	var versions []string
	for i := 0; i+2 < len(steps); i += 3 {
		label := labels[int(steps[i]>>1)%len(labels)]
		known := func(b byte) string {
			if n := int(b) % (len(versions) + 1); n < len(versions) {
				return versions[n]
			}
			return ""
		}
		before := maps.Clone(s)
		var next stages
		var err error
		fresh := steps[i]&1 == 0 || versions == nil
		if fresh {
			id := strconv.Itoa(len(versions))
			if next, err = s.attach(id, label); err == nil {
				versions = append(versions, id)
			}
		} else {
			next, err = s.move(label, known(steps[i+1]), known(steps[i+2]))
		}
		if !maps.Equal(before, s) {
			t.Fatal("a step changed the labels that were there")
		}
		if err != nil {
			continue
		}
		check(t, s, next, label, fresh)
		s = next
	}
}

func check(t *testing.T, before, after stages, label string, fresh bool) {
	t.Helper()
	if after[current] == "" {
		t.Fatalf("%v: nothing is current", after)
	}
	if before[current] != "" && before[current] != after[current] {
		if label != current {
			t.Fatalf("%v: %s moved AWSCURRENT", after, label)
		}
		if after[previous] != before[current] {
			t.Fatalf("%v: AWSPREVIOUS is not on %s, which was current", after, before[current])
		}
	}
	for other, id := range before {
		if other != label && other != previous && after[other] != id && !(other == current && label == current) {
			t.Fatalf("%s moved %s", label, other)
		}
	}
	if fresh && label == current && after[previous] == after[current] {
		t.Fatalf("%v: a new version is its own predecessor", after)
	}
	if len(after) > maxLabels {
		t.Fatal("too many labels")
	}
	for id := range (&Secret{stages: after}).versionsToStages() {
		if !slices.IsSorted(after.of(id)) || !after.labelled(id) {
			t.Fatalf("labels of %s: %v", id, after.of(id))
		}
	}
}

func TestEveryHistoryKeepsOneCurrentVersion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		steps := make([]byte, 3*60)
		for i := range steps {
			steps[i] = byte(r.Uint32())
		}
		walkLabels(t, steps)
	}
}

func FuzzLabels(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 1, 0, 1})
	f.Fuzz(walkLabels)
}
