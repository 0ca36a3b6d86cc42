package op_test

import (
	"cmp"
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

func TestServe_EveryOutcome_LeavesOneRecord(t *testing.T) {
	halt := fails(fault.New(fault.State, "HaltException", "halt"))
	cases := []struct {
		name, body, at string
		happens        func() error
		code           string
		recorded       string // if it is called otherwise in a record
	}{
		{name: "success"},
		{name: "not JSON", body: `{`, code: "SerializationException"},
		{name: "wrong type", body: `{"Name":7}`, code: "SerializationException"},
		{name: "breaks a shape", body: `{"Name":"far too long"}`, code: "ValidationException"},
		{name: "breaks a rule", body: `{"Name":"odd"}`, code: "ValidationException"},
		{name: "dry run", body: `{"Name":"a","DryRun":true}`, code: "DryRunOperationException"},
		{name: "refusal", at: "authorize",
			happens: fails(fault.New(fault.Denied, "AccessDeniedException",
				"no")), code: "AccessDeniedException", recorded: "AccessDenied"},
		{name: "find fails", at: "find", happens: halt, code: "HaltException"},
		{name: "absence", at: "absence", happens: halt, code: "HaltException"},
		{name: "wrong state", at: "ready", happens: halt, code: "HaltException"},
		{name: "work fails", at: "do", happens: halt, code: "HaltException"},
		{name: "device away", at: "do", happens: fails(fault.New(fault.Unavailable, "", "later")),
			code: vault.Down},
		{name: "unknown error", at: "do", happens: fails(errors.New("cable 7 is loose")),
			code: vault.Internal},
		{name: "panic in find", at: "find", happens: panics, code: vault.Internal},
		{name: "panic in demands", at: "demands", happens: panics, code: vault.Internal},
		{name: "panic in authorize", at: "authorize", happens: panics, code: vault.Internal},
		{name: "panic in absence", at: "absence", happens: panics, code: vault.Internal},
		{name: "panic in ready", at: "ready", happens: panics, code: vault.Internal},
		{name: "panic in do", at: "do", happens: panics, code: vault.Internal},
		{name: "commit refused", at: "commit", happens: halt, code: "HaltException"},
		{name: "commit exists", at: "commit", happens: fails(store.Exists), code: vault.Internal},
		{name: "panic in commit", at: "commit", happens: panics, code: vault.Internal},
	}
	for _, c := range cases {
		if c.body == "" {
			c.body = good
		}
		for _, name := range []string{"Look", "Change"} {
			if name == "Look" && c.at == "commit" {
				continue
			}
			t.Run(name+" "+c.name, func(t *testing.T) {
				r := build(t)
				if c.at != "" {
					r.at[c.at] = c.happens
				}
				o := map[string]op.Operation{"Look": r.look, "Change": r.change}[name]
				out, code := r.serve(o, c.body)
				if code != c.code || (out == nil) != (code != "") {
					t.Errorf("answered %v, %q, want %q", out, code, c.code)
				}
				rec := r.only()
				if rec.EventName != name || rec.ErrorCode != cmp.Or(c.recorded, c.code) ||
					rec.ReadOnly != (name == "Look") {
					t.Errorf("record %+v", rec)
				}
				if rec.RequestID != "request-1" || rec.EventID == "" ||
					rec.UserIdentity.AccessKeyID != "AKIATEST" {
					t.Errorf("the record does not say who asked: %+v", rec)
				}
				unread := c.code == "SerializationException" || c.code == "ValidationException"
				if (len(rec.RequestParameters) == 0) != unread {
					t.Errorf("parameters %v; what breaks the rules is in no record, all else is",
						rec.RequestParameters)
				}
				if r.commits != 1 {
					t.Errorf("%d commits for one outcome", r.commits)
				}
				if want := c.code == "" && name == "Change"; (r.changes() == 1) != want {
					t.Errorf("%d rows changed", r.changes())
				}
				same(t, "observed", r.ended, []string{strings.TrimSpace(name + " " + c.code)})
			})
		}
	}
}

func TestRecord_ServedRequest_SaysWhatWasTouched(t *testing.T) {
	r := build(t)
	r.serve(r.change, good)
	rec := r.only()
	if len(rec.Resources) != 1 || rec.Resources[0].ARN != "arn:aws:vault:::thing" {
		t.Errorf("resources %v, want the thing alone", rec.Resources)
	}
	if rec.RequestParameters["name"] != "thing" || len(rec.RequestParameters) != 1 {
		t.Errorf("parameters %v, want the name and nothing sensitive", rec.RequestParameters)
	}
	if rec.SourceIPAddress != "192.0.2.1" || rec.UserAgent != "test" {
		t.Errorf("record %+v", rec)
	}
}

func TestNote_ServedRequest_IsInItsRecord(t *testing.T) {
	r := build(t)
	r.inside = func(c *op.Call) error { c.Note(`{"path":"short"}`); return nil }
	r.serve(r.look, good)
	if got := r.only().AdditionalEventData["path"]; got != "short" {
		t.Errorf("additionalEventData.path = %v", got)
	}
}

func TestRecord_InternalError_HoldsNoTextOfIt(t *testing.T) {
	const text = "CKR_DEVICE_ERROR in slot 7"
	for name, err := range map[string]error{
		"plain":             errors.New(text),
		"cause of internal": fault.New(fault.Internal, "", "").Because(errors.New(text)),
		"of internal":       fault.New(fault.Internal, "", text),
		"cause of another":  fault.New(fault.State, "HaltException", "halt").Because(errors.New(text)),
	} {
		for _, station := range []string{"find", "authorize", "do", "commit"} {
			r := build(t)
			r.at[station] = fails(err)
			r.serve(r.change, good)
			if trail := r.trail(); strings.Contains(trail, "slot 7") {
				t.Errorf("%s at %s: %s", name, station, trail)
			}
			if fault.Of(err).Kind == fault.Internal && !strings.Contains(r.log.String(), "slot 7") {
				t.Errorf("%s at %s: the operator was not told", name, station)
			}
		}
	}
}

// The operator is told of what is ours to mend, and of nothing that callers do. What the store says
// once, by itself, is not said again for each request.
func TestLog_Failure_IsToldIfItIsOurs(t *testing.T) {
	for kind, want := range map[fault.Kind]bool{fault.Internal: true, fault.Unavailable: true,
		fault.Uncertain: true, fault.Denied: false, fault.Invalid: false, fault.NotFound: false} {
		for cause, again := range map[error]bool{errors.New("a cause"): true, store.ErrNotStored: false} {
			r := build(t)
			r.at["do"] = fails(fault.New(kind, "HaltException", "halt").Because(cause))
			r.serve(r.look, good)
			if told := strings.Contains(r.log.String(), "operation failed"); told != (want && again) {
				t.Errorf("%v because of %v: told is %v", kind, cause, told)
			}
		}
	}
}

// Whether a request came over TLS is a fact that a decision may turn on.
func TestCall_TLS_IsKnown(t *testing.T) {
	for _, state := range []*tls.ConnectionState{nil, {}} {
		r := build(t)
		var known bool
		r.inside = func(c *op.Call) error { known = c.TLS; return nil }
		q := request(good, "192.0.2.1")
		q.HTTP.TLS = state
		if _, err := r.send(r.look, q); err != nil || known != (state != nil) {
			t.Errorf("over TLS is %v: %v, %v", state != nil, known, err)
		}
	}
}

func TestRecord_SensitiveValue_IsNotHeld(t *testing.T) {
	r := build(t)
	r.serve(r.change, good)
	r.serve(r.change, `{"Name":"far too long","Value":"a secret value"}`)
	r.serve(r.change, `{"Name":"thing","Value":"a secret value","Value":"a secret value"}`)
	r.at["do"] = panics
	r.serve(r.look, good)
	if trail := r.trail(); strings.Contains(trail, "a secret value") ||
		strings.Contains(r.log.String(), "a secret value") {
		t.Errorf("%s\n%s", trail, r.log)
	}
}

func TestFailure_NoRecord_NoAnswer(t *testing.T) {
	cases := []struct {
		name string
		down error
		kind fault.Kind
	}{
		{"unavailable", fault.New(fault.Unavailable, "",
			"The service can't store its records at the moment."), fault.Unavailable},
		{"unknown", errors.New("the disk burns"), fault.Internal},
	}
	for _, c := range cases {
		for _, station := range []string{"", "authenticate", "authorize", "do", "commit"} {
			t.Run(c.name+" "+station, func(t *testing.T) {
				for _, name := range []string{"Look", "Change"} {
					r := build(t)
					r.down = c.down
					r.at[station] = fails(fault.New(fault.State, "HaltException", "halt"))
					o := map[string]op.Operation{"Look": r.look, "Change": r.change}[name]
					out, err := r.send(o, request(good, "192.0.2.1"))
					if f := fault.Of(err); out != nil || f == nil || f.Kind != c.kind {
						t.Errorf("%s answered %v, %v", name, out, err)
					}
				}
			})
		}
	}
}

func TestServe_ClosedDatabase_AnswersNothing(t *testing.T) {
	r := build(t)
	r.db.Close()
	for _, o := range []op.Operation{r.look, r.change} {
		out, err := r.send(o, request(good, "192.0.2.1"))
		if f := fault.Of(err); out != nil || f.Kind != fault.Unavailable {
			t.Errorf("answered %v, %v", out, err)
		}
	}
}

func TestServe_UnknownName_IsRecorded(t *testing.T) {
	r := build(t)
	unknown := fault.New(fault.Invalid, "UnknownOperationException", "")
	destroy := func() error {
		q := request(good, "192.0.2.1")
		q.Name = func() (op.Operation, string, error) { return nil, "Destroy", unknown }
		_, err := r.runner.Serve(t.Context(), vault, q)
		return err
	}
	err := destroy()
	if code(t, err) != "UnknownOperationException" {
		t.Errorf("answered %v", err)
	}
	if rec := r.only(); rec.EventName != "Destroy" || rec.ErrorCode != "UnknownOperationException" ||
		rec.UserIdentity.Type != "Root" {
		t.Errorf("record %+v", rec)
	}
	r.at["authenticate"] = fails(fault.New(fault.Unauthenticated, "IncompleteSignature", ""))
	err = destroy()
	if code(t, err) != "IncompleteSignature" {
		t.Errorf("an unauthenticated caller was told %v", err)
	}
}
