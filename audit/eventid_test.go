package audit_test

import (
	"testing"
	"time"

	"claviger/audit"

	"github.com/google/uuid"
)

// TestNewEventID_AnyTime_IsAUUIDThatBeginsWithIt, so that ids are in the order of time.
func TestNewEventID_AnyTime_IsAUUIDThatBeginsWithIt(t *testing.T) {
	last := ""
	for _, at := range []time.Time{time.UnixMilli(0), at2026, at2026.Add(time.Millisecond),
		at2026.Add(24 * time.Hour), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		id := audit.NewEventID(at)
		u, err := uuid.Parse(id)
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != id {
			t.Errorf("%s: %v", id, err)
		}
		got, ok := audit.EventTime(id)
		if !ok || !got.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("%s is of %v, %v; want %v", id, got, ok, at)
		}
		if id <= last {
			t.Errorf("%s comes after %s", id, last)
		}
		last = id
	}
}

func TestNewEventID_OneTime_AreAllDifferent(t *testing.T) {
	seen := map[string]bool{}
	for range 10000 {
		seen[audit.NewEventID(at2026)] = true
	}
	if len(seen) != 10000 {
		t.Errorf("%d ids of 10000", len(seen))
	}
}

func TestEventTime_OtherIDs_AreNone(t *testing.T) {
	for _, id := range []string{"", "e", uuid.NewString(), "urn:uuid:" + audit.NewEventID(at2026),
		"{" + audit.NewEventID(at2026) + "}", "0195519a-0f7b-7000-0000-000000000000"} {
		if got, ok := audit.EventTime(id); ok {
			t.Errorf("%q is of %v", id, got)
		}
	}
}
