package watch

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/alarms"
	"claviger/alarms/records"
	"claviger/audit"
	"claviger/internal/follow"
	"claviger/internal/outbox"
	"claviger/store"
	"claviger/store/storetest"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
)

// base is a database with its file.
type base struct {
	*store.DB
	t    *testing.T
	path string
}

func open(t *testing.T) *base {
	path := filepath.Join(storetest.Dir(t), "claviger.db")
	return &base{storetest.Open(t, path), t, path}
}

// again opens the database anew, as the next process does.
func (b *base) again() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.DB = storetest.Open(b.t, b.path)
}

// refused leaves the records of requests that were refused, in a batch for each.
func (b *base) refused(n int) {
	b.t.Helper()
	for range n {
		r := audit.Record{Time: time.Now(), Source: "kms.amazonaws.com", Name: "Decrypt",
			Region: region, EventID: uuid.NewString(), Account: account,
			ErrorCode: "AccessDeniedException",
			Identity:  audit.Identity{Type: "IAMUser", PrincipalID: "AIDA", AccountID: account}}
		if err := b.Commit(nil, func(error) []byte { return r.Append(nil) }); err != nil {
			b.t.Fatal(err)
		}
	}
}

// told returns the events in the outbox: detail-type, id, and state or kind of each.
func (b *base) told() (types, ids []string) {
	b.t.Helper()
	entries, err := outbox.After(b, 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		var event struct {
			ID      string `json:"id"`
			Type    string `json:"detail-type"`
			Source  string `json:"source"`
			Account string `json:"account"`
			Detail  struct {
				State  string   `json:"state"`
				Outage int64    `json:"outageSeconds"`
				Tables []string `json:"tables"`
			} `json:"detail"`
		}
		if err := json.Unmarshal(e.Event, &event); err != nil {
			b.t.Fatal(err)
		}
		if event.Source != "claviger" || event.Account != account {
			b.t.Errorf("%s", e.Event)
		}
		of := strings.Join(append(event.Detail.Tables, event.Detail.State), " ")
		types = append(types, strings.TrimSpace(event.Type+" "+of))
		ids = append(ids, event.ID)
	}
	return types, ids
}

func aHome() Home {
	return NewHome(region, func(context.Context) (string, error) { return account, nil })
}

func (b *base) follower() *Follower {
	return &Follower{Feed: &follow.Feed{DB: b.DB}, DB: b.DB, Home: aHome(), Log: slog.Default(),
		Limits: records.Limits{Denied: 3, Window: 24 * time.Hour}}
}

// until runs a follower until it has looked at everything, and ends it.
func (b *base) until(f *Follower) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		position, err := load(b, trailRow, new(records.State))
		if err != nil || time.Now().After(deadline) {
			b.t.Fatalf("it is at %d of %d, %v", position, b.TrailNewest(), err)
		}
		if types, _ := b.told(); position == b.TrailNewest() || len(types) > 0 {
			break
		}
		stop() // it stores its place at its end
		<-done
		ctx, stop = context.WithCancel(b.t.Context())
		done = make(chan struct{})
		go func() { defer close(done); f.Run(ctx) }()
	}
	stop()
	<-done
}

// A burst is counted over restarts, and told once.
func TestFollower_Restarts_TellOnce(t *testing.T) {
	b := open(t)
	for range 5 {
		b.refused(1)
		b.until(b.follower())
		b.again()
	}
	if types, _ := b.told(); !slices.Equal(types, []string{alarms.DeniedRequests}) {
		t.Errorf("%q", types)
	}
}

// What was told before a process was killed isn't told again, and what wasn't is: events and place
// are one transaction.
func TestFollower_Killed_TellsEachOnce(t *testing.T) {
	b := open(t)
	b.refused(3)
	f := b.follower()
	if !f.begin() {
		t.Fatal("it can't begin")
	}
	batches, err := f.Feed.After(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if events := f.look(t.Context(), batches); len(events) != 1 {
		t.Fatalf("%+v", events)
	}
	// It is killed before it stores anything.
	b.until(b.follower())
	types, ids := b.told()
	if len(types) != 1 {
		t.Errorf("%q", types)
	}
	b.again()
	b.refused(1)
	b.until(b.follower())
	if _, again := b.told(); !slices.Equal(again, ids) {
		t.Errorf("%q, and again %q", ids, again)
	}
}

// What is kept late takes nothing back.
func TestKeep_OlderPlace_ChangesNothing(t *testing.T) {
	b := open(t)
	for _, position := range []int64{5, 3} {
		if err := b.Commit(keep(trailRow, position, records.State{Window: position}), nil); err != nil {
			t.Fatal(err)
		}
	}
	var state records.State
	if position, err := load(b, trailRow, &state); position != 5 || state.Window != 5 || err != nil {
		t.Errorf("%d %+v %v", position, state, err)
	}
}

// An account that isn't there yet is asked for again, and one that was found never again.
func TestHome_FirstAccount_IsFoundOnce(t *testing.T) {
	asked := 0
	h := NewHome(region, func(context.Context) (string, error) {
		switch asked++; asked {
		case 1:
			return "", nil
		case 2:
			return "", errors.New("the token is away")
		}
		return account, nil
	})
	for i := range 5 {
		if at, ok := h.Place(t.Context()); ok != (i >= 2) || ok && at.Account != account ||
			at.Region != region {
			t.Errorf("%d: %+v %v", i, at, ok)
		}
	}
	if asked != 3 {
		t.Errorf("it was asked %d times", asked)
	}
}
