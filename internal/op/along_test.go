package op_test

import (
	"errors"
	"slices"
	"testing"

	"claviger/audit"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

// along makes an insertion of a row that a Read adds to the transaction of its record, and counts
// what was kept.
func (r *road) along(c *op.Call, name string, kept *int) {
	commit := r.insert(name)
	c.Also(func(tx *store.Tx) error {
		_, err := commit(tx)
		return err
	}, func() { *kept += r.changes() })
}

func TestAlso_Bookkeeping_IsInTheRecordsTransaction(t *testing.T) {
	for _, name := range []string{"Look", "Change"} {
		r := build(t)
		kept := 0
		r.inside = func(c *op.Call) error { r.along(c, "bookkeeping", &kept); return nil }
		o := map[string]op.Operation{"Look": r.look, "Change": r.change}[name]
		if out, code := r.serve(o, good); code != "" || out == nil {
			t.Fatalf("%s: %v, %q", name, out, code)
		}
		want := map[string]int{"Look": 1, "Change": 2}[name]
		if n := r.changes(); n != want || kept != want || r.commits != 1 {
			t.Errorf("%s: %d rows, %d of them when it was told, and %d commits; want %d and 1 commit", name,
				n, kept, r.commits, want)
		}
	}
}

// Without its bookkeeping there is no answer, and the record says so.
func TestAlso_BookkeepingFails_FailsTheRequest(t *testing.T) {
	r := build(t)
	told := false
	r.inside = func(c *op.Call) error {
		c.Also(func(*store.Tx) error { return fault.New(fault.State, "HaltException", "halt") },
			func() { told = true })
		c.After(func(audit.Record) { told = true })
		return nil
	}
	for _, o := range []op.Operation{r.look, r.change} {
		if out, code := r.serve(o, good); out != nil || code != "HaltException" {
			t.Errorf("%s answered %v, %q", o.Info().Name, out, code)
		}
	}
	for _, rec := range r.records() {
		if rec.ErrorCode != "HaltException" {
			t.Errorf("record %+v", rec)
		}
	}
	if told || r.changes() != 0 {
		t.Errorf("told %v, %d rows: nothing of it was done", told, r.changes())
	}
}

// Also not if what needs the bookkeeping succeeded, and only what asked for it failed then.
func TestAlso_FailedRequest_DoesNoBookkeeping(t *testing.T) {
	r := build(t)
	kept, asked := 0, false
	halt := fault.New(fault.State, "HaltException", "halt")
	r.inside = func(c *op.Call) error {
		if asked {
			r.along(c, "bookkeeping", &kept)
			return nil
		}
		asked = true
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return errors.Join(err, halt)
	}
	if _, code := r.serve(r.look, good); code != "HaltException" || r.changes() != 0 || kept != 0 {
		t.Errorf("%q, %d rows, %d said to be kept", code, r.changes(), kept)
	}
	r.inside = func(c *op.Call) error {
		c.After(func(audit.Record) { t.Error("a failure was told of as a success") })
		return halt
	}
	if _, code := r.serve(r.look, good); code != "HaltException" {
		t.Error(code)
	}
}

// Each operation is told of its own record, the asked one too, and only once the disk has it.
func TestAfter_EachOperation_IsToldOfItsRecordOnTheDisk(t *testing.T) {
	r := build(t)
	told := map[string]string{}
	asked := false
	r.inside = func(c *op.Call) error {
		c.After(func(rec audit.Record) {
			told[rec.Name] = rec.EventID
			if !slices.ContainsFunc(r.records(), func(x record) bool { return x.EventID == rec.EventID }) {
				t.Errorf("the record of %s is not on the disk", rec.Name)
			}
		})
		if asked {
			return nil
		}
		asked = true
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return err
	}
	if _, code := r.serve(r.change, good); code != "" {
		t.Fatal(code)
	}
	for _, rec := range r.records() {
		if told[rec.EventName] != rec.EventID {
			t.Errorf("%s was told of %q, and its record is %q", rec.EventName, told[rec.EventName],
				rec.EventID)
		}
	}
	if len(told) != 2 {
		t.Errorf("told of %v", told)
	}
}

// The request failed and what it asked for did not: that success is told of, and the failure isn't.
func TestAfter_SuccessWithinAFailure_IsTold(t *testing.T) {
	r := build(t)
	var told []string
	asked := false
	r.inside = func(c *op.Call) error {
		c.After(func(rec audit.Record) { told = append(told, rec.Name) })
		if asked {
			return nil
		}
		asked = true
		_, err := op.Ask(c, "secrets", r.look, input{Name: "inner"})
		return errors.Join(err, fault.New(fault.State, "HaltException", "halt"))
	}
	if _, code := r.serve(r.change, good); code != "HaltException" {
		t.Fatal(code)
	}
	same(t, "told of", told, []string{"Look"})
}

func TestAfter_RecordLost_TellsNothing(t *testing.T) {
	r := build(t)
	r.down = fault.New(fault.Unavailable, "", "no disk")
	r.inside = func(c *op.Call) error {
		c.After(func(audit.Record) { t.Error("told of a record that is not there") })
		return nil
	}
	if _, code := r.serve(r.look, good); code != vault.Down {
		t.Error(code)
	}
}

func TestNote_SeveralNotes_AreOneObject(t *testing.T) {
	r := build(t)
	r.inside = func(c *op.Call) error {
		c.Note(`{"a":1}`)
		c.Note(`{"b":"two","c":[3]}`)
		return nil
	}
	if _, code := r.serve(r.look, good); code != "" {
		t.Fatal(code)
	}
	if got := r.only().AdditionalEventData; len(got) != 3 || got["a"] != 1.0 || got["b"] != "two" {
		t.Errorf("notes %v", got)
	}
}
