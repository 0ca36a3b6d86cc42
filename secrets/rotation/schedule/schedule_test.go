package schedule_test

import (
	"testing"
	"time"

	"claviger/secrets/rotation/schedule"
)

// at reads a moment as DescribeSecret's examples have it.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// text is a window as the tables here have it.
func text(w schedule.Window) string {
	return w.Start.Format(time.RFC3339Nano) + " " + w.End.Format(time.RFC3339Nano)
}

func parse(t *testing.T, r schedule.Rules) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return s
}

func expression(text string) schedule.Rules { return schedule.Rules{ScheduleExpression: text} }

func within(text, duration string) schedule.Rules {
	return schedule.Rules{ScheduleExpression: text, Duration: duration}
}

func everyDays(n int64) schedule.Rules { return schedule.Rules{AutomaticallyAfterDays: n} }

// TestNext_NamedCase_OpensThen has the cases that the user guide names, the two ends of windows
// that were captured from AWS, and those of the calendar.
func TestNext_NamedCase_OpensThen(t *testing.T) {
	const newYear = "2026-01-01T00:00:00Z" // a Thursday
	for name, c := range map[string]struct {
		rules       schedule.Rules
		last, after string
		want        string // start and end
	}{
		"captured: 30 days after a change by hand": {everyDays(30), "2026-02-03T17:42:24Z",
			"2026-02-03T17:42:24Z", "2026-03-05T00:00:00Z 2026-03-05T23:59:59Z"},
		"captured: a window of two hours": {within("cron(0 16 1,15 * ? *)", "2h"), newYear,
			newYear, "2026-01-01T16:00:00Z 2026-01-01T17:59:59Z"},

		"days that were missed": {everyDays(30), "2026-02-03T17:42:24Z", "2026-03-06T00:00:00Z",
			"2026-04-04T00:00:00Z 2026-04-04T23:59:59Z"},
		"days with a window": {schedule.Rules{AutomaticallyAfterDays: 7, Duration: "3h"}, newYear,
			newYear, "2026-01-08T00:00:00Z 2026-01-08T02:59:59Z"},
		"1000 days": {everyDays(1000), newYear, newYear,
			"2028-09-27T00:00:00Z 2028-09-27T23:59:59Z"},
		"days over a leap day": {everyDays(1), "2028-02-28T12:00:00Z", "2028-02-28T12:00:00Z",
			"2028-02-29T00:00:00Z 2028-02-29T23:59:59Z"},
		"days from another zone's evening": {everyDays(1), "2026-01-01T23:30:00-05:00",
			"2026-01-01T23:30:00-05:00", "2026-01-03T00:00:00Z 2026-01-03T23:59:59Z"},

		"rate(10 days)": {expression("rate(10 days)"), newYear, newYear,
			"2026-01-11T00:00:00Z 2026-01-11T23:59:59Z"},
		"rate(1 day)": {expression("rate(1 day)"), "2026-01-01T23:59:59Z", "2026-01-01T23:59:59Z",
			"2026-01-02T00:00:00Z 2026-01-02T23:59:59Z"},
		"rate(4 hours)": {expression("rate(4 hours)"), newYear, "2026-01-01T05:00:00Z",
			"2026-01-01T08:00:00Z 2026-01-01T08:59:59Z"},
		"rate(12 hours) as long as may be": {within("rate(12 hours)", "12h"), newYear, newYear,
			"2026-01-01T00:00:00Z 2026-01-01T11:59:59Z"},
		"rate(48 hours)": {expression("rate(48 hours)"), newYear, "2026-01-01T01:00:00Z",
			"2026-01-03T00:00:00Z 2026-01-03T00:59:59Z"},
		"rate(10 hours) whose window the day ends": {within("rate(10 hours)", "10h"), newYear,
			"2026-01-02T20:30:00Z", "2026-01-02T20:00:00Z 2026-01-02T23:59:59Z"},
		"rate(10 hours) goes on over midnight": {expression("rate(10 hours)"), newYear,
			"2026-01-02T21:00:00Z", "2026-01-03T06:00:00Z 2026-01-03T06:59:59Z"},

		"every 8 hours from 8": {expression("cron(0 8/8 * * ? *)"), newYear, newYear,
			"2026-01-01T08:00:00Z 2026-01-01T08:59:59Z"},
		"every 8 hours from midnight": {expression("cron(0 /8 * * ? *)"), newYear,
			"2026-01-01T16:30:00Z", "2026-01-01T16:00:00Z 2026-01-01T16:59:59Z"},
		"increments restart each day": {expression("cron(0 2/10 * * ? *)"), newYear,
			"2026-01-01T23:00:00Z", "2026-01-02T02:00:00Z 2026-01-02T02:59:59Z"},
		"Saturdays": {expression("cron(0 18 ? * SAT *)"), newYear, newYear,
			"2026-01-03T18:00:00Z 2026-01-03T23:59:59Z"},
		"Mondays to Fridays": {expression("cron(0 8 ? * MON-FRI *)"), newYear,
			"2026-01-03T00:00:00Z", "2026-01-05T08:00:00Z 2026-01-05T23:59:59Z"},
		"each third month's first Sunday": {expression("cron(0 1 ? 1/3 SUN#1 *)"), newYear,
			"2026-01-05T00:00:00Z", "2026-04-05T01:00:00Z 2026-04-05T23:59:59Z"},
		"last day of February": {expression("cron(0 17 L * ? *)"), newYear, "2026-02-01T00:00:00Z",
			"2026-02-28T17:00:00Z 2026-02-28T23:59:59Z"},
		"last day of a leap February": {expression("cron(0 17 L * ? *)"), newYear,
			"2028-02-28T23:00:00Z", "2028-02-29T17:00:00Z 2028-02-29T23:59:59Z"},
		"last Sunday, by the day of month": {expression("cron(0 0 SUNL * ? *)"), newYear, newYear,
			"2026-01-25T00:00:00Z 2026-01-25T23:59:59Z"},
		"last Sunday, by the day of week": {expression("cron(0 0 ? * SUNL *)"), newYear, newYear,
			"2026-01-25T00:00:00Z 2026-01-25T23:59:59Z"},
		"last Friday, by number": {expression("cron(0 0 ? * 6L *)"), newYear, newYear,
			"2026-01-30T00:00:00Z 2026-01-30T23:59:59Z"},
		"the week's last day": {expression("cron(0 0 ? * L *)"), newYear, newYear,
			"2026-01-03T00:00:00Z 2026-01-03T23:59:59Z"},
		"third Tuesday": {expression("cron(0 0 ? * TUE#3 *)"), newYear, newYear,
			"2026-01-20T00:00:00Z 2026-01-20T23:59:59Z"},
		"a fifth Monday, and months without": {expression("cron(0 0 ? * MON#5 *)"), newYear,
			newYear, "2026-03-30T00:00:00Z 2026-03-30T23:59:59Z"},
		"a 31st, and months without": {expression("cron(0 0 31 * ? *)"), newYear,
			"2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z 2026-05-31T23:59:59Z"},
		"a leap day": {expression("cron(0 0 29 FEB ? *)"), newYear, newYear,
			"2028-02-29T00:00:00Z 2028-02-29T23:59:59Z"},
		"a leap day after 1900's kind of year": {expression("cron(0 0 29 2 ? *)"), newYear,
			"2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z 2104-02-29T23:59:59Z"},
		"names in lower case": {expression("cron(0 0 ? feb-mar sun *)"), newYear, newYear,
			"2026-02-01T00:00:00Z 2026-02-01T23:59:59Z"},

		// Europe goes from 2 to 3 o'clock on 29 March 2026, and America left on the 8th.
		"an hour that summer time leaves out": {expression("cron(0 1 * * ? *)"), newYear,
			"2026-03-28T23:00:00-05:00", "2026-03-29T01:00:00Z 2026-03-29T23:59:59Z"},
		"before 1970": {expression("cron(0 6 ? * 5 *)"), newYear, "1969-12-25T07:00:00Z",
			"1969-12-25T06:00:00Z 1969-12-25T23:59:59Z"},
		"hours before 1970": {expression("rate(6 hours)"), newYear, "1969-12-31T17:00:00Z",
			"1969-12-31T18:00:00Z 1969-12-31T18:59:59Z"},
	} {
		t.Run(name, func(t *testing.T) {
			w, ok := parse(t, c.rules).Next(at(t, c.last), at(t, c.after))
			if got := text(w); !ok || got != c.want {
				t.Errorf("%+v after %s: got %s, %v, want %s", c.rules, c.after, got, ok, c.want)
			}
		})
	}
}

