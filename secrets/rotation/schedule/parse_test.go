package schedule_test

import (
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/schedule"
)

// What Parse says, by what is wrong.
const (
	both      = "You cannot specify both rotation frequency and schedule expression together."
	neither   = "You must specify a rotation frequency or a schedule expression."
	badDays   = "AutomaticallyAfterDays must be between 1 and 1000."
	badLength = "Duration must be between 1h and 24h."
	badText   = "The schedule expression isn't valid: "
	tooOften  = badText + "a secret must not rotate more often than every 4 hours."
	never     = badText + "no day is ever one of those that it names."
	nextDay   = "The rotation window must not extend into the next UTC day: choose a shorter Duration."
	overlap   = "The rotation window must not extend into the next rotation window: choose a shorter Duration."
)

func TestParse_Rules_AreRefusedInASentence(t *testing.T) {
	for _, c := range []struct {
		rules schedule.Rules
		want  string
	}{
		{schedule.Rules{AutomaticallyAfterDays: 1, ScheduleExpression: "rate(1 day)"}, both},
		{schedule.Rules{AutomaticallyAfterDays: 1, ScheduleExpression: "rubbish"}, both},
		{schedule.Rules{}, neither},
		{schedule.Rules{Duration: "2h"}, neither},
		{everyDays(-1), badDays},
		{everyDays(1001), badDays},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "0h"}, badLength},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "25h"}, badLength},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "2"}, badLength},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "-2h"}, badLength},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "2h\n"}, badLength},
		{schedule.Rules{AutomaticallyAfterDays: 1, Duration: "002h"}, badLength},

		{expression("rate(3 hours)"), badText},
		{expression("rate(0 days)"), badText},
		{expression("rate(1000 days)"), badText},
		{expression("rate(23977 hours)"), badText},
		{expression("rate(99999999999999999999 days)"), badText},
		{expression("rate(-5 days)"), badText},
		{expression("rate(5 minutes)"), badText},
		{expression("rate(5)"), badText},
		{expression("rate(5 days 2)"), badText},
		{expression("rate(5 days"), badText},
		{expression("rate 5 days)"), badText},
		{expression("Rate(5 days)"), badText},
		{expression("at(5 days)"), badText},
		{within("rate(6 hours)", "7h"), overlap},

		{expression("cron(0 8 * * ?)"), badText},
		{expression("cron(0 8 * * ? * *)"), badText},
		{expression("cron(5 8 * * ? *)"), badText},
		{expression("cron(* 8 * * ? *)"), badText},
		{expression("cron(0 8 * * ? 2026)"), badText},
		{expression("cron(0 8 * * * *)"), badText},
		{expression("cron(0 8 ? * ? *)"), badText},
		{expression("cron(0 8 1 * 2 *)"), badText},
		{expression("cron(0 24 * * ? *)"), badText},
		{expression("cron(0 ? * * ? *)"), badText},
		{expression("cron(0 8,, * * ? *)"), badText},
		{expression("cron(0 /0 * * ? *)"), badText},
		{expression("cron(0 0/24 * * ? *)"), badText},
		{expression("cron(0 1/2/3 * * ? *)"), badText},
		{expression("cron(0 16-8 * * ? *)"), badText},
		{expression("cron(0 1-2-3 * * ? *)"), badText},
		{expression("cron(0 / * * ? *)"), badText},
		{expression("cron(0 8 0 * ? *)"), badText},
		{expression("cron(0 8 32 * ? *)"), badText},
		{expression("cron(0 8 MON * ? *)"), badText},
		{expression("cron(0 8 1L * ? *)"), badText},
		{expression("cron(0 8 15W * ? *)"), badText},
		{expression("cron(0 8 1 ? ? *)"), badText},
		{expression("cron(0 8 1 13 ? *)"), badText},
		{expression("cron(0 8 1 SUN ? *)"), badText},
		{expression("cron(0 8 1 L ? *)"), badText},
		{expression("cron(0 8 ? * 0 *)"), badText},
		{expression("cron(0 8 ? * 8 *)"), badText},
		{expression("cron(0 8 ? * LL *)"), badText},
		{expression("cron(0 8 ? * SUN#0 *)"), badText},
		{expression("cron(0 8 ? * SUN#6 *)"), badText},
		{expression("cron(0 8 ? * #2 *)"), badText},
		{expression("cron(0 8 ? * 1#2#3 *)"), badText},
		{expression("cron(0 8\t1 * ? *)"), badText},
		{expression("cron(0 8 é * ? *)"), badText},
		{expression("cron(0 8 1 * ? *)" + strings.Repeat(" ", 256)), badText},
		{expression("rate(5 days" + strings.Repeat(" ", 245) + ")"), badText},

		{expression("cron(0 * * * ? *)"), tooOften},
		{expression("cron(0 */3 * * ? *)"), tooOften},
		{expression("cron(0 1,4 1 * ? *)"), tooOften},
		{expression("cron(0 0,22 * * ? *)"), tooOften},       // over midnight
		{expression("cron(0 0,22 L,1 * ? *)"), tooOften},     // from one month to the next
		{expression("cron(0 0,22 1,31 1,12 ? *)"), tooOften}, // from one year to the next
		{expression("cron(0 0,22 28,1 2,3 ? *)"), tooOften},  // in some years
		{expression("cron(0 0,22 ? * 1,7 *)"), tooOften},     // from one week to the next

		{expression("cron(0 0 31 FEB ? *)"), never},
		{expression("cron(0 0 30,31 2 ? *)"), never},
		{expression("cron(0 0 31 4,6,9,11 ? *)"), never},

		{within("cron(0 16 1 * ? *)", "9h"), nextDay},
		{within("cron(0 16 1 * ? *)", "24h"), nextDay},
		{within("cron(0 4,16 1 * ? *)", "13h"), overlap},
		{within("cron(0 2/10 * * ? *)", "3h"), nextDay},
	} {
		s, err := schedule.Parse(c.rules)
		if err == nil {
			t.Errorf("%+v is accepted", c.rules)
			continue
		}
		got := err.Error()
		if got != c.want && (c.want != badText || !strings.HasPrefix(got, badText)) {
			t.Errorf("%+v: got %q, want %q", c.rules, got, c.want)
		}
		if strings.HasPrefix(got, tooOften) != (c.want == tooOften) || !strings.HasSuffix(got, ".") {
			t.Errorf("%+v: got %q", c.rules, got)
		}
		if _, ok := s.Next(time.Now(), time.Now()); ok {
			t.Errorf("%+v: what is refused opens windows", c.rules)
		}
	}
}

