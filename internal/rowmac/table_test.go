package rowmac

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/store"
)

type state string

// thing is a row with a column of every kind.
type thing struct {
	ID      string
	Rev     int64
	State   state
	Blob    []byte
	Tags    []string
	Labels  map[string]string
	Hidden  bool
	Created time.Time
}

var things = Declare("things", func(r *thing) []Column {
	return []Column{Text("id", &r.ID), Integer("rev", &r.Rev), Word("state", &r.State),
		Bytes("blob", &r.Blob), JSON("tags", &r.Tags), JSON("labels", &r.Labels),
		Flag("hidden", &r.Hidden), Time("created", &r.Created)}
})

func aThing() *thing {
	return &thing{ID: "a", Rev: 3, State: "Enabled", Blob: []byte{1}, Tags: []string{"x", "y"},
		Labels: map[string]string{"b": "2", "a": "1"}, Hidden: true,
		Created: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)}
}

// rows answers one row of things as a database would.
type rows struct{ stored []any }

func (r rows) Row(_ *store.Query, _ []any, dest ...any) error {
	for i, d := range dest {
		if r.stored[i] != nil {
			reflect.ValueOf(d).Elem().Set(reflect.ValueOf(r.stored[i]).Convert(reflect.TypeOf(d).Elem()))
		}
	}
	return nil
}

func (r rows) Rows(q *store.Query, args []any, each func(func(...any) error) error) error {
	return each(func(dest ...any) error { return r.Row(q, args, dest...) })
}

func stored(t *testing.T, s *Signer, row *thing) []any {
	t.Helper()
	values, err := things.Sign(t.Context(), s, row)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestTable_SignedRow_IsReadAsItWas(t *testing.T) {
	s := new(counting).signer("one")
	for _, row := range []*thing{aThing(), {}} {
		values := stored(t, s, row)
		got, err := things.Load(t.Context(), s, rows{values}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again := stored(t, s, got); !reflect.DeepEqual(again, values) {
			t.Errorf("%+v is read as %+v", row, got)
		}
	}
	if got, err := things.Select(t.Context(), s, rows{stored(t, s, aThing())}, nil); err != nil ||
		!reflect.DeepEqual(got, []*thing{aThing()}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// An edit that leaves every value as it was is an edit all the same.
func TestTable_EditedColumn_IsRefused(t *testing.T) {
	s := new(counting).signer("one")
	for i, name := range strings.Split(things.Columns(), ", ") {
		edited := slices.Clone(stored(t, s, aThing()))
		switch v := edited[i].(type) {
		case string:
			edited[i] = v + " "
		case []byte:
			edited[i] = append(slices.Clone(v), 0)
		case int64:
			edited[i] = v + 1
		}
		_, err := things.Load(t.Context(), s, rows{edited}, nil, nil)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Internal {
			t.Errorf("column %s: %v", name, err)
		}
	}
}

func TestTable_UnreadableColumn_NamesIt(t *testing.T) {
	values := stored(t, new(counting).signer("one"), aThing())
	values[4] = "no list"
	_, err := things.Load(context.Background(), new(counting).signer("one"), rows{values}, nil, nil)
	if !errors.Is(err, ErrEdited) || !strings.Contains(err.Error(), "column tags of table things") {
		t.Errorf("%v", err)
	}
}

func TestTable_Statements_AreInTheOrderOfTheirValues(t *testing.T) {
	if got, want := things.Insert("seen"), "INSERT INTO things (id, rev, state, blob, tags, labels, "+
		"hidden, created, mac, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)"; got != want {
		t.Error(got)
	}
	if got, want := things.Update(1), "UPDATE things SET rev = $1, state = $2, blob = $3, tags = $4, "+
		"labels = $5, hidden = $6, created = $7, mac = $8 WHERE id = $9 AND rev = $10"; got != want {
		t.Error(got)
	}
	if got, want := things.Upsert(1), things.Insert()+" ON CONFLICT (id) DO UPDATE SET "+
		"rev = excluded.rev, state = excluded.state, blob = excluded.blob, tags = excluded.tags, "+
		"labels = excluded.labels, hidden = excluded.hidden, created = excluded.created, "+
		"mac = excluded.mac"; got != want {
		t.Error(got)
	}
	got := Over([]any{"id", int64(2), "state", "mac"}, 1, 1)
	if want := []any{int64(2), "state", "mac", "id", int64(1)}; !reflect.DeepEqual(got, want) {
		t.Error(fmt.Sprint(got))
	}
}

func TestJSONText_OneValue_HasOneText(t *testing.T) {
	for want, v := range map[string]any{"[]": []string(nil), "{}": map[string]string(nil),
		`{"a":"1","b":"2"}`: map[string]string{"b": "2", "a": "1"}} {
		if got := JSONText(v); got != want {
			t.Errorf("%v is written as %s", v, got)
		}
	}
}

func TestTable_UnsignedColumns_FollowTheSignedOnes(t *testing.T) {
	if got, want := things.InsertWith("sealed", "seen"), "INSERT INTO things (id, rev, state, blob, "+
		"tags, labels, hidden, created, mac, sealed, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "+
		"$10, $11)"; got != want {
		t.Error(got)
	}
	if got, want := things.UpdateWith(2, "sealed"), "UPDATE things SET state = $1, blob = $2, "+
		"tags = $3, labels = $4, hidden = $5, created = $6, mac = $7, sealed = $8 "+
		"WHERE id = $9 AND rev = $10"; got != want {
		t.Error(got)
	}
	got := KeyLast([]any{"id", int64(2), "state", "mac", "sealed"}, 2)
	if want := []any{"state", "mac", "sealed", "id", int64(2)}; !reflect.DeepEqual(got, want) {
		t.Error(fmt.Sprint(got))
	}
}
