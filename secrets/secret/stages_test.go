package secret

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
	one, two := Stages{Current: "a"}, Stages{Current: "b", Previous: "a"}
	blue, apart := Stages{Current: "a", "blue": "a"}, Stages{Current: "b", "blue": "a"}
	prepared := Stages{Current: "b", Previous: "a", Pending: "c"}
	ended := Stages{Current: "c", Previous: "b", Pending: "c"}
	for _, test := range []struct {
		name   string
		before Stages
		do     func(Stages) (Stages, error)
		after  Stages
		code   string
	}{
		{"first value",
			nil, attach("a", Current), Stages{Current: "a"}, ""},
		{"first value under another label",
			nil, attach("a", Pending), Stages{Current: "a", Pending: "a"}, ""},
		{"second value",
			one, attach("b", Current), two, ""},
		{"third value",
			two, attach("c", Current), Stages{Current: "c", Previous: "b"}, ""},
		{"a rotation prepares",
			two, attach("c", Pending), prepared, ""},
		{"a rotation ends",
			prepared, move(Current, "b", "c"), ended, ""},
		{"the rotation's label goes with the next value",
			ended, attach("d", Current), Stages{Current: "d", Previous: "c"}, ""},
		{"a value during a rotation",
			prepared, attach("d", Current),
			Stages{Current: "d", Previous: "b", Pending: "c"}, ""},
		{"a rotation prepares after one that left its label",
			ended, attach("d", Pending), Stages{Current: "c", Previous: "b", Pending: "d"}, ""},
		{"back from a rotation that left its label",
			ended, move(Current, "c", "b"), Stages{Current: "b", Previous: "c", Pending: "c"}, ""},
		{"the rotation's label goes",
			ended, move(Pending, "c", ""), Stages{Current: "c", Previous: "b"}, ""},
		{"back to the version before",
			two, move(Current, "b", "a"), Stages{Current: "a", Previous: "b"}, ""},
		{"own label, new",
			one, move("blue", "", "a"), blue, ""},
		{"own label, moved with its place",
			apart, move("blue", "a", "b"), Stages{Current: "b", "blue": "b"}, ""},
		{"own label, moved by a value",
			blue, attach("b", "blue"), Stages{Current: "a", "blue": "b"}, ""},
		{"where it is already",
			blue, move("blue", "", "a"), blue, ""},
		{"current and another at once",
			one, attach("b", Current, "blue"),
			Stages{Current: "b", Previous: "a", "blue": "b"}, ""},
		{"previous is taken away",
			two, move(Previous, "a", ""), Stages{Current: "b"}, ""},

		{"moved without its place",
			apart, move("blue", "", "b"), nil, "InvalidParameterException"},
		{"current moved without its place",
			one, move(Current, "", "b"), nil, "InvalidParameterException"},
		{"moved from the wrong place",
			apart, move("blue", "b", "a"), nil, "InvalidParameterException"},
		{"current can't be taken away",
			one, move(Current, "a", ""), nil, "InvalidParameterException"},
		{"taken from where it isn't",
			one, move("blue", "a", ""), nil, "InvalidParameterException"},
		{"nothing asked",
			one, move("blue", "", ""), nil, "InvalidParameterException"},
		{"as many labels as there may be",
			fewer(), attach("a", "the last"), withLabel(fewer(), "the last"), ""},
		{"as many, by a move",
			fewer(), move("the last", "", "a"), withLabel(fewer(), "the last"), ""},
		{"one label too many",
			full(), attach("a", "one more"), nil, "LimitExceededException"},
		{"previous would be one too many",
			full(), attach("b", Current), nil, "LimitExceededException"},
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

func attach(id string, labels ...string) func(Stages) (Stages, error) {
	return func(s Stages) (Stages, error) { return s.Attach(id, labels...) }
}

func move(label, from, to string) func(Stages) (Stages, error) {
	return func(s Stages) (Stages, error) { return s.Move(label, from, to) }
}

// full returns as many labels as a secret may have, all on one version.
func full() Stages {
	s := Stages{Current: "a"}
	for len(s) < MaxLabels {
		s[strings.Repeat("x", len(s))] = "a"
	}
	return s
}

// fewer returns one label less than a secret may have.
func fewer() Stages {
	s := full()
	delete(s, "x")
	return s
}

func withLabel(s Stages, label string) Stages {
	s[label] = "a"
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
	labels := []string{Current, Previous, Pending, "blue", "green"}
	var s Stages
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
		var next Stages
		var err error
		fresh := steps[i]&1 == 0 || versions == nil
		if fresh {
			id := strconv.Itoa(len(versions))
			if next, err = s.Attach(id, label); err == nil {
				versions = append(versions, id)
			}
		} else {
			next, err = s.Move(label, known(steps[i+1]), known(steps[i+2]))
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

func check(t *testing.T, before, after Stages, label string, fresh bool) {
	t.Helper()
	if after[Current] == "" {
		t.Fatalf("%v: nothing is current", after)
	}
	if before[Current] != "" && before[Current] != after[Current] {
		if label != Current {
			t.Fatalf("%v: %s moved AWSCURRENT", after, label)
		}
		if after[Previous] != before[Current] {
			t.Fatalf("%v: AWSPREVIOUS is not on %s, which was current", after, before[Current])
		}
	}
	for other, id := range before {
		left := other == Pending && id == before[Current] && after[Pending] == ""
		if left && fresh && label == Current {
			continue // a rotation left it there
		}
		if other != label && other != Previous && after[other] != id {
			t.Fatalf("%s moved %s", label, other)
		}
	}
	if fresh && label == Current && after[Previous] == after[Current] {
		t.Fatalf("%v: a new version is its own predecessor", after)
	}
	if len(after) > MaxLabels {
		t.Fatal("too many labels")
	}
	for id := range (&Secret{Stages: after}).VersionsToStages() {
		if !slices.IsSorted(after.Of(id)) || !after.Labelled(id) {
			t.Fatalf("labels of %s: %v", id, after.Of(id))
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
