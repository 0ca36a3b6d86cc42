package parameters_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/parameters"
	"claviger/store"
)

// meddler does something between the plan of the next change and its commit.
type meddler struct {
	op.Ledger
	between func()
}

// Commit implements [op.Ledger].
func (m *meddler) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	if f := m.between; f != nil {
		m.between = nil
		f()
	}
	return m.Ledger.Commit(apply, record)
}

// meddle has f done by another process between what is planned next and its commit.
func (s *service) meddle(f func()) {
	s.Runner.Ledger = &meddler{Ledger: s.DB, between: func() { s.Elsewhere(f) }}
}

func TestPolicies_ChangeBeforeTheCommitOfAnExpiration_IsHeard(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    func(*service)
		heard []string
		there bool
	}{
		{"a version", func(s *service) {
			s.Do("PutParameter", M{"Name": "/p", "Value": "w", "Overwrite": true})
		}, []string{"Update /p", "Expiration /p", "Delete /p"}, false},
		{"no policies", func(s *service) { s.with("/p", "{}") }, []string{"Update /p"}, true},
		{"a later Expiration", func(s *service) { s.with("/p", expires(s.Clock.Now().Add(day))) },
			[]string{"Update /p"}, true},
		{"a notification", func(s *service) { s.with("/p", stale(1, "Hours")) },
			[]string{"Update /p"}, true},
		{"a label", func(s *service) {
			s.Do("LabelParameterVersion", M{"Name": "/p", "Labels": []string{"live"}})
		}, []string{"LabelParameterVersion /p", "Expiration /p", "Delete /p"}, false},
		{"a deletion", func(s *service) { s.Do("DeleteParameter", M{"Name": "/p"}) },
			[]string{"Delete /p"}, false},
		{"another of its name", func(s *service) {
			s.Do("DeleteParameter", M{"Name": "/p"})
			s.put("/p", "w")
		}, []string{"Delete /p", "Create /p"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			s.with("/p", expires(optest.Began.Add(day)))
			at := s.hears(0, "Create /p")
			s.Clock.Pass(day)
			s.meddle(func() { c.by(s) })
			s.run()
			s.hears(at, c.heard...)
			if _, err := ask[any](s, "GetParameter", M{"Name": "/p"}); (err == nil) != c.there {
				t.Errorf("it is read with %v", err)
			}
			if !c.there && len(s.scheduled()) > 0 {
				t.Errorf("jobs are left: %v", s.scheduled())
			}
		})
	}
}

func TestPolicies_VersionBeforeTheCommitOfANotification_KeepsItBack(t *testing.T) {
	s := start(t)
	s.with("/p", stale(2, "Hours"))
	at := s.hears(0, "Create /p")
	s.Clock.Pass(2 * hour)
	s.meddle(func() { s.Do("PutParameter", M{"Name": "/p", "Value": "w", "Overwrite": true}) })
	s.run()
	at = s.hears(at, "Update /p")
	s.pass(2*hour - time.Microsecond)
	s.hears(at)
	s.pass(time.Microsecond)
	s.hears(at, "NoChangeNotification /p")
}

func TestPolicies_DeletionBeforeTheCommitOfANotification_IsNoFailure(t *testing.T) {
	s := start(t)
	s.with("/p", stale(2, "Hours"))
	at := s.hears(0, "Create /p")
	s.Clock.Pass(2 * hour)
	s.meddle(func() { s.Do("DeleteParameter", M{"Name": "/p"}) })
	s.run()
	s.hears(at, "Delete /p")
	if log := s.Log.String(); log != "" {
		t.Errorf("it is said that %s", log)
	}
}

// A clock that was set back, or a row of jobs that somebody edited, has work come too early.
func TestPolicies_JobThatComesTooEarly_WaitsForItsTime(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(day)))
	at := s.hears(0, "Create /p")
	s.Edit("UPDATE jobs SET due = 1")
	s.run()
	s.hears(at)
	if got := s.scheduled()["/p"]; !got.Equal(optest.Began.Add(day)) {
		t.Errorf("it is due at %v", got)
	}
	s.pass(day)
	s.hears(at, "Expiration /p", "Delete /p")
}

