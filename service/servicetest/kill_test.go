package servicetest_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"claviger/store/storetest"
)

// kills is how often a first start is killed: KILLS, or five times.
func kills(t testing.TB) int {
	t.Helper()
	text := os.Getenv("KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	accepted(t, err)
	return n
}

// TestKill_FirstStart_NextStartGoesOn: a first start that is killed at any moment leaves nothing
// that the next start can't go on from.
func TestKill_FirstStart_NextStartGoesOn(t *testing.T) {
	t.Parallel()
	for range kills(t) {
		dir := storetest.Dir(t)
		p, _ := launchDev(t, dir)
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.kill()
		p = start(t, dir)
		encrypt(t, p.kms(), createKey(t, p.kms()).KeyId, "x", nil)
		p.kill()
	}
}
