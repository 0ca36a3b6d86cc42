package schedule

import (
	"strconv"
	"strings"
	"time"
)

// cron has the minutes that are due: six fields, of which one of the days is ?.
type cron struct {
	minutes, hours, months set
	years                  set // from firstYear
	days                   days
}

// days are those of a month, by one of the two fields that may name them.
type days struct {
	ofMonth set
	last    bool // of the month
	before  int  // so many days before the last
	near    int  // the weekday nearest this day; 0: none
	lastly  bool // the last weekday of the month
	ofWeek  set  // 1..7 from Sunday
	nth     int  // and only the nth in the month; 0: each
	lastOf  bool // and only the last in the month
}

const (
	firstYear = 1970
	lastYear  = 2199
)

// set is of numbers below 256.
type set [4]uint64

func (s *set) add(n int)      { s[n/64] |= 1 << (n % 64) }
func (s *set) has(n int) bool { return n >= 0 && n < 256 && s[n/64]>>(n%64)&1 == 1 }

var (
	monthNames = names("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	dayNames   = names("SUN MON TUE WED THU FRI SAT")
)

// names numbers words from 1.
func names(words string) map[string]int {
	all := map[string]int{}
	for i, w := range strings.Fields(words) {
		all[w] = i + 1
	}
	return all
}

func parseCron(text string) (*cron, error) {
	f := strings.Fields(text)
	if len(f) != 6 || (f[2] == "?") == (f[4] == "?") {
		return nil, ErrInvalid
	}
	c := &cron{}
	for _, part := range []struct {
		text     string
		low, top int
		names    map[string]int
		offset   int
		to       *set
	}{{f[0], 0, 59, nil, 0, &c.minutes}, {f[1], 0, 23, nil, 0, &c.hours},
		{f[3], 1, 12, monthNames, 0, &c.months},
		{f[5], firstYear, lastYear, nil, firstYear, &c.years}} {
		if !parseField(part.text, part.low, part.top, part.names, part.offset, part.to) {
			return nil, ErrInvalid
		}
	}
	if f[4] == "?" && !c.days.parseOfMonth(f[2]) || f[2] == "?" && !c.days.parseOfWeek(f[4]) {
		return nil, ErrInvalid
	}
	return c, nil
}

// parseField reads numbers, ranges and steps with commas between them.
func parseField(text string, low, top int, names map[string]int, offset int, to *set) bool {
	for item := range strings.SplitSeq(text, ",") {
		span, every, stepped := strings.Cut(item, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(every)
			if err != nil || n < 1 || n > top {
				return false
			}
			step = n
		}
		from, until := low, top
		if span != "*" {
			first, last, ranged := strings.Cut(span, "-")
			var ok bool
			if from, ok = number(first, low, top, names); !ok {
				return false
			}
			if ranged {
				if until, ok = number(last, low, top, names); !ok || until < from {
					return false
				}
			} else if !stepped {
				until = from
			}
		}
		for n := from; n <= until; n += step {
			to.add(n - offset)
		}
	}
	return true
}

func number(text string, low, top int, names map[string]int) (int, bool) {
	if n, ok := names[strings.ToUpper(text)]; ok {
		return n, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= low && n <= top
}

// parseOfMonth reads days of the month: numbers, L, L-3, LW or 15W.
func (d *days) parseOfMonth(text string) bool {
	switch before, isBefore := strings.CutPrefix(text, "L-"); {
	case text == "L":
		d.last = true
		return true
	case text == "LW":
		d.lastly = true
		return true
	case isBefore:
		n, ok := number(before, 1, 30, nil)
		d.last, d.before = true, n
		return ok
	}
	if near, ok := strings.CutSuffix(text, "W"); ok {
		d.near, ok = number(near, 1, 31, nil)
		return ok
	}
	return parseField(text, 1, 31, nil, 0, &d.ofMonth)
}

// parseOfWeek reads days of the week: numbers or names, FRI#2, L or 6L.
func (d *days) parseOfWeek(text string) bool {
	if text == "L" {
		d.ofWeek.add(7)
		return true
	}
	if day, nth, ok := strings.Cut(text, "#"); ok {
		n, isDay := number(day, 1, 7, dayNames)
		d.nth, ok = number(nth, 1, 5, nil)
		if isDay {
			d.ofWeek.add(n)
		}
		return ok && isDay
	}
	if day, ok := strings.CutSuffix(text, "L"); ok {
		n, isDay := number(day, 1, 7, dayNames)
		if isDay {
			d.ofWeek.add(n)
		}
		d.lastOf = true
		return isDay
	}
	return parseField(text, 1, 7, dayNames, 0, &d.ofWeek)
}

// has reports whether a day is one of them.
func (d *days) has(t time.Time) bool {
	length := time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	n, weekday := t.Day(), int(t.Weekday())+1
	switch {
	case d.last:
		return n == length-d.before
	case d.lastly:
		return n == nearest(t, length, length)
	case d.near > 0:
		return d.near <= length && n == nearest(t, d.near, length)
	case d.nth > 0:
		return d.ofWeek.has(weekday) && (n-1)/7+1 == d.nth
	case d.lastOf:
		return d.ofWeek.has(weekday) && n > length-7
	}
	return d.ofMonth.has(n) || d.ofWeek.has(weekday)
}

// nearest is the day from Monday to Friday that is nearest to a day, in the same month.
func nearest(month time.Time, day, length int) int {
	switch time.Date(month.Year(), month.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == length {
			return day - 2
		}
		return day + 1
	}
	return day
}

// next is the first minute behind a moment that is due, or zero if none ever is.
func (c *cron) next(behind time.Time) time.Time {
	t := behind.Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		y, m, d := t.Date()
		switch {
		case !c.years.has(y - firstYear):
			t = time.Date(y+1, 1, 1, 0, 0, 0, 0, time.UTC)
		case !c.months.has(int(m)):
			t = time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
		case !c.days.has(t):
			t = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
		case !c.hours.has(t.Hour()):
			t = time.Date(y, m, d, t.Hour()+1, 0, 0, 0, time.UTC)
		case !c.minutes.has(t.Minute()):
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}
