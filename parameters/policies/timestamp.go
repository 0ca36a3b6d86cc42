package policies

import (
	"regexp"
	"strconv"
	"time"
)

// timestamps are what Java's ISO_INSTANT and ISO_OFFSET_DATE_TIME have in common with ISO 8601:
// seconds may be left out, a fraction has one to nine digits, and an offset has hours, minutes and
// perhaps seconds. Letters may be small. Years that aren't of four digits are left to Java.
var timestamps = regexp.MustCompile(`(?i)^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?` +
	`(?:Z|([+-])(\d\d):(\d\d)(?::(\d\d))?)$`)

const farthest = 18 * time.Hour // an offset, either way, in Java

// parseTimestamp reads the Timestamp of an Expiration. Times at rest have microseconds, so finer
// fractions are cut. The fraction and the offset are read here, because time.Parse takes a comma
// for the point, and offsets of a day.
func parseTimestamp(text string) (time.Time, bool) {
	part := timestamps.FindStringSubmatch(text)
	if part == nil {
		return time.Time{}, false
	}
	minute, second, fraction, sign, offset := part[1], part[2], part[3], part[4], part[5:]
	if second == "" && fraction != "" {
		return time.Time{}, false
	}
	if second == "" {
		second = ":00"
	}
	// A small t is a T.
	local, err := time.Parse("2006-01-02T15:04:05", minute[:10]+"T"+minute[11:]+second)
	if err != nil {
		return time.Time{}, false
	}
	ahead, ok := parseOffset(offset[0], offset[1], offset[2])
	if !ok {
		return time.Time{}, false
	}
	if sign == "-" {
		ahead = -ahead
	}
	return local.Add(parseFraction(fraction) - ahead).Truncate(time.Microsecond), true
}

func parseFraction(digits string) time.Duration {
	n := number(digits)
	for range 9 - len(digits) {
		n *= 10
	}
	return time.Duration(n)
}

// parseOffset reads hours, minutes and seconds, each of two digits, or none.
func parseOffset(hours, minutes, seconds string) (time.Duration, bool) {
	if number(minutes) > 59 || number(seconds) > 59 {
		return 0, false
	}
	d := time.Duration(number(hours))*time.Hour + time.Duration(number(minutes))*time.Minute +
		time.Duration(number(seconds))*time.Second
	return d, d <= farthest
}

// number reads digits that are too few to overflow. No digits are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
