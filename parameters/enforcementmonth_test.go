package parameters_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/op/optest"
	"claviger/parameters/policies"
	"claviger/store"
)

// A month of many parameters, in hours: what is done to them, and when the service is away. The
// service lives it, and package policies says of each parameter alone what has to come of it.

const month = 30 * 24

// chore is that a parameter gets a version, and other policies or the same.
type chore struct {
	hour, of int
	policies string // empty: those that there are
}

// outage is hours in which the service is away. They don't overlap.
type outage struct{ from, to int }

// almanac is what happens in the month.
type almanac struct {
	parameters int
	chores     []chore // in order
	outages    []outage
}

// back is the first hour from h on in which the service is there.
func (a almanac) back(h int) int {
	for _, o := range a.outages {
		if o.from <= h && h < o.to {
			return o.to
		}
	}
	return h
}

func moment(hour int) time.Time { return optest.Began.Add(time.Duration(hour) * time.Hour) }

// dare makes policies that an hour allows, of which most are due in the month.
func dare(r *rand.Rand, hour int) string {
	var all []string
	end := 0
	if r.IntN(2) == 0 {
		end = hour + 2 + r.IntN(month)
		all = append(all, expires(moment(end)))
	}
	for range r.IntN(4) {
		n, unit, hours := 1+r.IntN(200), "Hours", 1
		if r.IntN(2) == 0 {
			n, unit, hours = 1+r.IntN(12), "Days", 24
		}
		if end > 0 && end-n*hours > hour && r.IntN(2) == 0 {
			all = append(all, warns(n, unit))
			continue
		}
		all = append(all, stale(n, unit))
	}
	if len(all) == 0 {
		all = []string{"{}"}
	}
	return "[" + strings.Join(all, ",") + "]"
}

func conceive(r *rand.Rand, parameters int) almanac {
	a := almanac{parameters: parameters}
	for from := r.IntN(10 * 24); from < month; from += 5*24 + r.IntN(10*24) {
		a.outages = append(a.outages, outage{from, from + 1 + r.IntN(3*24)})
	}
	for of := range parameters {
		a.chores = append(a.chores, chore{0, of, dare(r, 0)})
		for range r.IntN(3) {
			c := chore{hour: a.back(1 + r.IntN(month-1)), of: of}
			if r.IntN(2) == 0 {
				c.policies = dare(r, c.hour)
			}
			a.chores = append(a.chores, c)
		}
	}
	slices.SortStableFunc(a.chores, func(x, y chore) int { return cmp.Compare(x.hour, y.hour) })
	return a
}

// expected is what package policies says of one parameter: what is told of it, in order.
func (a almanac) expected(t *testing.T, of int) (told []string) {
	t.Helper()
	var set policies.Set
	var modified time.Time
	isThere := false
	say := func(hour int, what string) {
		told = append(told, moment(hour).Format("2006-01-02T15:04:05Z ")+what)
	}
	// until acts on what comes before an hour, or in it.
	until := func(end int) {
		for isThere {
			due, err := set.Next(modified)
			if err != nil {
				t.Fatal(err)
			}
			hour := a.back(int(due.Sub(optest.Began) / time.Hour))
			if due.IsZero() || hour > end {
				return
			}
			step, err := set.Step(moment(hour), modified)
			if err != nil {
				t.Fatal(err)
			}
			set = step.Done
			for _, action := range step.Actions {
				say(hour, string(action.Policy.Type))
				if action.Policy.Type == policies.Expiration {
					say(hour, "Delete")
					set, isThere = nil, false
				}
			}
		}
	}
	for _, c := range a.chores {
		if c.of != of {
			continue
		}
		until(c.hour)
		say(c.hour, map[bool]string{false: "Create", true: "Update"}[isThere])
		isThere, modified = true, moment(c.hour)
		if c.policies == "" {
			continue
		}
		var err error
		if set, err = policies.Parse(c.policies, modified); err != nil {
			t.Fatal(err)
		}
	}
	until(month)
	return told
}

func nameOf(of int) string { return fmt.Sprintf("/month/%03d", of) }

var qFirstDue = store.Wide(`SELECT coalesce(min(due), 0) FROM jobs
	WHERE kind = 'ssm:ParameterPolicies'`, "tests look at all jobs")

// live lives the month. Each outage ends with a new process.
func (s *service) live(a almanac) {
	s.T.Helper()
	hour, chores := 0, a.chores
	for {
		var first int64
		if err := s.DB.Row(qFirstDue, nil, &first); err != nil {
			s.T.Fatal(err)
		}
		next := month + 1
		if first > 0 {
			next = int(time.UnixMicro(first).Sub(optest.Began) / time.Hour)
		}
		if len(chores) > 0 {
			next = min(next, chores[0].hour)
		}
		if next > month {
			return
		}
		next = max(hour, a.back(next))
		s.Clock.Pass(time.Duration(next-hour) * time.Hour)
		if a.back(next-1) == next {
			s.nextProcess()
		}
		hour = next
		s.run()
		for len(chores) > 0 && chores[0].hour == hour {
			in := M{"Name": nameOf(chores[0].of), "Value": "v", "Type": "String", "Tier": "Advanced",
				"Overwrite": true}
			if chores[0].policies != "" {
				in["Policies"] = chores[0].policies
			}
			s.Do("PutParameter", in)
			chores = chores[1:]
		}
	}
}

// toldOf is what the outbox has of each parameter.
func (s *service) toldOf() map[string][]string {
	s.T.Helper()
	all := map[string][]string{}
	for _, e := range s.events(0) {
		var d struct {
			Operation, Name string
			Type            string `json:"policy-type"`
			Of              string `json:"parameter-name"`
		}
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			s.T.Fatal(err)
		}
		all[d.Name+d.Of] = append(all[d.Name+d.Of], e.Time+" "+d.Operation+d.Type)
	}
	return all
}

// TestPolicies_MonthOfManyParameters_IsAsEachAlone: with CLAVIGER_LONG=1 it is twenty months.
func TestPolicies_MonthOfManyParameters_IsAsEachAlone(t *testing.T) {
	months := 1
	if os.Getenv("CLAVIGER_LONG") != "" {
		months = 20
	}
	for seed := range uint64(months) {
		r := rand.New(rand.NewPCG(seed, 11))
		a := conceive(r, 200)
		s := start(t)
		began := time.Now()
		s.live(a)
		told, n := s.toldOf(), 0
		for of := range a.parameters {
			want := a.expected(t, of)
			n += len(want)
			if got := told[nameOf(of)]; !slices.Equal(got, want) {
				t.Errorf("month %d, %s:\n%v\nwant\n%v", seed, nameOf(of), got, want)
			}
		}
		t.Logf("%d events of %d parameters in %v", n, a.parameters, time.Since(began))
	}
}
