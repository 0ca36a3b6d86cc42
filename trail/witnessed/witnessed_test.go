package witnessed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/trail/witnessed"
)

func TestBoard_Reports_SayWhatAPlaceHasAndSinceWhen(t *testing.T) {
	var b witnessed.Board
	began := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	report := func(minute int, place, state string, records int64) {
		t.Helper()
		err := b.Take(began.Add(time.Duration(minute)*time.Minute),
			[]witnessed.Report{{Place: place, State: state, Records: records}})
		if err != nil {
			t.Fatal(err)
		}
	}
	report(0, "b", witnessed.Held, 10)
	report(1, "b", witnessed.Held, 20)
	report(2, "b", witnessed.Unreached, 30)
	report(2, "a", witnessed.Unreached, 30)
	report(3, "a", witnessed.Contradicted, 30)
	want := []witnessed.Standing{
		{Report: witnessed.Report{Place: "a", State: witnessed.Contradicted},
			Took: began.Add(2 * time.Minute)},
		{Report: witnessed.Report{Place: "b", State: witnessed.Unreached, Records: 20},
			Took: began.Add(time.Minute)},
	}
	if got := b.Places(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestBoard_ReportsThatAreNone_AreRefused(t *testing.T) {
	var b witnessed.Board
	for _, r := range []witnessed.Report{{State: witnessed.Held}, {Place: "a"},
		{Place: "a", State: "GOOD"}, {Place: "a", State: witnessed.Held, Records: -1},
		{Place: strings.Repeat("a", 257), State: witnessed.Held}} {
		if err := b.Take(time.Now(), []witnessed.Report{r}); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	var all []witnessed.Report
	for i := range 64 {
		all = append(all, witnessed.Report{Place: fmt.Sprint(i), State: witnessed.Held})
	}
	if err := b.Take(time.Now(), all); err != nil {
		t.Fatal(err)
	}
	one := []witnessed.Report{{Place: "another", State: witnessed.Held}}
	if err := b.Take(time.Now(), one); err == nil || len(b.Places()) != 64 {
		t.Errorf("one more: %v, %d", err, len(b.Places()))
	}
	if err := b.Take(time.Now(), all[:1]); err != nil {
		t.Errorf("one that is known: %v", err)
	}
}
