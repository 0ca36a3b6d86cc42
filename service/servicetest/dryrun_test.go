package servicetest_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDryRun_EveryOperation_DoesNothingAndSaysSo: an operation that has one does nothing in it and
// says so; who may not do it is told that instead.
func TestDryRun_EveryOperation_DoesNothingAndSaysSo(t *testing.T) {
	g := startWalkServers(t)
	for _, n := range routed(g.soft.Server) {
		s, db := g.of(n).Server, g.of(n).db
		if _, ok := n.In.FieldByName("DryRun"); !ok {
			continue
		}
		t.Run(idOf(n), func(t *testing.T) {
			there, absent := stage(t, s, walk[idOf(n)].request)
			before := snapshot(t, db)
			w := &walker{s, n, n.Route, s.Mark(t)}
			for _, rest := range []bool{false, true} {
				a := w.send(t, dry(t, there), w.Root, rest)
				if a.Code() != "DryRunOperationException" ||
					a.Message() != "The request would have succeeded, but the DryRun option is set." {
					t.Errorf("answered %d %s", a.Status, a.Body)
				}
				if a := w.send(t, dry(t, there), w.Nobody, rest); a.Code() != "AccessDeniedException" {
					t.Errorf("nobody is answered %d %s", a.Status, a.Body)
				}
				if a := w.send(t, dry(t, absent), w.Root, rest); a.Code() != walk[idOf(n)].missing {
					t.Errorf("about what isn't there: %d %s", a.Status, a.Body)
				}
			}
			unchanged(t, db, before)
		})
	}
}

// dry returns a request with DryRun in front of its members.
func dry(t testing.TB, request string) string {
	t.Helper()
	out := `{"DryRun":true,` + strings.TrimPrefix(request, "{")
	if !json.Valid([]byte(out)) {
		t.Fatalf("%s is no document", out)
	}
	return out
}
