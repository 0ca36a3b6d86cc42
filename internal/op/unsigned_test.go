package op_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"claviger/internal/admission"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// door is vault with an operation that needs no signature.
var door = func() *op.Service {
	s := *vault
	s.Unsigned = true
	return &s
}()

var errUnsigned = fault.New(fault.Unauthenticated, "MissingAuthenticationTokenException", "no")

// enter is that operation: the name in the request says who asks.
func (r *road) enter() op.Operation {
	return op.Unsigned(op.Info{Name: "Enter", Service: door},
		func(c *op.Call, in input) (policy.Caller, string, error) {
			c.Pause()
			err := r.station("identify")
			c.Region = region
			return policy.Caller{Type: policy.WebIdentityUser, Account: account, PrincipalID: in.Name,
				Session: &policy.Session{Provider: "provider"}}, "proof of " + in.Name, err
		},
		func(_ *op.Call, _ input, proof string) (op.Open, error) {
			return op.Open{Action: "vault:Enter", Reason: proof}, r.station("find")
		},
		func(*op.Call, input, op.Open) (output, error) { return output{"entered"}, r.station("do") })
}

// knocks sends an unsigned request, and says whose place it took.
func (r *road) knocks(s *op.Service, o op.Operation, body string) (out any, party string,
	err error) {
	r.at["authenticate"] = fails(errUnsigned)
	q := request(body, "192.0.2.1")
	read := false
	q.Read = func() ([]byte, error) { read = true; return []byte(body), nil }
	q.Name = func() (op.Operation, string, error) {
		if !read {
			r.t.Error("the name was asked for before the body was read")
		}
		if o == nil {
			return nil, "Nothing", errors.New("there is no such operation")
		}
		return o, "", r.station("name")
	}
	q.Known = func(ctx context.Context) error {
		party = admission.Party(ctx)
		return r.station("known")
	}
	q.Pause = func() { _ = r.station("pause") }
	out, err = r.runner.Serve(r.t.Context(), s, q)
	return out, party, err
}

func TestUnsigned_ProvenCaller_GoesDownTheRoad(t *testing.T) {
	r := build(t)
	out, party, err := r.knocks(door, r.enter(), good)
	if err != nil || out != (output{"entered"}) || party != account+"/provider" {
		t.Errorf("%v for %s, %v", out, party, err)
	}
	want := "authenticate name pause identify known find authorize do"
	if got := strings.Join(r.stations, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	rec := r.only()
	if rec.EventName != "Enter" || rec.UserIdentity.Type != policy.WebIdentityUser ||
		rec.UserIdentity.PrincipalID != "thing" || !rec.ReadOnly || rec.ErrorCode != "" {
		t.Errorf("recorded as %+v", rec)
	}
}

// TestUnsigned_FailureBeforeTheCaller_IsAStrangers: it is sampled and names nobody, whatever it is.
func TestUnsigned_FailureBeforeTheCaller_IsAStrangers(t *testing.T) {
	bad := fault.New(fault.Invalid, "InvalidIdentityToken", "no")
	for name, c := range map[string]struct {
		body, station, code string
	}{
		"no document":   {"{", "", "SerializationException"},
		"a bad member":  {`{"Name":""}`, "", "ValidationException"},
		"an odd name":   {`{"Name":"odd"}`, "", "ValidationException"},
		"no good proof": {good, "identify", "InvalidIdentityToken"},
	} {
		t.Run(name, func(t *testing.T) {
			r := build(t)
			r.at[c.station] = fails(bad)
			for range 3 {
				_, party, err := r.knocks(door, r.enter(), c.body)
				if code(t, err) != c.code || party != "" {
					t.Errorf("%v, as %q", err, party)
				}
			}
			rec := r.only()
			if rec.EventName != "Authenticate" || rec.UserIdentity.Type != "Unknown" ||
				rec.ErrorCode != c.code || rec.RequestParameters != nil || r.unknown != 3 ||
				r.unrecorded != 2 || len(r.ended) != 0 {
				t.Errorf("%+v; %d unknown, %d unrecorded, ended: %v", rec, r.unknown, r.unrecorded, r.ended)
			}
		})
	}
}

// TestUnsigned_AnythingElse_StillNeedsASignature: another operation of the service, none of that
// name, and a service that has no unsigned ones, whose bodies aren't even read.
func TestUnsigned_AnythingElse_StillNeedsASignature(t *testing.T) {
	for name, c := range map[string]struct {
		service *op.Service
		o       func(*road) op.Operation
	}{
		"a signed operation": {door, func(r *road) op.Operation { return r.look }},
		"no operation":       {door, func(*road) op.Operation { return nil }},
		"another service":    {vault, func(r *road) op.Operation { return r.enter() }},
	} {
		t.Run(name, func(t *testing.T) {
			r := build(t)
			_, _, err := r.knocks(c.service, c.o(r), good)
			if !errors.Is(err, errUnsigned) || r.unknown != 1 {
				t.Errorf("%v, %d unknown", err, r.unknown)
			}
			if c.service == vault && len(r.stations) != 1 {
				t.Errorf("it went by %v", r.stations)
			}
		})
	}
}

// TestUnsigned_BadSignature_IsNoneLess: who signs is not taken for somebody who doesn't.
func TestUnsigned_BadSignature_IsNoneLess(t *testing.T) {
	r := build(t)
	wrong := fault.New(fault.Unauthenticated, "InvalidSignatureException", "no")
	r.at["authenticate"] = fails(wrong)
	o := r.enter()
	q := request(good, "192.0.2.1")
	q.Name = func() (op.Operation, string, error) { return o, "", nil }
	if _, err := r.runner.Serve(t.Context(), door, q); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

// TestUnsigned_SignedRequest_IsOfWhomItProves: and takes one place.
func TestUnsigned_SignedRequest_IsOfWhomItProves(t *testing.T) {
	r := build(t)
	o, places := r.enter(), 0
	q := request(good, "192.0.2.1")
	q.Name = func() (op.Operation, string, error) { return o, "", nil }
	q.Known = func(context.Context) error { places++; return nil }
	out, err := r.runner.Serve(t.Context(), door, q)
	if err != nil || out != (output{"entered"}) || places != 1 {
		t.Errorf("%v, %v, %d places", out, err, places)
	}
	if rec := r.only(); rec.UserIdentity.Type != policy.WebIdentityUser {
		t.Errorf("recorded as %+v", rec)
	}
}

// TestUnsigned_SignedFailure_IsTheSigners: who signs is known.
func TestUnsigned_SignedFailure_IsTheSigners(t *testing.T) {
	r := build(t)
	r.at["identify"] = fails(fault.New(fault.Invalid, "InvalidIdentityToken", "no"))
	o := r.enter()
	q := request(good, "192.0.2.1")
	q.Name = func() (op.Operation, string, error) { return o, "", nil }
	_, err := r.runner.Serve(t.Context(), door, q)
	rec := r.only()
	if code(t, err) != "InvalidIdentityToken" || rec.EventName != "Enter" ||
		rec.UserIdentity.AccessKeyID != "AKIATEST" || rec.ErrorCode != "InvalidIdentityToken" ||
		r.unknown != 0 {
		t.Errorf("%v, recorded as %+v", err, rec)
	}
}

func TestUnsigned_NoPlace_IsNotListenedTo(t *testing.T) {
	r := build(t)
	many := fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")
	r.at["known"] = fails(many)
	_, _, err := r.knocks(door, r.enter(), good)
	if !errors.Is(err, many) || len(r.records()) != 0 {
		t.Errorf("%v, %d records", err, len(r.records()))
	}
}
