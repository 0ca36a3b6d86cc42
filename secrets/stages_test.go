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
func TestStages_EveryStep_EndsAsAWSDocuments(t *testing.T) {
	one, two := stages{current: "a"}, stages{current: "b", previous: "a"}
	blue, apart := stages{current: "a", "blue": "a"}, stages{current: "b", "blue": "a"}
	prepared := stages{current: "b", previous: "a", pending: "c"}
	ended := stages{current: "c", previous: "b", pending: "c"}
	for _, test := range []struct {
		name   string
		before stages
		do     func(stages) (stages, error)
		after  stages
		code   string
	}{
		{"first value",
			nil, attach("a", current), stages{current: "a"}, ""},
		{"first value under another label",
			nil, attach("a", pending), stages{current: "a", pending: "a"}, ""},
		{"second value",
			one, attach("b", current), two, ""},
		{"third value",
			two, attach("c", current), stages{current: "c", previous: "b"}, ""},
		{"a rotation prepares",
			two, attach("c", pending), prepared, ""},
		{"a rotation ends",
			prepared, move(current, "b", "c"), ended, ""},
		{"the rotation's label goes with the next value",
			ended, attach("d", current), stages{current: "d", previous: "c"}, ""},
		{"a value during a rotation",
			prepared, attach("d", current),
			stages{current: "d", previous: "b", pending: "c"}, ""},
		{"a rotation prepares after one that left its label",
			ended, attach("d", pending), stages{current: "c", previous: "b", pending: "d"}, ""},
		{"back from a rotation that left its label",
			ended, move(current, "c", "b"), stages{current: "b", previous: "c", pending: "c"}, ""},
		{"the rotation's label goes",
			ended, move(pending, "c", ""), stages{current: "c", previous: "b"}, ""},
		{"back to the version before",
			two, move(current, "b", "a"), stages{current: "a", previous: "b"}, ""},
		{"own label, new",
			one, move("blue", "", "a"), blue, ""},
		{"own label, moved with its place",
			apart, move("blue", "a", "b"), stages{current: "b", "blue": "b"}, ""},
		{"own label, moved by a value",
			blue, attach("b", "blue"), stages{current: "a", "blue": "b"}, ""},
		{"where it is already",
			blue, move("blue", "", "a"), blue, ""},
		{"current and another at once",
			one, attach("b", current, "blue"),
			stages{current: "b", previous: "a", "blue": "b"}, ""},
		{"previous is taken away",
			two, move(previous, "a", ""), stages{current: "b"}, ""},

		{"moved without its place",
			apart, move("blue", "", "b"), nil, "InvalidParameterException"},
		{"current moved without its place",
			one, move(current, "", "b"), nil, "InvalidParameterException"},
		{"moved from the wrong place",
			apart, move("blue", "b", "a"), nil, "InvalidParameterException"},
		{"current can't be taken away",
			one, move(current, "a", ""), nil, "InvalidParameterException"},
		{"taken from where it isn't",
			one, move("blue", "a", ""), nil, "InvalidParameterException"},
		{"nothing asked",
			one, move("blue", "", ""), nil, "InvalidParameterException"},
		{"one label too many",
			full(), attach("a", "one more"), nil, "LimitExceededException"},
		{"previous would be one too many",
			full(), attach("b", current), nil, "LimitExceededException"},
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

// walkStages takes a secret through a history that steps spell out and checks what must hold after
// each step.
func walkStages(t *testing.T, steps []byte) {
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
		left := other == pending && id == before[current] && after[pending] == ""
		if left && fresh && label == current {
			continue // a rotation left it there
		}
		if other != label && other != previous && after[other] != id {
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

func TestStages_RandomHistory_KeepsOneCurrentVersion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		steps := make([]byte, 3*60)
		for i := range steps {
			steps[i] = byte(r.Uint32())
		}
		walkStages(t, steps)
	}
}

func FuzzStages(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 1, 0, 1})
	f.Fuzz(walkStages)
}
