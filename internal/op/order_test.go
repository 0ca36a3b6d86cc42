package op_test

import (
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
)

// stations is the road, in order. "demands" is what find's target says when it is asked
// for what to authorize.
var stations = []string{"authenticate", "name", "find", "demands", "authorize", "absence", "ready",
	"do", "commit"}

func TestServe_FailingStation_EndsTheRoad(t *testing.T) {
	for i, station := range stations {
		if station == "demands" {
			continue // it can't fail; TestServe_NoDemand_IsRefused is about it
		}
		t.Run(station, func(t *testing.T) {
			r := build(t)
			r.at[station] = fails(fault.New(fault.State, "HaltException", "halt"))
			out, code := r.serve(r.change, good)
			if code != "HaltException" || out != nil {
				t.Errorf("answered %v, %q", out, code)
			}
			same(t, "stations", r.stations, stations[:i+1])
			if n := r.changes(); n != 0 {
				t.Errorf("%d rows were changed", n)
			}
		})
	}
}

func TestServe_GoodRequest_PassesEveryStation(t *testing.T) {
	r := build(t)
	out, code := r.serve(r.change, good)
	if code != "" || out != (output{"changed"}) {
		t.Errorf("Change answered %v, %q", out, code)
	}
	same(t, "stations of a Write", r.stations, stations)
	if n := r.changes(); n != 1 {
		t.Errorf("%d rows were changed, want one", n)
	}
	r.stations = nil
	out, code = r.serve(r.look, good)
	if code != "" || out != (output{"seen"}) {
		t.Errorf("Look answered %v, %q", out, code)
	}
	same(t, "stations of a Read", r.stations, stations[:len(stations)-1])
	same(t, "observed", r.ended, []string{"Change", "Look"})
	if r.inFlight != 0 {
		t.Errorf("%d requests are still counted as in flight", r.inFlight)
	}
}

func TestServe_AbsentTarget_IsShownOnlyToTheAuthorized(t *testing.T) {
	r := build(t)
	r.at["absence"] = fails(fault.New(fault.NotFound, "NotFoundException", ""))
	r.at["authorize"] = fails(fault.New(fault.Denied, "AccessDeniedException", ""))
	if _, code := r.serve(r.look, good); code != "AccessDeniedException" {
		t.Errorf("a caller who may not know was told %s", code)
	}
	delete(r.at, "authorize")
	if _, code := r.serve(r.look, good); code != "NotFoundException" {
		t.Errorf("a caller who may know was told %s", code)
	}
}

func TestServe_DryRun_EndsBeforeTheWork(t *testing.T) {
	const dry = `{"Name":"thing","DryRun":true}`
	r := build(t)
	if out, code := r.serve(r.change, dry); code != "DryRunOperationException" || out != nil {
		t.Errorf("answered %v, %q", out, code)
	}
	same(t, "stations", r.stations, stations[:7])

	r = build(t)
	r.at["ready"] = fails(fault.New(fault.State, "DisabledException", ""))
	if _, code := r.serve(r.change, dry); code != "DisabledException" {
		t.Errorf("a dry run of what can't be done answered %s", code)
	}
}

func TestServe_InvalidInput_IsNeverLookedUp(t *testing.T) {
	for _, body := range []string{`{`, `{"Name":7}`, `{}`, `{"Name":""}`, `{"Name":"far too long"}`,
		`{"Name":"odd"}`} {
		r := build(t)
		if out, code := r.serve(r.change, body); code == "" || out != nil {
			t.Errorf("%s: answered %v, %q", body, out, code)
		}
		same(t, body, r.stations, stations[:2])
	}
}

func TestServe_NoDemand_IsRefused(t *testing.T) {
	r := build(t)
	r.at["demands"] = fails(fault.New(fault.Internal, "", "")) // the target demands nothing then
	if _, code := r.serve(r.look, good); code != vault.Internal {
		t.Errorf("an operation that demands nothing answered %q", code)
	}
	same(t, "stations", r.stations, stations[:5])
}

// TestWrite_PlanWithoutCommit_Fails: a plan that fails says why, and one that neither commits nor
// fails is a mistake of ours.
func TestWrite_PlanWithoutCommit_Fails(t *testing.T) {
	for want, err := range map[string]error{
		"HaltException": fault.New(fault.State, "HaltException", "halt"), vault.Internal: nil,
	} {
		r := build(t)
		plan := op.Write(op.Info{Name: "Plan", Service: vault}, r.find,
			func(*op.Call, input, *target) (op.Commit[output], error) { return nil, err })
		if out, code := r.serve(plan, good); out != nil || code != want {
			t.Errorf("a plan that ends in %v answered %v, %q", err, out, code)
		}
	}
}

// TestDryRun_InputWithoutIt_IsNone: what an input says besides is not taken for it.
func TestDryRun_InputWithoutIt_IsNone(t *testing.T) {
	type flagged struct {
		Name *string `shape:"Name"`
		Flag *bool   `shape:"Bool"`
		op.ByShape
	}
	r := build(t)
	o := op.Read(op.Info{Name: "Look", Service: vault},
		func(c *op.Call, _ flagged) (*target, error) { return r.find(c, input{}) },
		func(*op.Call, flagged, *target) (output, error) { return output{"seen"}, nil })
	if out, code := r.serve(o, `{"Name":"a","Flag":true}`); out != (output{"seen"}) {
		t.Errorf("answered %v, %q", out, code)
	}
}

// Only a Query can be asked, because only a Query has what Ask takes: op.Ask(c, "vault", r.change,
// input{}) is no program. A Command has a commit of its own, and AsService is the only function
// that takes one; it gives a Query one too.
var (
	_ func(*op.Call, string, op.Query[input, output], input) (output, error) = op.Ask

	_ func(*op.Call, string, string, op.Performer[input, output], input) (output, error) = op.AsService
)
