package op_test

import (
	"errors"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

func TestAsk_WithinAWrite_JoinsItsCommit(t *testing.T) {
	r := build(t)
	asked := false
	r.inside = func(c *op.Call) error {
		if asked {
			c.Note(`{"of":"Look"}`)
			return nil
		}
		asked = true
		c.Note(`{"of":"Change"}`)
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return err
	}
	if _, code := r.serve(r.change, good); code != "" {
		t.Fatalf("Change failed: %s", code)
	}
	all := r.records()
	if len(all) != 2 || r.commits != 1 || all[0].batch != all[1].batch {
		t.Fatalf("%d commits, records %+v; want two records in one commit", r.commits, all)
	}
	inner, outer := all[0], all[1]
	if inner.EventName != "Look" || inner.UserIdentity.InvokedBy != "secrets.amazonaws.com" ||
		inner.RequestParameters["name"] != "inner" {
		t.Errorf("the record of what was asked: %+v", inner)
	}
	if outer.EventName != "Change" || outer.UserIdentity.InvokedBy != "" {
		t.Errorf("the record of the request: %+v", outer)
	}
	if inner.UserIdentity.PrincipalID != outer.UserIdentity.PrincipalID ||
		inner.RequestID != outer.RequestID || inner.EventID == outer.EventID {
		t.Errorf("one caller, one request, two events: %+v and %+v", inner, outer)
	}
	if inner.AdditionalEventData["of"] != "Look" || outer.AdditionalEventData["of"] != "Change" {
		t.Errorf("notes went to the wrong record: %v and %v", inner.AdditionalEventData,
			outer.AdditionalEventData)
	}
}

// A note is about the operation that made it, and about no other that it asks for.
func TestNote_NestedOperations_StaysWithItsOwn(t *testing.T) {
	r := build(t)
	quiet := op.Read(op.Info{Name: "Quiet", Service: vault}, r.find,
		func(*op.Call, input, *target) (output, error) { return output{}, nil })
	own := op.Write(op.Info{Name: "Own", Service: vault}, r.find,
		func(_ *op.Call, in input, _ *target) (op.Commit[output], error) {
			return r.insert(in.Name), nil
		})
	r.inside = func(c *op.Call) error {
		c.Note(`{"of":"Look"}`)
		_, first := op.Ask(c, "", quiet, input{Name: "a"})
		_, second := op.AsService(c, "vault", c.Caller.Account, own, input{Name: "b"})
		return errors.Join(first, second)
	}
	if _, code := r.serve(r.look, good); code != "" {
		t.Fatal(code)
	}
	for _, rec := range r.records() {
		if got := rec.AdditionalEventData["of"]; (got == "Look") != (rec.EventName == "Look") {
			t.Errorf("the record of %s has the note %v", rec.EventName, got)
		}
	}
}

// The service works where the resource is, whosever request it works for.
func TestAsService_ResourceOfAnotherAccount_IsDoneThere(t *testing.T) {
	r := build(t)
	var where string
	own := op.Write(op.Info{Name: "Own", Service: vault},
		func(c *op.Call, in input) (*target, error) {
			where, _ = c.Namespace()
			return r.find(c, in)
		},
		func(_ *op.Call, in input, _ *target) (op.Commit[output], error) {
			return r.insert(in.Name), nil
		})
	r.inside = func(c *op.Call) error {
		_, err := op.AsService(c, "vault", "444455556666", own, input{Name: "b"})
		return err
	}
	if _, code := r.serve(r.look, good); code != "" || where != "444455556666" {
		t.Errorf("answered %q, done in account %s", code, where)
	}
}

func TestAsk_CallerWithoutRight_IsDenied(t *testing.T) {
	r := build(t)
	decisions := 0
	r.at["authorize"] = func() error {
		if decisions++; decisions == 2 {
			return fault.New(fault.Denied, "AccessDeniedException", "not the key")
		}
		return nil
	}
	r.inside = func(c *op.Call) error {
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return err
	}
	if _, code := r.serve(r.change, good); code != "AccessDeniedException" {
		t.Errorf("answered %q", code)
	}
	all := r.records()
	if len(all) != 2 || all[0].ErrorCode != "AccessDenied" ||
		all[1].ErrorCode != "AccessDenied" {
		t.Errorf("records %+v", all)
	}
	if r.changes() != 0 {
		t.Error("it was changed all the same")
	}
}

// What is asked is validated as if it had come from outside.
func TestAsk_InvalidInput_IsRefused(t *testing.T) {
	r := build(t)
	r.inside = func(c *op.Call) error {
		_, err := op.Ask(c, "secrets", r.look, input{Name: "far too long"})
		return err
	}
	if _, code := r.serve(r.change, good); code != "ValidationException" {
		t.Errorf("answered %q", code)
	}
}

func TestAsService_WithinARequest_HasACommitOfItsOwn(t *testing.T) {
	r := build(t)
	first := op.Write(op.Info{Name: "First", Service: vault}, r.find,
		func(_ *op.Call, in input, _ *target) (op.Commit[output], error) {
			return r.insert(in.Name), nil
		})
	r.inside = func(c *op.Call) error {
		out, err := op.AsService(c, "vault", c.Caller.Account, first, input{Name: "inner"})
		if err == nil && (out != output{"changed"} || r.changes() != 1) {
			err = errors.New("it was answered before it was committed")
		}
		return err
	}
	r.at["commit"] = func() error {
		if r.commits == 2 {
			return fault.New(fault.State, "HaltException", "halt")
		}
		return nil
	}
	if _, code := r.serve(r.change, good); code != "HaltException" {
		t.Fatalf("answered %q", code)
	}
	all := r.records()
	if len(all) != 2 || all[0].batch == all[1].batch {
		t.Fatalf("records %+v, want two in two commits", all)
	}
	if by := all[0].UserIdentity; all[0].EventName != "First" || all[0].ErrorCode != "" ||
		by != (identity{Type: "AWSService", InvokedBy: "vault.amazonaws.com"}) ||
		all[0].RecipientAccountID != account {
		t.Errorf("record of the service's work: %+v", all[0])
	}
	if all[1].EventName != "Change" || all[1].ErrorCode != "HaltException" ||
		all[1].UserIdentity.Type != "Root" {
		t.Errorf("record of the request: %+v", all[1])
	}
	if r.changes() != 1 {
		t.Errorf("%d rows, want the service's own alone", r.changes())
	}
}

func TestOwn_CallOfTheJobRunner_IsTheServices(t *testing.T) {
	r := build(t)
	c := r.runner.Own(t.Context(), account, region, "vault")
	if _, err := op.AsService(c, "vault", account, r.change, input{Name: "job"}); err != nil {
		t.Fatal(err)
	}
	if rec := r.only(); rec.EventName != "Change" || rec.UserIdentity.Type != "AWSService" ||
		rec.RequestID == "" {
		t.Errorf("record %+v", rec)
	}
}

func TestServe_StaleAttempt_LeavesNothing(t *testing.T) {
	r := build(t)
	stale := 1
	r.inside = func(c *op.Call) error {
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return err
	}
	look := 0
	inside := r.inside
	r.inside = func(c *op.Call) error {
		if look++; look%2 == 0 { // Look itself
			return nil
		}
		return inside(c)
	}
	r.at["commit"] = func() error {
		if stale--; stale >= 0 {
			return store.Stale
		}
		return nil
	}
	out, code := r.serve(r.change, good)
	if code != "" || out != (output{"changed"}) {
		t.Fatalf("answered %v, %q", out, code)
	}
	all := r.records()
	if len(all) != 2 || all[0].EventName != "Look" || all[1].EventName != "Change" ||
		all[1].ErrorCode != "" {
		t.Errorf("records %+v, want those of the last attempt", all)
	}
	if r.changes() != 1 {
		t.Errorf("%d rows", r.changes())
	}
	if n := count(r.stations, "find"); n != 4 {
		t.Errorf("find ran %d times, want again for each operation", n)
	}
}

func TestServe_AlwaysStale_IsThrottled(t *testing.T) {
	r := build(t)
	r.at["commit"] = fails(store.Stale)
	if out, code := r.serve(r.change, good); out != nil || code != "ThrottlingException" {
		t.Errorf("answered %v, %q", out, code)
	}
	if rec := r.only(); rec.EventName != "Change" || rec.ErrorCode != "ThrottlingException" {
		t.Errorf("record %+v", rec)
	}
	if n := count(r.stations, "find"); n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
	if r.changes() != 0 {
		t.Error("a stale change was stored")
	}
}

func TestServe_AlwaysStale_HasTheServicesNameWhereItAnswersSo(t *testing.T) {
	for answers, want := range map[string]string{
		"OtherException ManyUpdates": "ManyUpdates",
		"OtherException":             "ThrottlingException",
		"":                           "ThrottlingException",
	} {
		r := build(t)
		s := *vault
		s.Contended = fault.New(fault.Conflict, "ManyUpdates", "")
		s.Answers = op.Answers{"Change": answers}
		r.at["commit"] = fails(store.Stale)
		change := op.Write(op.Info{Name: "Change", Service: &s}, r.find,
			func(_ *op.Call, in input, _ *target) (op.Commit[output], error) {
				return r.insert(in.Name), nil
			})
		if _, code := r.serve(change, good); code != want {
			t.Errorf("with answers %q: %q, want %q", answers, code, want)
		}
		if rec := r.only(); rec.ErrorCode != want {
			t.Errorf("record %+v", rec)
		}
	}
}

// A refusal on the second attempt is the answer: the first was never seen by anybody.
func TestServe_SecondAttempt_DecidesAnew(t *testing.T) {
	r := build(t)
	r.at["commit"] = fails(store.Stale)
	n := 0
	r.at["ready"] = func() error {
		if n++; n == 2 {
			return fault.New(fault.State, "DisabledException", "")
		}
		return nil
	}
	if _, code := r.serve(r.change, good); code != "DisabledException" {
		t.Errorf("answered %q", code)
	}
	if rec := r.only(); rec.ErrorCode != "DisabledException" {
		t.Errorf("record %+v", rec)
	}
}

func count(in []string, what string) (n int) {
	for _, s := range in {
		if s == what {
			n++
		}
	}
	return n
}
