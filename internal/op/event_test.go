package op_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

// told returns the names of all records in the order of the trail.
func (r *road) told() (names []string) {
	for _, rec := range r.records() {
		names = append(names, strings.TrimSpace(rec.EventName+" "+rec.ErrorCode))
	}
	return names
}

// tells has do tell of events by their names.
func tells(names ...string) func(*op.Call) error {
	return func(c *op.Call) error {
		for _, name := range names {
			c.Event(op.Event{Name: name})
		}
		return nil
	}
}

func TestEvent_OperationThatSucceeds_IsInItsCommitBeforeItsRecord(t *testing.T) {
	for _, name := range []string{"Look", "Change"} {
		r := build(t)
		r.inside = tells("Began", "Ended")
		o := map[string]op.Operation{"Look": r.look, "Change": r.change}[name]
		if _, code := r.serve(o, good); code != "" {
			t.Fatalf("%s: %s", name, code)
		}
		same(t, "records", r.told(), []string{"Began", "Ended", name})
		all := r.records()
		if r.commits != 1 || all[0].batch != all[2].batch {
			t.Errorf("%s: %d commits, records %+v; want one", name, r.commits, all)
		}
		if all[0].EventID == all[1].EventID || all[0].EventID == all[2].EventID {
			t.Errorf("%s: two events of one id", name)
		}
	}
}

// The service speaks for itself: of the caller nothing is said but by the request's id.
func TestEvent_Record_IsTheServicesOwn(t *testing.T) {
	r := build(t)
	r.inside = func(c *op.Call) error {
		c.Note(`{"of":"Change"}`)
		c.Event(op.Event{Name: "Plain"})
		c.Event(op.Event{Name: "Full", Account: "444455556666", RequestID: "Rotation-1",
			Additional: []byte(`{"SecretId":"s"}`), Failure: "step 2 \xff failed"})
		return nil
	}
	if _, code := r.serve(r.change, good); code != "" {
		t.Fatal(code)
	}
	all := r.records()
	for i, want := range []struct{ request, account, failure, secret string }{
		{request: "request-1", account: account},
		{"Rotation-1", "444455556666", "step 2 \uFFFD failed", "s"},
	} {
		rec := all[i]
		id := rec.UserIdentity
		if rec.EventType != "AwsServiceEvent" || rec.ReadOnly || id.Type+id.PrincipalID != "" ||
			id.AccessKeyID != "" || id.InvokedBy != "vault.amazonaws.com" ||
			rec.SourceIPAddress != id.InvokedBy || rec.UserAgent != id.InvokedBy {
			t.Errorf("%+v", rec)
		}
		if rec.RequestID != want.request || id.AccountID != want.account ||
			rec.RecipientAccountID != want.account || rec.ErrorMessage != want.failure ||
			rec.ErrorCode != "" || len(rec.RequestParameters)+len(rec.Resources) != 0 {
			t.Errorf("%+v", rec)
		}
		if secret, _ := rec.AdditionalEventData["SecretId"].(string); secret != want.secret {
			t.Errorf("%s of %v", rec.EventName, rec.AdditionalEventData)
		}
	}
	if own := all[2]; own.EventType != "AwsApiCall" || own.AdditionalEventData["of"] != "Change" {
		t.Errorf("the operation's own record: %+v", own)
	}
}

// What has not happened is not told of, wherever the road ends.
func TestEvent_OperationThatFails_IsNotKept(t *testing.T) {
	halt := fault.New(fault.State, "HaltException", "halt")
	for _, name := range []string{"do", "panic", "commit", "bookkeeping"} {
		r := build(t)
		r.inside = func(c *op.Call) error {
			c.Event(op.Event{Name: "Began"})
			switch name {
			case "do":
				return halt
			case "panic":
				panic("a mistake of ours")
			case "commit":
				r.at["commit"] = fails(halt)
			case "bookkeeping":
				c.Also(func(*store.Tx) error { return halt }, func() {})
			}
			return nil
		}
		_, code := r.serve(r.change, good)
		if code == "" || r.changes() != 0 {
			t.Errorf("%s: answered %q, %d rows", name, code, r.changes())
		}
		same(t, name, r.told(), []string{"Change " + code})
	}
}