// TestNext_WindowThatIsOpen_CountsUntilItsEnd: a secret may rotate in a window that is open when
// it is configured, and in the next one when it has rotated in this.
func TestNext_WindowThatIsOpen_CountsUntilItsEnd(t *testing.T) {
	for _, r := range []schedule.Rules{
		everyDays(3), expression("rate(3 days)"), expression("rate(6 hours)"),
		within("rate(7 hours)", "7h"), within("cron(0 4,16 * * ? *)", "8h"),
		expression("cron(0 22 ? * FRI *)"),
	} {
		s := parse(t, r)
		last := at(t, "2026-05-01T12:34:56.789Z")
		first, _ := s.Next(last, last)
		for range 20 {
			second, ok := s.Next(last, first.End)
			if !ok || !second.Start.After(first.End) {
				t.Fatalf("%+v: after the end of %s comes %s", r, text(first), text(second))
			}
			for _, after := range []time.Time{
				first.Start.Add(-time.Nanosecond), first.Start, first.End.Add(-time.Nanosecond),
			} {
				if w, _ := s.Next(last, after); w != first {
					t.Errorf("%+v: at %s got %s, want %s", r, after, text(w), text(first))
				}
			}
			if w, _ := s.Next(last, first.End.Add(time.Nanosecond)); w != second {
				t.Errorf("%+v: in the last second of %s got %s", r, text(first), text(w))
			}
			first = second
		}
	}
}

