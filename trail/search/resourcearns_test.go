package search

import (
	"bytes"
	"slices"
	"testing"
)

// TestRecord_ResourceARNs_AreWhatItIsAbout: where CloudTrail's record has no resources, ours says
// in additionalEventData what was asked for.
func TestRecord_ResourceARNs_AreWhatItIsAbout(t *testing.T) {
	const one, two = "arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:user/b"
	for _, facts := range []string{`{"a":{"b":[1]},"resourceARNs":["` + one + `","` + two + `"],"c":1}`,
		`{"resourceARNs":["` + one + `","` + two + `"]}`} {
		var r record
		r.parse([]byte(`{"eventSource":"iam.amazonaws.com","requestParameters":null,` +
			`"additionalEventData":` + facts + `,"eventID":"e"}`))
		want := [][]byte{subject([]byte(one)), subject([]byte(two))}
		if !slices.EqualFunc(r.subjects, want, bytes.Equal) || string(r.id) != "e" {
			t.Errorf("%s: about %q, id %s", facts, r.subjects, r.id)
		}
	}
	var r record
	r.parse([]byte(`{"additionalEventData":{"resourceARNs":"none"},"eventID":"e"}`))
	if len(r.subjects) != 0 || string(r.id) != "e" {
		t.Errorf("about %q, id %s", r.subjects, r.id)
	}
}
