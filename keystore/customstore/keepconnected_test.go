package customstore

import (
	"testing"
	"time"

	"claviger/keystore/key"
)

// attemptTimes follows a store that is lost for some time and returns the seconds, from its loss
// on, at which a connection was asked for. Every attempt takes so long and is in vain.
func attemptTimes(a *attempts, lost, takes time.Duration) (at []int) {
	ref := key.StoreRef{Account: "111122223333", Region: "us-east-1", ID: "cks-0123456789abcdef0"}
	start := time.Unix(1_700_000_000, 0)
	var ends time.Time
	for now := start; now.Before(start.Add(lost)); now = now.Add(keepEvery) {
		if !ends.IsZero() && !now.Before(ends) {
			a.ended(ref, ends)
			ends = time.Time{}
		}
		if len(a.due([]key.StoreRef{ref}, now)) > 0 {
			at = append(at, int(now.Sub(start)/time.Second))
			ends = now.Add(takes)
		}
	}
	return at
}

func checkFirst(t *testing.T, got []int, want ...int) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("asked for at %v, want %v first", got, want)
	}
	for i, second := range want {
		if got[i] != second {
			t.Fatalf("asked for at %v, want %v first", got, want)
		}
	}
}

func TestAttempts_InVain_WaitUpToAMinute(t *testing.T) {
	got := attemptTimes(new(attempts), 10*time.Minute, 0)
	checkFirst(t, got, 0, 1, 3, 7, 15, 31, 63, 123, 183)
}

func TestAttempts_StillAtWork_AreNotAskedForAgain(t *testing.T) {
	got := attemptTimes(new(attempts), 3*time.Minute, longestConnect)
	checkFirst(t, got, 0, 31, 63, 97)
}

func TestAttempts_NeverBegun_AreAskedForAgain(t *testing.T) {
	got := attemptTimes(new(attempts), 3*time.Minute, time.Hour)
	checkFirst(t, got, 0, 60, 120)
}

func TestAttempts_StoreConnectedMeanwhile_BeginAnew(t *testing.T) {
	a := new(attempts)
	attemptTimes(a, 5*time.Minute, 0)
	a.due(nil, time.Unix(1_700_000_300, 0))
	checkFirst(t, attemptTimes(a, time.Minute, 0), 0, 1, 3)
}
