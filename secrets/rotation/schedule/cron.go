package schedule

import (
	"iter"
	"time"
)

const (
	// wholeCycle is in months: within 28 years of one leap year in four, every kind of year there is
	// (common or leap, from any weekday on) comes, and one more has the last beside the next.
	// What holds on the days of these years, and from one day to the next, always holds.
	wholeCycle = 29 * 12
	// longestGap is in months and more than the longest between two rotations: 40 years, from one
	// February with five Sundays to the next where the year that ends the century is no leap year.
	longestGap = 42 * 12
)

// cycleStart is the first day of wholeCycle, counted from 1970: a year that follows a leap year.
var cycleStart = day(time.Date(2001, time.January, 1, 0, 0, 0, 0, time.UTC))

// cron has the days and hours on which windows open.
type cron struct {
	hours  set // 0..23
	months set // 1..12
	days   days
}

// days are those of each month, by one of the two fields that may name them.
type days struct {
	ofMonth set    // 1..31; a month that has no such day is left out
	last    bool   // of the month
	ofWeek  set    // 1..7 from Sunday, each week's
	nth     [6]set // 1..7: the weekday's first to fifth in the month
	lastOf  set    // 1..7: the weekday's last in the month
}

// include reports whether a day of a month is one of them.
func (d days) include(n, monthLength, weekday int) bool {
	return d.ofMonth.has(n) || d.last && n == monthLength ||
		d.ofWeek.has(weekday) || d.nth[(n-1)/7+1].has(weekday) ||
		d.lastOf.has(weekday) && n > monthLength-7
}

// fires yields the days on which windows open, counted from 1970 and in order, from a day on and in
// its month and those that follow.
func (c cron) fires(from int64, months int) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		year, month, first := time.Unix(from*hoursInDay*secondsInHour, 0).UTC().Date()
		for i := range time.Month(months) {
			start := time.Date(year, month+i, 1, 0, 0, 0, 0, time.UTC)
			if c.months.has(int(start.Month())) && !c.firesIn(start, first, yield) {
				return
			}
			first = 1
		}
	}
}

// firesIn yields the days of one month from its first on, and reports whether more are wanted.
func (c cron) firesIn(month time.Time, first int, yield func(int64) bool) bool {
	length := month.AddDate(0, 1, -1).Day()
	start, weekday := day(month), int(month.Weekday())
	for d := first; d <= length; d++ {
		if !c.days.include(d, length, (weekday+d-1)%7+1) {
			continue
		}
		if !yield(start + int64(d-1)) {
			return false
		}
	}
	return true
}

// schedule holds the days and hours to the rules, and gives them windows. A schedule in hours is
// one that names more than one hour of a day, however it does.
func (c cron) schedule(open int64) (Schedule, error) {
	before, seen := int64(0), false
	least := int64(mostDays)
	for d := range c.fires(cycleStart, wholeCycle) {
		if seen {
			least = min(least, d-before)
		}
		before, seen = d, true
	}
	if !seen {
		return Schedule{}, notValid("no day is ever one of those that it names.")
	}
	if c.shortestPause(least) < mostOften {
		return Schedule{}, notValid("a secret must not rotate more often than every %d hours.", mostOften)
	}
	if err := c.fit(open); err != nil {
		return Schedule{}, err
	}
	switch hourly := c.hours.next(c.hours.first()+1) >= 0; {
	case open == 0 && hourly:
		open = 1
	case open == 0:
		open = hoursInDay // what goes beyond the day is cut off
	}
	return Schedule{cron: c, open: open, shown: least}, nil
}

// shortestPause returns the least hours from the start of one window to the next one's, where days
// with windows are at least so far from each other.
func (c cron) shortestPause(days int64) int {
	before := -1
	first := c.hours.first()
	least := hoursInDay * mostDays
	for h := range c.hours.each() {
		if before >= 0 {
			least = min(least, h-before)
		}
		before = h
	}
	return min(least, int(days)*hoursInDay-before+first)
}

// fit holds a window's length, if one was chosen, to its day and to the start of the next one on
// that day.
func (c cron) fit(open int64) error {
	for h := range c.hours.each() {
		end := h + int(open)
		if end > hoursInDay {
			return refuse("The rotation window must not extend into the next UTC day: choose a shorter Duration.")
		}
		if next := c.hours.next(h + 1); next >= 0 && end > next {
			return overlaps
		}
	}
	return nil
}
