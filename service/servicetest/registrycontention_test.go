package servicetest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"claviger/internal/op"
	"claviger/service/servicetest"

	"github.com/google/uuid"
)

// crowd is how many ask at once.
const crowd = 8

// TestRegistry_EveryChangeByACrowd_IsAnsweredAsIfOneAfterTheOther: who changes a thing at the same
// time as others is answered what it would be, had all of them come one after the other. Nobody is
// sent away because others were faster. All ask for the same, or each for something of its own.
func TestRegistry_EveryChangeByACrowd_IsAnsweredAsIfOneAfterTheOther(t *testing.T) {
	g := startWalkServers(t)
	for _, n := range routed(g.soft.Server) {
		if n.ReadOnly {
			continue
		}
		request, s := walk[idOf(n)].request, g.of(n)
		t.Run(idOf(n), func(t *testing.T) {
			compareCrowd(t, s, n, request)
			if theirOwn(request, 1) != request && n.Name != "RotateSecret" { // one at a time
				t.Run("their own", func(t *testing.T) {
					compareCrowd(t, s, n, strings.ReplaceAll(request, "TOKEN", anybodys))
				})
			}
		})
	}
}

// compareCrowd has a crowd ask one after the other, and then another one about something else
// all at once.
func compareCrowd(t *testing.T, s walkServer, n op.Info, request string) {
	document := staged(t, s, request)
	var single []string
	for i := range crowd {
		single = append(single, answeredTo(t, s.Server, n, theirOwn(document, i)))
		awaitStores(t, s.Server)
		awaitRotations(t, s.db)
	}
	document = staged(t, s, request)
	crowded := make([]string, crowd)
	var asked sync.WaitGroup
	for i := range crowded {
		asked.Go(func() { crowded[i] = answeredTo(t, s.Server, n, theirOwn(document, i)) })
	}
	asked.Wait()
	slices.Sort(single)
	slices.Sort(crowded)
	if !slices.Equal(crowded, single) {
		t.Errorf("at once they are answered %v, and one after the other %v", crowded, single)
	}
}

// staged is [stage] once nothing goes on any more.
func staged(t *testing.T, s walkServer, request string) (document string) {
	t.Helper()
	document, _ = stage(t, s.Server, request)
	awaitStores(t, s.Server)
	awaitRotations(t, s.db)
	return document
}

// anybodys stands for a token of each caller's own.
const anybodys = "T0KEN"

// theirOwn returns what one of a crowd asks for, if each asks for something of its own.
func theirOwn(document string, who int) string {
	i := strconv.Itoa(who)
	return strings.NewReplacer(anybodys, uuid.NewString(), `Value":"b"`, `Value":"b`+i+`"`,
		`Key":"a"`, `Key":"a`+i+`"`, `Description":"d"`, `Description":"d`+i+`"`,
		`Days":90`, `Days":9`+i, `MaxSessionDuration":7200`, `MaxSessionDuration":720`+i,
		`Labels":["new"]`, `Labels":["new`+i+`"]`, `VersionStage":"S"`, `VersionStage":"S`+i+`"`,
		`ClientID":"new"`, `ClientID":"new`+i+`"`, `NewPath":"/b/"`, `NewPath":"/b`+i+`/"`,
		`SecretString":"x"`, `SecretString":"x`+i+`"`).Replace(document)
}

// answeredTo asks for an operation and returns what became of it.
func answeredTo(t *testing.T, s *servicetest.Server, n op.Info, document string) string {
	w := &walker{Server: s, n: n}
	keys, _ := w.doer(t)
	a := w.send(t, document, keys, false)
	if a.Status/100 == 2 {
		return "done"
	}
	return fmt.Sprint(a.Status, " ", a.Code())
}

// TestRegistry_AllChangesOfOneThingAtOnce_LoseNoRace: different operations wait for each other,
// too.
func TestRegistry_AllChangesOfOneThingAtOnce_LoseNoRace(t *testing.T) {
	g := startWalkServers(t)
	for _, word := range []string{"KEY", "SECRET", "PARAMETER", "USER", "CLERK", "TEAM", "GROUP",
		"ROLE", "OFFICE", "MANAGED", "ISSUER"} {
		t.Run(word, func(t *testing.T) {
			var ns []op.Info
			var requests []string
			for _, n := range routed(g.soft.Server) {
				request := walk[idOf(n)].request
				if !n.ReadOnly && !strings.HasPrefix(n.Name, "Delete") &&
					strings.Contains(request, `"`+word+`"`) {
					ns = append(ns, n)
					requests = append(requests, strings.ReplaceAll(request, "TOKEN", anybodys))
				}
			}
			documents := strings.Split(staged(t, g.soft, strings.Join(requests, "\n")), "\n")
			var asked sync.WaitGroup
			for i := range 4 * len(ns) {
				n, document := ns[i%len(ns)], theirOwn(documents[i%len(ns)], i/len(ns))
				asked.Go(func() {
					a := answeredTo(t, g.soft.Server, n, document)
					if strings.Contains(a, "Throttling") || strings.Contains(a, "Concurrent") {
						t.Errorf("%s is answered %s", idOf(n), a)
					}
				})
			}
			asked.Wait()
		})
	}
}
