package torture

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/miekg/pkcs11"
)

// callTime is what each call to the device takes, where it is slow.
const callTime = 20 * time.Millisecond

// offer is requests that come at a steady rate, whatever becomes of those before them: clients that
// wait for an answer before they ask again would hide a service that stands still.
type offer struct {
	every time.Duration
	stop  func()

	mu    sync.Mutex
	right []time.Time // when right answers came
	asked int
}

// slice is the time over which a rate is taken.
const slice = 500 * time.Millisecond

// steadily begins to put one request of a list after the other.
func steadily(t testing.TB, every time.Duration, all []request,
	found func(request, verdict)) *offer {
	t.Helper()
	o := &offer{every: every}
	ctx, cancel := context.WithCancel(t.Context())
	var over sync.WaitGroup
	over.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for at := 0; ; at++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			over.Go(func() { o.ask(t.Context(), all[at%len(all)], found) })
		}
	})
	o.stop = sync.OnceFunc(func() {
		cancel()
		over.Wait()
	})
	t.Cleanup(o.stop)
	return o
}

func (o *offer) ask(ctx context.Context, r request, found func(request, verdict)) {
	ctx, cancel := context.WithTimeout(ctx, recoveryLimit)
	defer cancel()
	v := judge(r.do(ctx))
	found(r, v)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if v == right {
		o.right = append(o.right, time.Now())
	}
}

// rates are the right answers a second since a moment, of each slice that is over.
func (o *offer) rates(since time.Time) []float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]float64, time.Since(since)/slice)
	for _, at := range o.right {
		if n := at.Sub(since); n >= 0 && int(n/slice) < len(out) {
			out[n/slice] += 1 / slice.Seconds()
		}
	}
	return out
}

// back returns when, after a moment, nine tenths of what is asked were answered again, for at least
// two seconds. A slice may have less, and those around it as much more.
func (o *offer) back(since time.Time, limit time.Duration) (time.Duration, error) {
	enough := 0.9 / o.every.Seconds()
	const lasting = int(2 * time.Second / slice)
	var after time.Duration
	_, err := within(limit+2*time.Second, func() bool {
		rates := o.rates(since)
		for i := range max(0, len(rates)-lasting+1) {
			sum := 0.0
			for _, r := range rates[i : i+lasting] {
				sum += min(r, 1.1*enough/0.9) // what had piled up doesn't count for what comes
			}
			if rates[i] >= enough && sum >= enough*float64(lasting) {
				after = time.Duration(i+1) * slice
				return true
			}
		}
		return false
	})
	return after, err
}

// loss is something after which every key has to be brought to the token again.
type loss struct {
	what  string
	lasts time.Duration
	rule  shim.Rule
}

// waysToLose are a login that a device forgets, which nobody notices before the next call, and a
// device that is away for a while.
var waysToLose = []loss{
	{"its login was lost", 0, shim.Rule{Functions: shim.Working, Times: 1, Forget: true}},
	{"it was away for two seconds", 2 * time.Second, shim.Gone(pkcs11.CKR_TOKEN_NOT_PRESENT)},
}

