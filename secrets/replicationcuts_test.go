package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/store"
)

// cutLedger fails one commit: before it is made, or by losing its answer.
type cutLedger struct {
	op.Ledger
	left int // commits until the cut
	late bool
	cut  bool
	off  bool // commits aren't counted
}

var errCut = errors.New("the power is gone")

func (l *cutLedger) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	if !l.off {
		l.left--
	}
	if l.off || l.left != 0 {
		return l.Ledger.Commit(apply, record)
	}
	l.cut = true
	if l.late {
		if err := l.Ledger.Commit(apply, record); err != nil {
			return err
		}
	}
	return errCut
}

// TestReplica_CutAtEveryCommit_ComesToTheSame: wherever the service is cut off, before a commit
// or after it, a copy is what its primary is in the end, and none is left that nobody wants.
func TestReplica_CutAtEveryCommit_ComesToTheSame(t *testing.T) {
	steps := []struct {
		name, region string
		in           M
	}{
		{"CreateSecret", region, M{"Name": "x", "SecretString": "one", "ClientRequestToken": v(1),
			"AddReplicaRegions": []M{{"Region": europe}, {"Region": oceania}}}},
		{"PutSecretValue", region,
			M{"SecretId": "x", "SecretString": "two", "ClientRequestToken": v(2)}},
		{"RemoveRegionsFromReplication", region,
			M{"SecretId": "x", "RemoveReplicaRegions": []string{oceania}}},
		{"UpdateSecret", region, M{"SecretId": "x", "Description": "d"}},
		{"StopReplicationToReplica", europe, M{"SecretId": "x"}},
		{"DeleteSecret", region, M{"SecretId": "x", "ForceDeleteWithoutRecovery": true}},
	}
	for at, late := 1, false; ; {
		s := start(t)
		ledger := &cutLedger{Ledger: s.DB, left: at, late: late}
		s.Runner.Ledger = ledger
		for _, step := range steps {
			ledger.off = false
			if _, err := in[any](s, step.region, step.name, step.in); err != nil {
				s.restartAfterCut()
				_, err = in[any](s, step.region, step.name, step.in)
				if err != nil && !late {
					t.Errorf("cut %d: %s: %v", at, step.name, err)
				}
			}
			s.sync()
			ledger.off = true
			if ledger.cut {
				s.restartAfterCut()
				s.Clock.Pass(day)
				s.sync()
			}
			if step.name == "PutSecretValue" || step.name == "UpdateSecret" {
				s.inStep(europe)
				here, there := s.describe("x"), s.describeIn(europe, "x")
				if !reflect.DeepEqual(here.VersionIdsToStages, there.VersionIdsToStages) ||
					s.textIn(europe, "x") != "two" || here.Description != there.Description {
					t.Errorf("cut %d, late %v: after %s %+v, want %+v", at, late, step.name, there, here)
				}
			}
		}
		s.Refused("DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")
		s.refusedIn(oceania, "DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")
		if d := s.describeIn(europe, "x"); d.PrimaryRegion != "" || s.textIn(europe, "x") != "two" {
			t.Errorf("cut %d, late %v: %+v", at, late, d)
		}
		switch {
		case !ledger.cut:
			t.Logf("%d commits were cut", at-1)
			return
		case late:
			at, late = at+1, false
		default:
			late = true
		}
	}
}

// restartAfterCut is the next process, which finds what the last one has stored.
func (s *service) restartAfterCut() {
	s.T.Helper()
	s.Restart()
	if err := s.Jobs.FreeLeases(); err != nil {
		s.T.Fatal(err)
	}
}

// TestReplica_ManyWriters_StarveNoCopy: while a secret is changed all the time its copies follow,
// and in the end they are what it is.
func TestReplica_ManyWriters_StarveNoCopy(t *testing.T) {
	s := start(t)
	s.create("x", "one")
	s.replicate(M{"Region": europe}, M{"Region": oceania})
	s.sync()
	ctx, stop := context.WithCancel(t.Context())
	var syncing, writing sync.WaitGroup
	syncing.Go(func() {
		for ctx.Err() == nil {
			s.run()
		}
	})
	for w := range 3 {
		writing.Go(func() {
			for i := range 10 {
				_, err := s.Ask(optest.In(t.Context(), region), "PutSecretValue", M{"SecretId": "x",
					"SecretString": fmt.Sprint(w, i), "ClientRequestToken": token()})
				if err != nil && !strings.Contains(err.Error(), "Throttl") {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "a copy follows while there are writers", func() bool {
		return s.textIn(europe, "x") != "one"
	})
	writing.Wait()
	stop()
	syncing.Wait()
	s.sync()
	s.inStep(europe, oceania)
	for _, r := range []string{europe, oceania} {
		if s.textIn(r, "x") != s.text(M{"SecretId": "x"}) {
			t.Errorf("%s isn't in step", r)
		}
	}
}
