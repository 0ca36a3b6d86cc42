package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/schedule"
)

// slow answers from an expression's text, hour by hour, what the package computes from sets: it is
// written from AWS's user guide and shares nothing with the package.
type slow struct {
	rate  int    // of a rate
	unit  string // of a rate
	cron  []string
	hours int // of the window; 0: the default
}

func slowly(text, duration string) slow {
	kind, rest, _ := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	fields := strings.Fields(rest)
	var s slow
	if kind == "rate" {
		s.rate, _ = strconv.Atoi(fields[0])
		s.unit = strings.TrimSuffix(fields[1], "s")
	} else {
		s.cron = fields
	}
	s.hours, _ = strconv.Atoi(strings.TrimSuffix(duration, "h"))
	return s
}

var (
	monthNames   = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	weekdayNames = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

// numbered reads a number or a name.
func numbered(text string, names []string) int {
	for i, name := range names {
		if strings.EqualFold(name, text) {
			return i + 1
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(text)
	}
	return n
}

// holds reports whether a list has a value, by counting up from where each item begins.
func holds(list string, value, low, high int, names []string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(item string) bool {
		base, step, stepped := strings.Cut(item, "/")
		by := 1
		if stepped {
			by = numbered(step, nil)
		}
		from, to := low, high
		if first, last, isRange := strings.Cut(base, "-"); isRange {
			from, to = numbered(first, names), numbered(last, names)
		} else if base != "*" && base != "" {
			from = numbered(base, names)
			if !stepped {
				to = from
			}
		}
		for n := from; n <= to; n += by {
			if n == value {
				return true
			}
		}
		return false
	})
}

// onDay reports whether a cron has a day, as the calendar of package time sees it.
func (s slow) onDay(t time.Time) bool {
	if !holds(s.cron[3], int(t.Month()), 1, 12, monthNames) {
		return false
	}
	field, byWeek := s.cron[2], false
	if field == "?" {
		field, byWeek = s.cron[4], true
	}
	weekday := strings.ToUpper(t.Weekday().String()[:3])
	return slices.ContainsFunc(strings.Split(strings.ToUpper(field), ","), func(item string) bool {
		name, nth, counted := strings.Cut(item, "#")
		switch {
		case item == "L" && byWeek:
			return t.Weekday() == time.Saturday
		case item == "L":
			return t.AddDate(0, 0, 1).Day() == 1
		case strings.HasSuffix(item, "L"):
			name = weekdayNames[numbered(strings.TrimSuffix(item, "L"), weekdayNames)-1]
			return name == weekday && t.AddDate(0, 0, 7).Month() != t.Month()
		case counted:
			n, before := numbered(nth, nil), t
			for range n - 1 {
				before = before.AddDate(0, 0, -7)
			}
			return weekdayNames[numbered(name, weekdayNames)-1] == weekday &&
				before.Month() == t.Month() && before.AddDate(0, 0, -7).Month() != t.Month()
		case byWeek:
			return holds(item, int(t.Weekday())+1, 1, 7, weekdayNames)
		}
		return holds(item, t.Day(), 1, 31, nil)
	})
}

// ofDay lists the hours of a day on which a cron has windows.
func (s slow) ofDay() (hours []int) {
	for h := range 24 {
		if holds(s.cron[1], h, 0, 23, nil) {
			hours = append(hours, h)
		}
	}
	return hours
}

// refused reports whether a cron or rate breaks a rule, by walking 30 years day by day.
func (s slow) refused() bool {
	if s.unit == "hour" {
		return s.rate < 4 || s.rate > 999*24 || s.hours > s.rate
	}
	if s.unit == "day" {
		return s.rate < 1 || s.rate > 999
	}
	hours := s.ofDay()
	for i, h := range hours {
		if h+s.hours > 24 || i > 0 && (h-hours[i-1] < 4 || h-hours[i-1] < s.hours) {
			return true
		}
	}
	crowded := 24-hours[len(hours)-1]+hours[0] < 4
	fires, yesterday := false, false
	for d := time.Date(2096, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2126; d = d.AddDate(0, 0, 1) {
		today := s.onDay(d)
		if crowded && today && yesterday {
			return true
		}
		fires, yesterday = fires || today, today
		if fires && !crowded {
			return false
		}
	}
	return !fires
}

// starts reports whether a window starts in an hour.
func (s slow) starts(t, last time.Time) bool {
	switch s.unit {
	case "hour":
		return int(t.Sub(time.Unix(0, 0)).Hours())%s.rate == 0
	case "day":
		y, m, d := last.UTC().Date()
		on := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		for on = on.AddDate(0, 0, s.rate); on.Before(t); {
			on = on.AddDate(0, 0, s.rate)
		}
		return on.Equal(t)
	}
	return holds(s.cron[1], t.Hour(), 0, 23, nil) && s.onDay(t)
}

// end returns the end of the window that starts in an hour.
func (s slow) end(t time.Time) time.Time {
	midnight := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
	end := t.Add(time.Duration(s.hours) * time.Hour)
	if s.hours == 0 && (s.unit == "hour" || s.cron != nil && len(s.ofDay()) > 1) {
		end = t.Add(time.Hour)
	} else if s.hours == 0 || end.After(midnight) {
		end = midnight
	}
	return end.Add(-time.Second)
}

// next walks hour by hour from a day before.
func (s slow) next(last, after time.Time) schedule.Window {
	t := after.UTC().Truncate(time.Hour).Add(-24 * time.Hour)
	for ; ; t = t.Add(time.Hour) {
		if s.starts(t, last) && s.end(t).After(after) {
			return schedule.Window{Start: t, End: s.end(t)}
		}
	}
}

// drawn makes expressions that are in AWS's language, though many of them break a rule.
type drawn struct{ *rand.Rand }

func (r drawn) of(texts ...string) string { return texts[r.IntN(len(texts))] }

// item draws one of what every field knows: 3, 3-7, *, /2, */2, 3/2, 3-7/2.
func (r drawn) item(low, high int, names []string) string {
	value := func(n int) string {
		if len(names) > 0 && r.IntN(2) == 0 {
			return names[n-1]
		}
		return strconv.Itoa(n)
	}
	from := low + r.IntN(high-low+1)
	to := from + r.IntN(high-from+1)
	step := 1 + r.IntN(high)
	return r.of(value(from), value(from), value(from), value(from)+"-"+value(to), "*",
		fmt.Sprintf("/%d", step), fmt.Sprintf("*/%d", step),
		fmt.Sprintf("%s/%d", value(from), step),
		fmt.Sprintf("%s-%s/%d", value(from), value(to), step))
}

func (r drawn) list(item func() string) string {
	items := []string{item()}
	for r.IntN(3) == 0 && len(items) < 4 {
		items = append(items, item())
	}
	return strings.Join(items, ",")
}

func (r drawn) monthDay() string {
	if r.IntN(4) > 0 {
		return r.item(1, 31, nil)
	}
	return r.of("L", r.of(weekdayNames...)+"L", "29", "30", "31")
}

func (r drawn) weekday() string {
	if r.IntN(3) > 0 {
		return r.item(1, 7, weekdayNames)
	}
	name := r.of(weekdayNames...)
	day := r.of(name, strings.ToLower(name), strconv.Itoa(1+r.IntN(7)))
	return r.of("L", day+"L", fmt.Sprintf("%s#%d", day, 1+r.IntN(5)))
}

func (r drawn) expression() string {
	if r.IntN(8) == 0 {
		return fmt.Sprintf("rate(%d %s)", r.IntN(40), r.of("hour", "hours", "day", "days"))
	}
	hours := r.of(strconv.Itoa(r.IntN(24)), r.list(func() string { return r.item(0, 23, nil) }),
		fmt.Sprintf("%d/%d", r.IntN(12), 4+r.IntN(12)), fmt.Sprintf("%d,%d", r.IntN(8), 12+r.IntN(12)))
	months := "*"
	if r.IntN(2) == 0 {
		months = r.list(func() string { return r.item(1, 12, monthNames) })
	}
	days := r.list(r.monthDay) + " " + months + " ?"
	if r.IntN(2) == 0 {
		days = "? " + months + " " + r.list(r.weekday)
	}
	return "cron(0 " + hours + " " + days + " *)"
}

// TestNext_GeneratedExpressions_AgreeWithASlowWalk holds 2,000 expressions to a walk, hour by hour,
// that knows nothing of sets: whether they are refused, and four windows each.
func TestNext_GeneratedExpressions_AgreeWithASlowWalk(t *testing.T) {
	r := drawn{rand.New(rand.NewPCG(1, 2))}
	accepted, refused := 0, 0
	for range 2000 {
		text, duration := r.expression(), ""
		if r.IntN(3) == 0 {
			duration = fmt.Sprintf("%dh", 1+r.IntN(r.IntN(24)+1))
		}
		walk := slowly(text, duration)
		s, err := schedule.Parse(within(text, duration))
		if want := walk.refused(); (err != nil) != want {
			t.Errorf("%s for %q: got %v, want refused %v", text, duration, err, want)
			continue
		}
		if err != nil {
			refused++
			continue
		}
		accepted++
		// Moments around the year 2100, which has no leap day, come often.
		last := time.Date(1960+r.IntN(150), time.Month(r.IntN(12)), r.IntN(32), r.IntN(24), 0,
			r.IntN(3600), r.IntN(1e9), time.UTC)
		after := last.Add(time.Duration(r.IntN(1000)) * time.Hour)
		for range 4 {
			want := walk.next(last, after)
			if got, ok := s.Next(last, after); !ok || got != want {
				t.Errorf("%s for %q after %s: got %v, %v, want %v", text, duration, after, got, ok, want)
			}
			after = want.End.Add(time.Duration(r.IntN(3)-1) * time.Second)
		}
	}
	if accepted < 700 || refused < 300 {
		t.Errorf("only %d expressions were accepted and %d refused: that says too little", accepted,
			refused)
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}
