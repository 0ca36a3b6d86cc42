// Package schedule reads ScheduleExpression of rules, rate(...) and cron(...), and says when one is
// due. It is pure. Times are in UTC, and have minutes, as with EventBridge.
package schedule

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Schedule is an expression that was read.
type Schedule struct {
	every time.Duration // of a rate
	cron  *cron
}

// ErrInvalid says that a text is no schedule. EventBridge doesn't say why.
var ErrInvalid = errors.New("it is neither rate(...) nor cron(...), or names no time")

// Parse reads an expression.
func Parse(text string) (Schedule, error) {
	inside, ok := within(text, "rate(")
	if ok {
		every, err := parseRate(inside)
		return Schedule{every: every}, err
	}
	if inside, ok = within(text, "cron("); !ok {
		return Schedule{}, ErrInvalid
	}
	c, err := parseCron(inside)
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{cron: c}, nil
}

func within(text, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ")")
}

// units are those of a rate. One of a thing is in the singular, as EventBridge asks for.
var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour,
	"day": 24 * time.Hour}

func parseRate(text string) (time.Duration, error) {
	value, unit, ok := strings.Cut(text, " ")
	n, err := strconv.ParseInt(value, 10, 32)
	if !ok || err != nil || n < 1 {
		return 0, ErrInvalid
	}
	if n > 1 {
		if unit, ok = strings.CutSuffix(unit, "s"); !ok {
			return 0, ErrInvalid
		}
	}
	one, ok := units[unit]
	if !ok || n > int64(36525*24*time.Hour/one) {
		return 0, ErrInvalid
	}
	return time.Duration(n) * one, nil
}

// Next returns the first moment behind one that is due, for a rule that was made or changed at
// begun, which is where a rate counts from. It is zero if there is none any more.
func (s Schedule) Next(begun, behind time.Time) time.Time {
	if s.cron != nil {
		return s.cron.next(behind.UTC())
	}
	if behind.Before(begun) {
		return begun.Add(s.every)
	}
	return begun.Add((behind.Sub(begun)/s.every + 1) * s.every)
}