// TestParse_BorderlineRules_AreAccepted has what is just within the rules.
func TestParse_BorderlineRules_AreAccepted(t *testing.T) {
	for _, r := range []schedule.Rules{
		everyDays(1), {AutomaticallyAfterDays: 1000, Duration: "24h"},
		{AutomaticallyAfterDays: 5, Duration: "05h"},
		within("rate(1 days)", "24h"), within("rate(30 day)", "1h"),
		within("rate(4 hours)", "4h"), within("rate(7 hours)", "7h"), expression("rate(4 hour)"),
		expression("rate( 10  days )"),
		expression("rate(5 days" + strings.Repeat(" ", 244) + ")"), expression("rate(23976 hours)"),
		within("cron(0 0 1 * ? *)", "24h"), within("cron(0 16 1 * ? *)", "8h"),
		within("cron(0 4,16 1 * ? *)", "8h"), within("cron(0 2/10 * * ? *)", "2h"),
		expression("cron(0 */4 * * ? *)"),
		expression("cron(0 0,23 1,15 * ? *)"), // no two days one after the other
		expression("cron(0 0,22 1,31 1,3 ? *)"),
		expression("cron(0 0,22 ? * TUE#1,TUE#3 *)"),
		expression("cron(0 0/23 1/2 2 ? *)"),
		expression("cron(0 8 1/7 * ? *)"), expression("cron(0 8 1-31/7 JAN-DEC/2 ? *)"),
		expression("cron(0 8 ? * MON-FRI/2,SUN#5,SATL,L *)"),
		expression("cron(0 8 L,MONL,15 * ? *)"),
	} {
		s, err := schedule.Parse(r)
		if err != nil {
			t.Errorf("%+v: %v", r, err)
			continue
		}
		if _, ok := s.Next(time.Unix(0, 0), time.Unix(0, 0)); !ok {
			t.Errorf("%+v opens no window", r)
		}
	}
}

// FuzzParse: whatever the rules, nothing panics, and what is accepted keeps the promises of
// windows.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"rate(10 days)", "rate(7 hours)", "cron(0 16 1,15 * ? *)", "cron(0 2/10 * * ? *)",
		"cron(0 0 ? 1/3 TUE#3,SUNL *)", "cron(0 8 L,SUNL,1-31/7 JAN-DEC ? *)",
		"cron(0 0 31 FEB ? *)", "cron(0 0 ? 2 SUN#5 *)",
	} {
		f.Add(int64(0), "", text, int64(1770140544), int64(1770140544))
		f.Add(int64(30), "2h", "", int64(0), int64(1<<40))
	}
	f.Fuzz(func(t *testing.T, days int64, duration, text string, last, after int64) {
		s, err := schedule.Parse(schedule.Rules{AutomaticallyAfterDays: days, Duration: duration,
			ScheduleExpression: text})
		if err != nil {
			if !strings.HasSuffix(err.Error(), ".") {
				t.Errorf("%q is no sentence", err)
			}
			return
		}
		if n := s.Days(); n < 1 || n > 1000 {
			t.Errorf("%q: shown as %d days", text, n)
		}
		const far = 1 << 38 // the year 10680
		from, now := time.Unix(last%far, 0), time.Unix(after%far, 999)
		for range 5 {
			w, ok := s.Next(from, now)
			switch {
			case !ok:
				t.Fatalf("%q opens no window after %s", text, now)
			case !w.End.After(now) || !w.Start.Before(w.End):
				t.Fatalf("%q: after %s comes %v", text, now, w)
			case !w.Start.Truncate(time.Hour).Equal(w.Start) || w.Start.YearDay() != w.End.YearDay():
				t.Fatalf("%q: %v isn't in one day, or not from an hour on", text, w)
			}
			next, _ := s.Next(from, w.End)
			if next.Start.Sub(w.Start) < 4*time.Hour {
				t.Fatalf("%q: after %v comes %v", text, w, next)
			}
			now = w.End
		}
	})
}
