package op_test

import (
	"testing"

	"claviger/internal/op"
)

// A protocol that panics over what a client sent leaves a record as everything else does.
func TestRoad_PanicBeforeTheInputIsRead_IsRecorded(t *testing.T) {
	for _, c := range []struct {
		at, event string
		panics    func(*op.Request)
	}{
		{"name", "", func(*op.Request) {}},
		{"decode", "Look", func(q *op.Request) { q.Decode = func(any) error { panic("a mistake") } }},
	} {
		t.Run(c.at, func(t *testing.T) {
			r := build(t)
			r.at["name"] = nil
			if c.at == "name" {
				r.at["name"] = panics
			}
			q := request(good, "192.0.2.1")
			c.panics(q)
			_, err := r.send(r.look, q)
			if code := code(t, err); code != vault.Internal {
				t.Errorf("answered %q, want %q", code, vault.Internal)
			}
			if rec := r.only(); rec.EventName != c.event || rec.ErrorCode != vault.Internal {
				t.Errorf("record %+v", rec)
			}
		})
	}
}
