package schedule

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// set is of numbers from 0 to 31, a bit for each.
type set uint32

func (s set) has(n int) bool { return s>>n&1 == 1 }

// next returns the least number that is at least n, and -1 if there is none.
func (s set) next(n int) int {
	if s>>n == 0 {
		return -1
	}
	return n + bits.TrailingZeros32(uint32(s>>n))
}

// first returns the least number of a set that isn't empty.
func (s set) first() int { return s.next(0) }

// each yields the numbers in order.
func (s set) each() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := s.next(0); n >= 0; n = s.next(n + 1) {
			if !yield(n) {
				return
			}
		}
	}
}

// field is one of the six of a cron expression.
type field struct {
	name      string
	low, high int
	names     []string // of low and those that follow; in any case, which AWS doesn't speak of
}

var (
	hourField     = field{name: "hours", low: 0, high: 23}
	monthDayField = field{name: "day of month", low: 1, high: 31}
	monthField    = field{name: "month", low: 1, high: 12, names: []string{
		"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdayField = field{name: "day of week", low: 1, high: 7, names: []string{
		"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
)

// parseCron reads the six fields: minutes, hours, day of month, month, day of week, year.
func parseCron(text string, open int64) (Schedule, error) {
	fields := split(text)
	if len(fields) != 6 {
		return Schedule{}, notValid("a cron expression has six fields.")
	}
	if fields[0] != "0" {
		return Schedule{}, notValid("the field of minutes must be 0.")
	}
	if fields[5] != "*" {
		return Schedule{}, notValid("the field of the year must be *.")
	}
	var c cron
	var err error
	if c.hours, err = hourField.parse(fields[1]); err != nil {
		return Schedule{}, err
	}
	if c.months, err = monthField.parse(fields[3]); err != nil {
		return Schedule{}, err
	}
	if c.days, err = parseDays(fields[2], fields[4]); err != nil {
		return Schedule{}, err
	}
	return c.schedule(open)
}

// parseDays reads the field of two that names the days; the other has to be a question mark.
func parseDays(ofMonth, ofWeek string) (d days, err error) {
	switch {
	case (ofMonth == "?") == (ofWeek == "?"):
		return d, notValid("one of day of month and day of week must be ?, and the other not.")
	case ofWeek == "?":
		err = d.addOfMonth(ofMonth)
	default:
		err = d.addOfWeek(ofWeek)
	}
	return d, err
}

// addOfMonth reads a list that may have L, the last day, and SUNL, the last Sunday. The user guide
// has the latter in this field; the other one, where other cron expressions of AWS have it, takes
// it too.
func (d *days) addOfMonth(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		upper := strings.ToUpper(item)
		if upper == "L" {
			d.last = true
			continue
		}
		if name, ok := strings.CutSuffix(upper, "L"); ok && slices.Contains(weekdayField.names, name) {
			weekday, _ := weekdayField.value(name)
			d.lastOf |= 1 << weekday
			continue
		}
		s, err := monthDayField.item(item)
		if err != nil {
			return err
		}
		d.ofMonth |= s
	}
	return nil
}

// addOfWeek reads a list that may have L, the week's last day and that is Saturday; SUNL or 1L, the
// month's last Sunday; and TUE#3 or 3#3, its third Tuesday.
func (d *days) addOfWeek(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		upper := strings.ToUpper(item)
		if upper == "L" {
			d.ofWeek |= 1 << weekdayField.high
			continue
		}
		if name, ok := strings.CutSuffix(upper, "L"); ok {
			weekday, ok := weekdayField.value(name)
			if !ok {
				return weekdayField.refuse(item)
			}
			d.lastOf |= 1 << weekday
			continue
		}
		if name, nth, ok := strings.Cut(upper, "#"); ok {
			weekday, ok := weekdayField.value(name)
			n, digits := number(nth)
			if !ok || !digits || n < 1 || n > 5 {
				return weekdayField.refuse(item)
			}
			d.nth[n] |= 1 << weekday
			continue
		}
		s, err := weekdayField.item(item)
		if err != nil {
			return err
		}
		d.ofWeek |= s
	}
	return nil
}

func (f field) refuse(item string) error {
	return notValid("%q is nothing that the field %s can be.", item, f.name)
}

// parse reads a list.
func (f field) parse(text string) (all set, err error) {
	for item := range strings.SplitSeq(text, ",") {
		s, err := f.item(item)
		if err != nil {
			return 0, err
		}
		all |= s
	}
	return all, nil
}

// item reads what is between two commas: *, 3, 3-7, and with a step */2, /2, 3/2, 3-7/2. A value
// with a step goes on to the field's end. A range that ends before it starts is refused: AWS
// doesn't say that a field goes round.
func (f field) item(text string) (all set, err error) {
	span, by, stepped := strings.Cut(text, "/")
	step := int64(1)
	if stepped {
		var ok bool
		if step, ok = number(by); !ok || step < 1 || step > int64(f.high) {
			return 0, f.refuse(text)
		}
	}
	from, to, ok := f.span(span, stepped)
	if !ok {
		return 0, f.refuse(text)
	}
	for n := from; n <= to; n += int(step) {
		all |= 1 << n
	}
	return all, nil
}

// span reads an item's part before the step.
func (f field) span(text string, stepped bool) (from, to int, ok bool) {
	if text == "*" || text == "" && stepped {
		return f.low, f.high, true
	}
	first, last, isRange := strings.Cut(text, "-")
	from, ok = f.value(first)
	switch {
	case !ok:
		return 0, 0, false
	case isRange:
		to, ok = f.value(last)
		return from, to, ok && from <= to
	case stepped:
		return from, f.high, true
	}
	return from, from, true
}

// value reads a number or a name.
func (f field) value(text string) (int, bool) {
	if i := slices.Index(f.names, strings.ToUpper(text)); i >= 0 {
		return f.low + i, true
	}
	n, ok := number(text)
	return int(n), ok && int(n) >= f.low && int(n) <= f.high
}
