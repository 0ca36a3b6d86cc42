package policies

import (
	"strconv"
	"time"
)

// reason is the action-reason of an event. AWS's words for a NoChangeNotification were recorded;
// those of the others are ours, of the same form.
func (r rule) reason(created time.Time) string {
	policy := "the policy created at " + javaInstant(created) + "."
	switch r.kind {
	case ExpirationNotification:
		return "The parameter will expire in " + r.span.String() +
			". This notification was generated based on " + policy
	case NoChangeNotification:
		return "The parameter has not been changed for " + r.span.String() +
			". This notification was generated based on " + policy
	}
	return "The parameter has expired. It was deleted based on " + policy
}

// String returns 1 hour, 20 days.
func (s span) String() string {
	unit := "hour"
	if s.days {
		unit = "day"
	}
	if s.n != 1 {
		unit += "s"
	}
	return strconv.Itoa(s.n) + " " + unit
}

// javaInstant writes a moment as Java does: no fraction, or one of three or six digits.
func javaInstant(t time.Time) string {
	micros := t.Nanosecond() / int(time.Microsecond)
	switch {
	case micros == 0:
		return t.UTC().Format("2006-01-02T15:04:05Z")
	case micros%1000 == 0:
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