func TestEvent_StaleAttempt_IsNotKept(t *testing.T) {
	r := build(t)
	attempt := 0
	r.inside = func(c *op.Call) error {
		attempt++
		return tells([]string{"", "First", "Second"}[attempt])(c)
	}
	r.at["commit"] = func() error {
		if attempt == 1 {
			return store.Stale
		}
		return nil
	}
	if _, code := r.serve(r.change, good); code != "" {
		t.Fatal(code)
	}
	same(t, "records", r.told(), []string{"Second", "Change"})

	r = build(t)
	r.inside, r.at["commit"] = tells("Began"), fails(store.Stale)
	if _, code := r.serve(r.change, good); code != "ThrottlingException" {
		t.Error(code)
	}
	same(t, "records", r.told(), []string{"Change ThrottlingException"})
}

// within has the first operation that runs tell of Outer and ask for another, which tells of Inner
// and ends with inner; ends says what becomes of that.
func (r *road) within(inner error, ends func(error) error) {
	asked := false
	r.inside = func(c *op.Call) error {
		if asked {
			return errors.Join(tells("Inner")(c), inner)
		}
		asked = true
		c.Event(op.Event{Name: "Outer"})
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return ends(err)
	}
}

// An event is of the operation that told of it, and shares the outcome of the whole request.
func TestEvent_NestedOperations_StandBeforeTheirOwn(t *testing.T) {
	halt := fault.New(fault.State, "HaltException", "halt")
	passed := func(err error) error { return err }
	for _, c := range []struct {
		name   string
		inner  error
		ends   func(error) error
		commit error
		want   []string
	}{
		{name: "both succeed", ends: passed, want: []string{"Inner", "Look", "Outer", "Change"}},
		{name: "inner fails, outer goes on", inner: halt, ends: func(error) error { return nil },
			want: []string{"Look HaltException", "Outer", "Change"}},
		{name: "outer fails", ends: func(error) error { return halt },
			want: []string{"Look", "Change HaltException"}},
		{name: "commit fails", ends: passed, commit: halt,
			want: []string{"Look", "Change HaltException"}},
	} {
		r := build(t)
		r.within(c.inner, c.ends)
		if c.commit != nil {
			r.at["commit"] = fails(c.commit)
		}
		r.serve(r.change, good)
		same(t, c.name, r.told(), c.want)
	}
}

// What has a commit of its own has its events there, whatever becomes of the request.
func TestEvent_AsServiceWithinAFailure_IsKept(t *testing.T) {
	r := build(t)
	own := op.Write(op.Info{Name: "Own", Service: vault}, r.find,
		func(c *op.Call, in input, _ *target) (op.Commit[output], error) {
			return r.insert(in.Name), tells("Inner")(c)
		})
	r.inside = func(c *op.Call) error {
		c.Event(op.Event{Name: "Outer"})
		_, err := op.AsService(c, "vault", c.Caller.Account, own, input{Name: "own"})
		return errors.Join(err, fault.New(fault.State, "HaltException", "halt"))
	}
	if _, code := r.serve(r.look, good); code != "HaltException" {
		t.Error(code)
	}
	same(t, "records", r.told(), []string{"Inner", "Own", "Look HaltException"})
}

func TestEvent_LongFailure_IsClipped(t *testing.T) {
	r := build(t)
	r.inside = func(c *op.Call) error {
		c.Event(op.Event{Name: "Failed", Failure: strings.Repeat("x", 1<<20)})
		return nil
	}
	r.serve(r.change, good)
	if n := len(r.records()[0].ErrorMessage); n != 1024 {
		t.Errorf("%d bytes of a failure are kept", n)
	}
}
