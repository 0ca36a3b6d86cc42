package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	mostDays     = 1000 // of AutomaticallyAfterDays, as the API's model has it
	mostRateDays = 999  // of a rate, as the user guide has it
	longestText  = 256  // characters of an expression
)

// refusal is an error whose text AWS's clients see: a whole sentence.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// notValid is a refusal of an expression. AWS's own words are not known.
func notValid(format string, args ...any) error {
	return refuse("The schedule expression isn't valid: "+format, args...)
}

// What the API's model says of the two texts. Here they are a second line: whatever of a text is in
// a message has only these characters.
var (
	expressionShape = regexp.MustCompile(`^[0-9A-Za-z()#?*\-/, ]+$`)
	durationShape   = regexp.MustCompile(`^[0-9]{1,2}h$`)
)

// Parse returns the schedule that rules make. Its errors are whole sentences for the caller, fit
// for InvalidParameterException. Rules that would rotate a secret more often than every four hours
// are refused, and so are a window that is too long, and a schedule that never comes.
func Parse(rules Rules) (Schedule, error) {
	open, err := parseDuration(rules.Duration)
	if err != nil {
		return Schedule{}, err
	}
	switch days, text := rules.AutomaticallyAfterDays, rules.ScheduleExpression; {
	case days != 0 && text != "": // the one sentence here that is AWS's
		return Schedule{}, refuse("You cannot specify both rotation frequency and schedule expression together.")
	case text != "":
		return parseExpression(text, open)
	case days == 0:
		return Schedule{}, refuse("You must specify a rotation frequency or a schedule expression.")
	case days < 1 || days > mostDays:
		return Schedule{}, refuse("AutomaticallyAfterDays must be between 1 and %d.", mostDays)
	default:
		return byDays(days, open), nil
	}
}

// parseDuration returns the hours of a window, and 0 where none are given.
func parseDuration(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if durationShape.MatchString(text) {
		hours, _ := strconv.ParseInt(strings.TrimSuffix(text, "h"), 10, 64) // two digits at most
		if hours >= 1 && hours <= hoursInDay {
			return hours, nil
		}
	}
	return 0, refuse("Duration must be between 1h and %dh.", hoursInDay)
}

func parseExpression(text string, open int64) (Schedule, error) {
	if len(text) > longestText || !expressionShape.MatchString(text) {
		return Schedule{}, notValid("it must have at most %d letters, digits, blanks and ()#?*-/,.",
			longestText)
	}
	kind, fields, ok := strings.Cut(text, "(")
	fields, closed := strings.CutSuffix(fields, ")")
	if ok && closed && kind == "rate" {
		return parseRate(fields, open)
	}
	if ok && closed && kind == "cron" {
		return parseCron(fields, open)
	}
	return Schedule{}, notValid("it must be rate(..) or cron(..).")
}

// parseRate reads "10 days". Singular and plural stand for each other: whether AWS minds is not
// known.
func parseRate(text string, open int64) (Schedule, error) {
	fields := split(text)
	if len(fields) != 2 {
		return Schedule{}, notValid("a rate is a number and hours or days.")
	}
	value, ok := number(fields[0])
	if !ok {
		return Schedule{}, notValid("%q is no number of hours or days.", fields[0])
	}
	most := int64(mostRateDays)
	switch fields[1] {
	case "day", "days":
		if value < 1 || value > most {
			return Schedule{}, notValid("a rate must be between %d hours and %d days.", mostOften, most)
		}
		return byDays(value, open), nil
	case "hour", "hours":
		if value < mostOften || value > most*hoursInDay {
			return Schedule{}, notValid("a rate must be between %d hours and %d days.", mostOften, most)
		}
		return byHours(value, open)
	}
	return Schedule{}, notValid("the unit of a rate is hours or days, not %q.", fields[1])
}

func byDays(days, open int64) Schedule {
	if open == 0 {
		open = hoursInDay
	}
	return Schedule{afterDays: days, open: open, shown: days}
}

// byHours holds a window to the next one's start. Where hours don't divide the day, some windows
// would go beyond their UTC day: those are cut off there, since the user guide compares the length
// with the hours between rotations alone.
func byHours(hours, open int64) (Schedule, error) {
	if open > hours {
		return Schedule{}, overlaps
	}
	return Schedule{
		everyHour: hours,
		open:      max(1, open),
		shown:     (hours + hoursInDay - 1) / hoursInDay,
	}, nil
}

// overlaps is the answer to windows that don't end before the next begins.
const overlaps = refusal("The rotation window must not extend into the next rotation window: choose a shorter Duration.")

// number reads digits alone, at most five of them: no sign and no blanks.
func number(text string) (int64, bool) {
	if len(text) > 5 {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return int64(n), err == nil
}

// split returns the words between blanks.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
}
