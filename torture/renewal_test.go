package torture

import (
	"math/rand/v2"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestRenewal_ManyKeysInUse_RateIsBack: a login that is lost costs every key that is on the token.
// They are brought back while clients use them, some much more often than others.
func TestRenewal_ManyKeysInUse_RateIsBack(t *testing.T) {
	t.Parallel()
	count, rounds, window := 40, 1, 500*time.Millisecond
	if driver.Whole() {
		count, rounds, window = 1000, 5, time.Second
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh})
	w := prepare(t, s)
	uses := w.usesOf(t, count)
	sh.Set(shim.Slow(20 * time.Millisecond))
	clients := begin(t, 16, uses,
		func(r request, v verdict) { f.add(r.name, "the login was lost", v) })
	clients.rate(window)
	before := clients.rate(4 * window)
	var recoveries []time.Duration
	for range rounds {
		sh.Set(shim.Slow(20*time.Millisecond),
			shim.Rule{Functions: shim.Working, Times: 1, Forget: true})
		from := time.Now()
		for clients.rate(window) < 0.9*before {
			if time.Since(from) > 2*recoveryLimit {
				t.Errorf("after %v there are not %.0f answers a second", time.Since(from), 0.9*before)
				break
			}
		}
		recoveries = append(recoveries, time.Since(from))
	}
	clients.stop()
	sh.Clear()
	f.conclude(t)
	driver.Report(t, "renewal", "With a device of 20 ms a call and "+driver.InWords(count)+" keys in use by 16 "+
		"clients, some keys much more often than others, the token lost its login.",
		"losses", rounds, "answers a second before", before,
		"until nine tenths of them were there again, median", percentile(recoveries, 50),
		"the longest", percentile(recoveries, 100), "answers", f.asked, "right", f.counts[right],
		"requests to try again", f.counts[unavailable], "wrong answers", f.wrong)
}

// usesOf makes keys, uses each, and returns a long list of decryptions: the n-th key is in it about
// n times less often than the first.
func (w *workload) usesOf(t testing.TB, count int) (uses []request) {
	t.Helper()
	var blobs [][]byte
	for range count {
		made, err := w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})
		accepted(t, err)
		sealed, err := w.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: made.KeyMetadata.KeyId,
			Plaintext: []byte(plain)})
		accepted(t, err)
		blobs = append(blobs, sealed.CiphertextBlob)
	}
	random := rand.New(rand.NewPCG(12, 2))
	choose := rand.NewZipf(random, 1.01, 1, uint64(count-1))
	for range 50 * count {
		uses = append(uses, request{"Decrypt", w.decrypts(blobs[choose.Uint64()], plain)})
	}
	return uses
}
