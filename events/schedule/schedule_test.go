package schedule_test

import (
	"testing"
	"time"

	"claviger/events/schedule"
)

const form = "2006-01-02 15:04:05"

func at(t *testing.T, text string) time.Time {
	t.Helper()
	if len(text) == 16 {
		text += ":00"
	}
	when, err := time.Parse(form, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// The expressions are those of the EventBridge user guide ("Schedule expressions").
func TestNext_DocumentedExpressions_AreDueAsDocumented(t *testing.T) {
	const begun = "2026-01-01 00:00:30"
	for _, c := range []struct{ text, behind, want string }{
		{"rate(1 minute)", begun, "2026-01-01 00:01:30"},
		{"rate(5 minutes)", "2026-01-01 00:06:00", "2026-01-01 00:10:30"},
		{"rate(1 hour)", "2026-01-01 01:00:30", "2026-01-01 02:00:30"},
		{"rate(7 days)", begun, "2026-01-08 00:00:30"},
		{"cron(0 10 * * ? *)", "2026-03-01 10:00", "2026-03-02 10:00"},
		{"cron(15 12 * * ? *)", "2026-03-01 10:00", "2026-03-01 12:15"},
		{"cron(0 18 ? * MON-FRI *)", "2026-02-27 18:00", "2026-03-02 18:00"},
		{"cron(0 8 1 * ? *)", "2026-03-01 09:00", "2026-04-01 08:00"},
		{"cron(0/15 * * * ? *)", "2026-03-01 10:01", "2026-03-01 10:15"},
		{"cron(0/10 * ? * MON-FRI *)", "2026-02-27 23:55", "2026-03-02 00:00"},
		{"cron(0/5 8-17 ? * MON-FRI *)", "2026-02-27 17:55", "2026-03-02 08:00"},
		{"cron(0/30 20-23,0-2 ? * MON-FRI *)", "2026-03-02 02:30", "2026-03-02 20:00"},
		{"cron(0 20 * * ? *)", begun, "2026-01-01 20:00"},
		{"cron(15 10 ? * 6L 2026-2027)", begun, "2026-01-30 10:15"},
		{"cron(0 0 L * ? *)", "2026-02-01 00:00", "2026-02-28 00:00"},
		{"cron(0 0 L-3 * ? *)", "2026-02-01 00:00", "2026-02-25 00:00"},
		{"cron(0 9 ? * 2#1 *)", "2026-02-03 00:00", "2026-03-02 09:00"},
		{"cron(0 9 ? * FRI#5 *)", "2026-01-31 00:00", "2026-05-29 09:00"},
		{"cron(0 9 15W * ? *)", "2026-02-01 00:00", "2026-02-16 09:00"},
		{"cron(0 9 1W * ? *)", "2026-07-31 00:00", "2026-08-03 09:00"},
		{"cron(0 9 LW * ? *)", "2026-02-01 00:00", "2026-02-27 09:00"},
		{"cron(0 0 29 2 ? *)", "2026-01-01 00:00", "2028-02-29 00:00"},
		{"cron(0 0 1 JAN ? 2030)", "2026-01-01 00:00", "2030-01-01 00:00"},
		{"cron(0 0 1 1 ? 2020)", "2026-01-01 00:00", ""},
		{"cron(0 0 31 2 ? *)", "2026-01-01 00:00", ""},
		{"cron(5 0 ? * L *)", "2026-03-01 00:00", "2026-03-07 00:05"},
	} {
		s, err := schedule.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := s.Next(at(t, begun), at(t, c.behind))
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(at(t, c.want)) {
			t.Errorf("%s behind %s: %v, want %s", c.text, c.behind, got, c.want)
		}
	}
}

func TestParse_BadExpressions_AreRefused(t *testing.T) {
	for _, text := range []string{"", "rate()", "rate(1)", "rate(1 minutes)", "rate(2 minute)",
		"rate(0 minutes)", "rate(-1 minutes)", "rate(1 second)", "rate(5 weeks)", "rate(1  minute)",
		"rate(999999999 days)", "rate(1 minute", "Rate(1 minute)", "cron()", "cron(0 20 * * ?)",
		"cron(0 20 * * * *)", "cron(0 20 ? * ? *)", "cron(60 20 * * ? *)", "cron(0 24 * * ? *)",
		"cron(0 0 32 * ? *)", "cron(0 0 * 13 ? *)", "cron(0 0 ? * 8 *)", "cron(0 0 * * ? 1969)",
		"cron(0 0 ? * MON#6 *)", "cron(0 0 * FOO ? *)", "cron(5-1 0 * * ? *)", "cron(*/0 0 * * ? *)",
		"cron(0,,1 0 * * ? *)", "at(2026-01-01T00:00:00)", "cron(0 0 33W * ? *)"} {
		if _, err := schedule.Parse(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzParse: what is read is due behind the moment that is asked for, or never.
func FuzzParse(f *testing.F) {
	f.Add("rate(5 minutes)", int64(1e9))
	f.Add("cron(0/5 8-17 ? * MON-FRI *)", int64(2e9))
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		s, err := schedule.Parse(text)
		if err != nil || seconds < 0 || seconds > 4e9 {
			return
		}
		behind := time.Unix(seconds, 0).UTC()
		if next := s.Next(time.Unix(1e9, 0), behind); !next.IsZero() && !next.After(behind) {
			t.Errorf("%s behind %v is due at %v", text, behind, next)
		}
	})
}