func TestPolicies_LaterPut_DecidesWhatIsDue(t *testing.T) {
	s := start(t)
	began := optest.Began
	due := func(step string, want ...time.Time) {
		t.Helper()
		var got []time.Time
		for _, at := range s.scheduled() {
			got = append(got, at)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: due at %v, want %v", step, got, want)
		}
	}
	again := func() { s.Do("PutParameter", M{"Name": "/p", "Value": "w", "Overwrite": true}) }
	s.put("/p", "v")
	due("none")
	s.with("/p", stale(2, "Hours"), expires(began.Add(day)))
	due("attached", began.Add(2*hour))
	s.pass(hour)
	again()
	due("kept, and begun anew", began.Add(3*hour))
	s.Do("LabelParameterVersion", M{"Name": "/p", "Labels": []string{"live"}})
	s.Do("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "/p",
		"Tags": []M{{"Key": "a", "Value": "b"}}})
	due("changed otherwise", began.Add(3*hour))
	if moves := s.moves("/p"); moves != 1 {
		t.Errorf("the job was moved %d times: once is for a new version, none for what else it is", moves)
	}
	s.pass(2 * hour)
	due("told of", began.Add(day))
	if got := s.statuses("/p"); !slices.Equal(got, []string{"Finished", "Pending"}) {
		t.Errorf("told of: %v", got)
	}
	again()
	due("begun once more", began.Add(5*hour))
	if got := s.statuses("/p"); !slices.Equal(got, []string{"Pending", "Pending"}) {
		t.Errorf("begun once more: %v", got)
	}
	s.with("/p", expires(began.Add(2*day)))
	due("replaced", began.Add(2*day))
	again()
	due("an Expiration isn't moved by versions", began.Add(2*day))
	s.with("/p", "{}")
	due("taken away")
	s.with("/p", expires(began.Add(3*day)))
	s.Do("DeleteParameter", M{"Name": "/p"})
	due("deleted")
	s.put("/p", "v")
	s.pass(4 * day)
	if got := s.get("/p"); got.Version != 1 {
		t.Errorf("another one of the name: %+v", got)
	}
}

var qMoves = store.Wide(`SELECT rev FROM jobs
	WHERE kind = 'ssm:ParameterPolicies' AND subject = $1`, "tests look at all jobs")

// moves is how often the job of a parameter was moved.
func (s *service) moves(name string) (n int64) {
	s.T.Helper()
	if err := s.DB.Row(qMoves, []any{name}, &n); err != nil {
		s.T.Fatal(err)
	}
	return n
}

// A version of the past shows its policies as they were when it was made, the newest one as they
// are.
func TestGetParameterHistory_PoliciesThatWereActedOn_AreFinishedWithTheNewest(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(10*day)), warns(9, "Days"), stale(1, "Hours"))
	s.pass(day)
	s.Do("PutParameter", M{"Name": "/p", "Value": "w", "Overwrite": true})
	s.pass(hour)
	out := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", M{"Name": "/p"})
	var got []string
	for _, v := range out.Parameters {
		for _, p := range v.Policies {
			got = append(got, p.PolicyStatus)
		}
	}
	want := []string{"Pending", "Pending", "Pending", "Pending", "Finished", "Finished"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// refusing takes no change for as long as it refuses.
type refusing struct {
	op.Ledger
	left int
}

// Commit implements [op.Ledger].
func (r *refusing) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	if r.left--; r.left >= 0 {
		return errors.New("the disk takes nothing")
	}
	return r.Ledger.Commit(apply, record)
}

func TestPolicies_ActionThatFails_IsShownAndDoneLater(t *testing.T) {
	s := start(t)
	s.with("/p", expires(optest.Began.Add(day)), stale(2, "Hours"))
	at := s.hears(0, "Create /p")
	for _, step := range []struct {
		after  time.Duration
		failed []string
		heard  []string
	}{
		{2 * hour, []string{"Pending", "Failed"}, []string{"NoChangeNotification /p"}},
		{22 * hour, []string{"Failed", "Finished"}, []string{"Expiration /p", "Delete /p"}},
	} {
		s.Clock.Pass(step.after)
		s.Runner.Ledger = &refusing{s.DB, 1}
		s.run()
		s.hears(at)
		if got := s.statuses("/p"); !slices.Equal(got, step.failed) {
			t.Errorf("%v, want %v", got, step.failed)
		}
		s.pass(time.Minute)
		at = s.hears(at, step.heard...)
	}
}
