package parameters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/op/optest"
	"claviger/internal/outbox"
	"claviger/parameters"
	"claviger/store"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// The three policies as they are given.

func expires(at time.Time) string {
	return `{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"` +
		at.Format(time.RFC3339Nano) + `"}}`
}

func warns(before int, unit string) string {
	return fmt.Sprintf(`{"Type":"ExpirationNotification","Version":"1.0",`+
		`"Attributes":{"Before":"%d","Unit":"%s"}}`, before, unit)
}

func stale(after int, unit string) string {
	return fmt.Sprintf(`{"Type":"NoChangeNotification","Version":"1.0",`+
		`"Attributes":{"After":"%d","Unit":"%s"}}`, after, unit)
}

// with puts an advanced parameter with policies, or gives it a new version with others.
func (s *service) with(name string, policies ...string) {
	s.T.Helper()
	s.Do("PutParameter", M{"Name": name, "Value": "v", "Type": "String", "Tier": "Advanced",
		"Overwrite": true, "Policies": "[" + strings.Join(policies, ",") + "]"})
}

// run does what is due.
func (s *service) run() { s.Jobs.RunDue(context.Background()) }

// pass moves the clock and does what is due then, in a new process.
func (s *service) pass(d time.Duration) {
	s.T.Helper()
	s.Clock.Pass(d)
	s.nextProcess()
	s.run()
}

// nextProcess starts from what the last one has stored.
func (s *service) nextProcess() {
	s.T.Helper()
	s.Restart()
	if err := s.Jobs.FreeLeases(); err != nil {
		s.T.Fatal(err)
	}
}

// statuses are what DescribeParameters says of the policies of a parameter, in their order.
func (s *service) statuses(name string) (all []string) {
	s.T.Helper()
	out := must[parameters.DescribeParametersOutput](s, "DescribeParameters",
		M{"ParameterFilters": []M{{"Key": "Name", "Values": []string{name}}}})
	if len(out.Parameters) != 1 {
		s.T.Fatalf("%s: there are %d", name, len(out.Parameters))
	}
	for _, p := range out.Parameters[0].Policies {
		all = append(all, p.PolicyStatus)
	}
	return all
}

// event is what has been put into the outbox.
type event struct {
	DetailType    string `json:"detail-type"`
	Source        string
	Account, Time string
	Region        string
	Resources     []string
	Detail        json.RawMessage
}

// events returns what the outbox has, behind a position.
func (s *service) events(after int64) (all []event) {
	s.T.Helper()
	entries, err := outbox.After(s.DB, after, 1_000_000)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range entries {
		var out event
		if err := json.Unmarshal(e.Event, &out); err != nil {
			s.T.Fatal(err)
		}
		all = append(all, out)
	}
	return all
}

// heard are the events behind a position in short: what of which parameter.
func (s *service) heard(after int64) (all []string) {
	s.T.Helper()
	for _, e := range s.events(after) {
		var d struct {
			Operation, Name string
			Type            string `json:"policy-type"`
			Of              string `json:"parameter-name"`
		}
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			s.T.Fatal(err)
		}
		all = append(all, d.Operation+d.Type+" "+d.Name+d.Of)
	}
	return all
}

// hears fails the test if not these are the events behind a position, and returns the next one.
func (s *service) hears(after int64, want ...string) int64 {
	s.T.Helper()
	got := s.heard(after)
	if !slices.Equal(got, want) {
		s.T.Errorf("heard %q, want %q", got, want)
	}
	return after + int64(len(got))
}

// scheduled returns when what is due of which parameter.
func (s *service) scheduled() map[string]time.Time {
	s.T.Helper()
	all := map[string]time.Time{}
	err := s.DB.Rows(qJobs, nil, func(scan func(...any) error) error {
		var name string
		var due int64
		err := scan(&name, &due)
		all[name] = time.UnixMicro(due).UTC()
		return err
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return all
}

func TestPolicies_EachKind_IsActedOnAtItsTimeAfterARestart(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(10*day)), warns(3, "Days"), stale(30, "Hours"))
	at := s.hears(0, "Create /p")
	for _, step := range []struct {
		after time.Duration // since the step before
		said  []string
		shown []string // nil: the parameter is gone
	}{
		{30*hour - time.Microsecond, nil, []string{"Pending", "Pending", "Pending"}},
		{time.Microsecond, []string{"NoChangeNotification /p"},
			[]string{"Pending", "Pending", "Finished"}},
		{7*day - 30*hour - time.Microsecond, nil, []string{"Pending", "Pending", "Finished"}},
		{time.Microsecond, []string{"ExpirationNotification /p"},
			[]string{"Pending", "Finished", "Finished"}},
		{3*day - time.Microsecond, nil, []string{"Pending", "Finished", "Finished"}},
		{time.Microsecond, []string{"Expiration /p", "Delete /p"}, nil},
		{30 * day, nil, nil},
	} {
		s.pass(step.after)
		at = s.hears(at, step.said...)
		s.run()
		s.hears(at)
		if step.shown == nil {
			s.Refused("GetParameter", M{"Name": "/p"}, "ParameterNotFound", "")
			s.Refused("GetParameterHistory", M{"Name": "/p"}, "ParameterNotFound", "")
			continue
		}
		if got := s.statuses("/p"); !slices.Equal(got, step.shown) {
			t.Errorf("after %v it is %v, want %v", step.after, got, step.shown)
		}
		if got := s.get("/p"); got.Value != "v" || got.Version != 1 {
			t.Errorf("%+v", got)
		}
	}
	if left := s.scheduled(); len(left) != 0 {
		t.Errorf("jobs are left: %v", left)
	}
}

// What policies do is recorded as the service's own doing, and AWS has no event of the service for
// it.
func TestPolicies_ActedOn_AreInTheTrailAsTheServicesOwn(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(day)), stale(2, "Hours"))
	before := len(s.Records())
	s.pass(2 * hour)
	s.pass(day)
	var got []string
	for _, line := range s.Records()[before:] {
		var r struct {
			EventName, EventType, EventSource, RecipientAccountID string
			UserIdentity                                          struct{ Type string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.EventSource+" "+r.EventName+" "+r.EventType+" "+r.UserIdentity.Type+" "+
			r.RecipientAccountID)
	}
	want := []string{
		"ssm.amazonaws.com NotifyByParameterPolicies AwsApiCall AWSService " + account,
		"ssm.amazonaws.com DeleteParameter AwsApiCall AWSService " + account,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the trail has %q, want %q", got, want)
	}
}

var qJobs = store.Wide(`SELECT subject, due FROM jobs WHERE kind = 'ssm:ParameterPolicies'`,
	"tests look at all jobs")
