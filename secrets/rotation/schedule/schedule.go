// Package schedule knows when a secret is due for rotation: AutomaticallyAfterDays, rate() and
// cron() of Secrets Manager, and the windows that they open. All times are UTC, so that no clock is
// ever put back or forward. A time follows from the rules and from the moments that a caller names;
// there is no clock in here.
//
// Sources are the user guide's page on rotation schedules and RotationRulesType of the API
// reference. Where they are silent, the comment at the rule says what was decided.
package schedule

import "time"

const (
	secondsInHour = 60 * 60
	hoursInDay    = 24
	// mostOften is the least number of hours between two rotations.
	mostOften = 4
)

// Rules are RotationRulesType of AWS's API.
type Rules struct {
	// AutomaticallyAfterDays is 1..1000, or 0 for none.
	AutomaticallyAfterDays int64
	// Duration is how long a window is open, "1h" to "24h", or empty: an hour for schedules in
	// hours, and else to the end of the UTC day.
	Duration string
	// ScheduleExpression is a rate() or a cron(), or empty.
	ScheduleExpression string
}

// Window is when a secret may rotate: at any time from Start to End.
type Window struct {
	// Start is on the hour, in UTC.
	Start time.Time
	// End is the last second of the window and in the UTC day of Start: 17:59:59 where it starts at
	// 16:00:00 and is open for two hours. DescribeSecret has it as NextRotationDate.
	End time.Time
}

// Schedule is what rules mean. That of no rules at all opens no window. Its methods may be used by
// many at once.
type Schedule struct {
	// One of three says when windows open.
	afterDays int64 // so many days after the day of the last rotation, at midnight
	everyHour int64 // so many hours from one window to the next
	cron      cron  // on hours of certain days

	open  int64 // hours that a window is open, cut off at the end of the UTC day
	shown int64 // days
}

// Next returns the first window that ends after a moment, and false if there is none.
//
// A window that is already open counts. So a caller passes the present moment when the schedule is
// configured, and a secret may then rotate within the hour; and after a rotation it passes the end
// of the window that this was in, so that a secret rotates once in a window. A caller that passes
// the end of a window that went by without success gets the one after it.
//
// Last is the moment of the last rotation, or of the last change by hand, which counts as one; for
// a secret that has neither, that of its configuration. From its day AutomaticallyAfterDays and a
// rate in days count, so that their windows follow N, 2N, 3N days later. For rates in hours and for
// cron it doesn't matter.
func (s Schedule) Next(last, after time.Time) (Window, bool) {
	switch {
	case s.afterDays > 0:
		return s.nextByDays(day(last), after), true
	case s.everyHour > 0:
		return s.nextByHours(after), true
	}
	return s.nextByCron(after)
}

// Days returns AutomaticallyAfterDays as DescribeSecret shows it, whatever the rules were: what
// people compare with the longest that their own rules allow. It is 0 for no rules.
//
// rate(10 days) is 10, and rate(10 hours) has been seen to be 1; longer rates in hours are rounded
// up. AWS's example shows 14 for a cron on the 1st and the 15th, which the least distance gives, at
// most 1000 as in the API's model. That it is the least, and not the one to the next rotation, is
// not known.
func (s Schedule) Days() int64 { return s.shown }

// nextByDays looks for the first multiple of the days after the last rotation's. That of zero isn't
// one: on that day it has rotated.
func (s Schedule) nextByDays(last int64, after time.Time) Window {
	times := max(1, (day(after)-last)/s.afterDays)
	w := s.window((last + times*s.afterDays) * hoursInDay)
	if !w.End.After(after) {
		w = s.window((last + (times+1)*s.afterDays) * hoursInDay)
	}
	return w
}

// nextByHours counts hours from 1970, whose first day began at midnight as every other did. Counted
// from each midnight anew, rate(7 hours) would rotate at 21:00 and again at 0:00, more often than
// may be. From the last rotation, each delay would move all times that follow.
func (s Schedule) nextByHours(after time.Time) Window {
	now := hour(after)
	slot := now - remainder(now, s.everyHour)
	w := s.window(slot)
	if !w.End.After(after) {
		w = s.window(slot + s.everyHour)
	}
	return w
}

// nextByCron looks at each window of the present day, and else takes the first of a later one.
func (s Schedule) nextByCron(after time.Time) (Window, bool) {
	for d := range s.cron.fires(day(after), longestGap) {
		for h := range s.cron.hours.each() {
			if w := s.window(d*hoursInDay + int64(h)); w.End.After(after) {
				return w, true
			}
		}
	}
	return Window{}, false
}

// window returns the window that starts in an hour, counted from 1970.
func (s Schedule) window(start int64) Window {
	open := min(s.open, hoursInDay-remainder(start, hoursInDay))
	at := time.Unix(start*secondsInHour, 0).UTC()
	return Window{Start: at, End: at.Add(time.Duration(open)*time.Hour - time.Second)}
}

// hour returns the number of a moment's hour, counted from 1970.
func hour(t time.Time) int64 {
	s := t.Unix()
	return (s - remainder(s, secondsInHour)) / secondsInHour
}

// day returns the number of a moment's UTC day, counted from 1970.
func day(t time.Time) int64 {
	h := hour(t)
	return (h - remainder(h, hoursInDay)) / hoursInDay
}

// remainder is what is left of n, and positive before 1970 too.
func remainder(n, of int64) int64 { return (n%of + of) % of }