// TestRate_LossWithManyKeysInUse_IsBackSoon: a device of 20 ms a call loses its login or is away,
// while a steady stream of requests wants all of many keys alike. No key is asked for so often that
// some few would do.
func TestRate_LossWithManyKeysInUse_IsBackSoon(t *testing.T) {
	t.Parallel()
	count, rounds, every := 100, 1, 25*time.Millisecond
	if driver.Whole() {
		count, rounds, every = 1000, 3, 10*time.Millisecond
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh})
	uses := equalUses(t, s.kms(), count)
	figures := []any{"keys in use", count, "requests a second", int(time.Second / every)}
	for _, l := range waysToLose {
		sh.Set(shim.Slow(callTime))
		failed := f.counts[unavailable]
		o := steadily(t, every, uses, func(r request, v verdict) { f.add(r.name, l.what, v) })
		if _, err := o.back(time.Now(), recoveryLimit); err != nil {
			t.Fatalf("before %s: %v, %v", l.what, err, o.rates(time.Now().Add(-5*time.Second)))
		}
		var took []time.Duration
		for range rounds {
			took = append(took, o.lose(t, s, sh, l))
		}
		o.stop()
		figures = append(figures, "until nine tenths were answered again after "+l.what+", median",
			percentile(took, 50), "the same, the longest", percentile(took, 100),
			"requests around these losses", o.asked,
			"of them told to try again", f.counts[unavailable]-failed)
	}
	sh.Clear()
	f.conclude(t)
	driver.Report(t, "rate", "Requests came to a device of "+driver.InWords(callTime)+
		" a call at a steady rate, whether those before them were answered or not, to Encrypt, "+
		"Decrypt and GenerateMac by many "+
		"keys alike. Then the device lost what keys it had, "+driver.InWords(rounds)+" times each way.",
		append(figures, "wrong answers", f.wrong)...)
}

// lose has the device lose what it has, and returns how long the rate took to be back.
func (o *offer) lose(t *testing.T, s *server, sh *shim.Shim, l loss) time.Duration {
	t.Helper()
	from := len(s.log())
	sh.Set(shim.Slow(callTime), l.rule)
	time.Sleep(l.lasts)
	since := time.Now()
	if l.lasts > 0 {
		sh.Set(shim.Slow(callTime))
	}
	took, err := o.back(since, recoveryLimit)
	rates := o.rates(since)
	t.Logf("%s: %v, rates %.0f", l.what, took, rates)
	if err != nil {
		t.Errorf("after %s: %v: %.0f", l.what, err, rates)
	}
	if most := 5 * time.Second; driver.Whole() && took > most {
		t.Errorf("after %s the rate took %v, and %v is the most: %.0f", l.what, took, most, rates)
	}
	for line := range strings.Lines(s.log()[from:]) {
		if strings.Contains(line, "the token ") {
			t.Log(line)
		}
	}
	return took
}

// equalUses makes keys and returns a long list of requests that wants each as often as the others.
func equalUses(t testing.TB, c *kms.Client, count int) (uses []request) {
	t.Helper()
	for i := range count {
		if i%3 == 2 {
			uses = append(uses, macUse(t, c))
			continue
		}
		made, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{})
		accepted(t, err)
		id := made.KeyMetadata.KeyId
		sealed, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: id, Plaintext: []byte(plain)})
		accepted(t, err)
		decrypt := request{"Decrypt", func(ctx context.Context) error {
			out, err := c.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
			if err != nil {
				return err
			}
			return is("plaintext", out.Plaintext, []byte(plain))
		}}
		encrypt := request{"Encrypt", func(ctx context.Context) error {
			out, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte(plain)})
			if err == nil && bytes.Equal(out.CiphertextBlob, sealed.CiphertextBlob) {
				return wrongAnswer("the same ciphertext twice")
			}
			return err
		}}
		uses = append(uses, []request{decrypt, encrypt}[i%3])
	}
	random := rand.New(rand.NewPCG(12, 4))
	random.Shuffle(len(uses), func(i, j int) { uses[i], uses[j] = uses[j], uses[i] })
	return slices.Clip(uses)
}

// macUse makes a key for MACs and asks for one.
func macUse(t testing.TB, c *kms.Client) request {
	t.Helper()
	made, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecHmac256,
		KeyUsage: types.KeyUsageTypeGenerateVerifyMac})
	accepted(t, err)
	in := &kms.GenerateMacInput{KeyId: made.KeyMetadata.KeyId, Message: []byte(plain),
		MacAlgorithm: types.MacAlgorithmSpecHmacSha256}
	first, err := c.GenerateMac(t.Context(), in)
	accepted(t, err)
	return request{"GenerateMac", func(ctx context.Context) error {
		out, err := c.GenerateMac(ctx, in)
		if err != nil {
			return err
		}
		return is("MAC", out.Mac, first.Mac)
	}}
}
