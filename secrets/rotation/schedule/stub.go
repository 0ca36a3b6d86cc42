package schedule

import "time"

type Rules struct {
	AutomaticallyAfterDays       int64
	Duration, ScheduleExpression string
}
type Window struct{ Start, End time.Time }
type Schedule struct{ days int64 }

func Parse(r Rules) (Schedule, error) { return Schedule{r.AutomaticallyAfterDays}, nil }
func (s Schedule) Next(last, after time.Time) (Window, bool) {
	d := last.Truncate(24*time.Hour).AddDate(0, 0, int(s.days))
	return Window{d, d.Add(24*time.Hour - time.Second)}, true
}
func (s Schedule) Days() int64 { return s.days }