// TestNext_RarestDays_IsFound: the leap day, and each fifth weekday in February, from each year of
// a whole cycle of the calendar.
func TestNext_RarestDays_IsFound(t *testing.T) {
	for _, text := range []string{
		"cron(0 0 29 2 ? *)", "cron(0 0 ? 2 SUN#5 *)", "cron(0 0 ? 2 MON#5 *)",
		"cron(0 0 ? 2 TUE#5 *)", "cron(0 0 ? 2 WED#5 *)", "cron(0 0 ? 2 THU#5 *)",
		"cron(0 0 ? 2 FRI#5 *)", "cron(0 0 ? 2 SAT#5 *)",
	} {
		s := parse(t, expression(text))
		for year := 1900; year < 2300; year++ {
			after := time.Date(year, time.December, 31, 0, 0, 0, 0, time.UTC)
			w, ok := s.Next(after, after)
			if !ok || w.Start.Month() != time.February || w.Start.Day() != 29 ||
				w.Start.Year() > year+40 {
				t.Errorf("%s after %d: got %v, %v", text, year, w, ok)
			}
		}
	}
}

func TestNext_NoRules_OpensNoWindow(t *testing.T) {
	var s schedule.Schedule
	if w, ok := s.Next(time.Now(), time.Now()); ok || s.Days() != 0 {
		t.Errorf("got %v, %d days", w, s.Days())
	}
}

// TestDays_Schedule_IsInDays: rate(10 hours) and the cron on the 1st and the 15th are AWS's; the
// rest is what was decided.
func TestDays_Schedule_IsInDays(t *testing.T) {
	for _, c := range []struct {
		rules schedule.Rules
		want  int64
	}{
		{everyDays(30), 30},
		{everyDays(1000), 1000},
		{expression("rate(10 days)"), 10},
		{expression("rate(10 hours)"), 1},
		{within("cron(0 16 1,15 * ? *)", "2h"), 14},

		{expression("rate(24 hours)"), 1},
		{expression("rate(25 hours)"), 2},
		{expression("rate(999 days)"), 999},
		{expression("cron(0 8/8 * * ? *)"), 1},
		{expression("cron(0 8 * * ? *)"), 1},
		{expression("cron(0 18 ? * SAT *)"), 7},
		{expression("cron(0 18 ? * MON-FRI *)"), 1},
		{expression("cron(0 8 1 * ? *)"), 28},
		{expression("cron(0 8 L,1 * ? *)"), 1},
		{expression("cron(0 8 1 1 ? *)"), 365},
		{expression("cron(0 8 29 2 ? *)"), 1000},
		{expression("cron(0 8 ? 2 SUN#5 *)"), 1000},
	} {
		if got := parse(t, c.rules).Days(); got != c.want {
			t.Errorf("%+v: got %d, want %d", c.rules, got, c.want)
		}
	}
}
