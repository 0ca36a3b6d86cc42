package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/bench/served"
	"claviger/hsm/hsmtest/shim"
)

// slowCrowds are the numbers of clients that a slow device is measured with.
var slowCrowds = []int{1, 4, 16, 64, 1000}

// busyClients make requests beside a quiet caller.
const busyClients = 512

// slowLines measure the service on a device that takes its time, as one behind a network does: what
// is left of what its sessions could do, who is told to come again, and what becomes of a caller
// who asks for little beside one who asks for much.
func (b *bench) slowLines(ctx context.Context) error {
	t := &bencher{}
	defer t.clean()
	device := shim.New(t)
	b.module = device.Module()
	s, c, w, err := b.ready(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	quiet, _, err := c.identities()
	if err != nil {
		return err
	}
	if err := b.openBares(); err != nil {
		return err
	}
	for _, delay := range []time.Duration{time.Millisecond, 20 * time.Millisecond} {
		device.Set(shim.Slow(delay))
		if err := b.slowRates(s, c, w, delay); err != nil {
			return err
		}
	}
	for _, delay := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
		device.Set(shim.Slow(delay))
		if err := b.quietCaller(s, c, quiet, w, delay); err != nil {
			return err
		}
	}
	return nil
}

// slowRates measure Encrypt by more and more clients.
func (b *bench) slowRates(s *process, c *client, w *work, delay time.Duration) error {
	sessions := 2 * runtime.GOMAXPROCS(0) // by default
	ideal := float64(sessions) / delay.Seconds()
	bare, _, err := b.bareRate("GCM seal 32 B", sessions)
	if err != nil {
		return err
	}
	fmt.Printf("a device of %v a call, %d sessions: at most %.0f calls a second, and %.0f of bare calls"+
		"\n\n| Encrypt by clients | ops/s | to what is possible | p50 | p99 | CPU/op | told to come again "+
		"| failed |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n", delay, sessions, ideal, bare)
	request := c.request("kms", "TrentService.Encrypt", w.encrypt())
	for _, clients := range slowCrowds {
		if !strings.Contains(fmt.Sprintf("%v by %d clients", delay, clients), b.only) {
			continue
		}
		if _, err := crowd(s, clients, b.span/4, request); err != nil {
			return err
		}
		cpu := s.cpu()
		p, err := crowd(s, clients, b.span, request)
		if err != nil {
			return err
		}
		possible := min(ideal, float64(clients)/delay.Seconds())
		fmt.Printf("| %d | %.0f | %.2f | %v | %v | %d µs | %.1f %% | %.1f %% |\n", clients, p.rate(),
			p.rate()/possible, rounded(p.at(50)), rounded(p.at(99)),
			((s.cpu() - cpu) / time.Duration(max(1, len(p.took)))).Microseconds(),
			100*float64(p.again)/float64(len(p.took)+p.again), 100*float64(p.failed)/
				float64(len(p.took)+p.failed))
	}
	fmt.Println()
	return nil
}

// quietCaller measures a quiet caller alone, and beside busy clients of another access key.
func (b *bench) quietCaller(s *process, busy, quiet *client, w *work, delay time.Duration) error {
	request := quiet.request("kms", "TrentService.Encrypt", w.encrypt())
	if _, err := crowd(s, 1, b.span/4, request); err != nil {
		return err
	}
	alone, err := crowd(s, 1, b.span, request)
	if err != nil {
		return err
	}
	fmt.Printf("a device of %v a call; Encrypt by a quiet caller alone: p50 %v, p99 %v\n\n"+
		"| beside 512 clients of another access key that | p50 | to quiet | p99 | to quiet | failed | "+
		"theirs/s | told to come again |\n|---|--:|--:|--:|--:|--:|--:|--:|\n", delay, rounded(alone.at(50)),
		rounded(alone.at(99)))
	for _, work := range []struct{ name, operation, body string }{
		{"encrypt", "Encrypt", w.encrypt()},
		{"sign by RSA", "Sign", sign(w.rsa, served.PSS256)},
		{"make RSA keys", "CreateKey", `{"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}`},
		{"make RSA data key pairs", "GenerateDataKeyPair",
			document(members{"KeyId": w.key, "KeyPairSpec": "RSA_2048"})},
	} {
		if !strings.Contains(fmt.Sprintf("%v beside who %s", delay, work.name), b.only) {
			continue
		}
		theirs := busy.request("kms", "TrentService."+work.operation, work.body)
		var others, mine outcome
		var failed, otherwise error
		var all sync.WaitGroup
		all.Go(func() { others, otherwise = crowd(s, busyClients, b.span*5/4, theirs) })
		time.Sleep(b.span / 4)
		mine, failed = crowd(s, 1, b.span, request)
		all.Wait()
		if err := errors.Join(failed, otherwise); err != nil {
			return err
		}
		fmt.Printf("| %s | %v | %.1f | %v | %.1f | %d | %.0f | %d |\n", work.name, rounded(mine.at(50)),
			float64(mine.at(50))/float64(alone.at(50)), rounded(mine.at(99)),
			float64(mine.at(99))/float64(alone.at(99)), mine.failed, others.rate(), others.again)
	}
	fmt.Println()
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// outcome is what clients met who try again as SDKs do.
type outcome struct {
	span   time.Duration
	took   []time.Duration // of what succeeded, with what came before it
	again  int             // answers that told a client to come again
	failed int             // operations that were given up
}

func (p *outcome) rate() float64 { return float64(len(p.took)) / p.span.Seconds() }

// at returns a percentile.
func (p *outcome) at(percent int) time.Duration {
	if len(p.took) == 0 {
		return 0
	}
	return p.took[len(p.took)*percent/100]
}

// tries is how often an SDK tries, unless it is told otherwise.
const tries = 3

// crowd lets clients send one request over and over for span.
func crowd(s *process, clients int, span time.Duration, request []byte) (all outcome, err error) {
	of := make([]outcome, clients)
	failed := make([]error, clients)
	begin := time.Now()
	var done sync.WaitGroup
	for i := range clients {
		done.Go(func() { failed[i] = of[i].send(s.addr, begin.Add(span), request) })
	}
	done.Wait()
	all.span = time.Since(begin)
	for i := range of {
		all.took = append(all.took, of[i].took...)
		all.again += of[i].again
		all.failed += of[i].failed
	}
	slices.Sort(all.took)
	return all, errors.Join(failed...)
}

// send sends until a time, and tries again what may be tried again.
func (p *outcome) send(addr string, until time.Time, request []byte) error {
	c, err := dial(addr)
	if err != nil {
		return err
	}
	defer func() { c.Close() }()
	for time.Now().Before(until) {
		begin := time.Now()
		for try := 1; ; try++ {
			status, body, err := c.exchange(request, true)
			if err != nil {
				return err
			}
			if status == http.StatusOK {
				p.took = append(p.took, time.Since(begin))
				break
			}
			if status < 500 && !strings.Contains(string(body), "Throttling") {
				return fmt.Errorf("a request was answered with %d %s", status, body)
			}
			p.again++
			if try == tries {
				p.failed++
				break
			}
			time.Sleep(time.Duration(rand.Float64() * float64(time.Second) * float64(int(1)<<(try-1))))
		}
	}
	return nil
}

// bencher is what the shim wants of a test.
type bencher struct {
	testing.TB
	cleanups []func()
}

func (*bencher) Helper() {}

// Cleanup implements [testing.TB].
func (b *bencher) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// TempDir implements [testing.TB].
func (b *bencher) TempDir() string {
	dir, err := os.MkdirTemp("", "claviger-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Fatal implements [testing.TB].
func (*bencher) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf implements [testing.TB].
func (*bencher) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (b *bencher) clean() {
	for _, f := range slices.Backward(b.cleanups) {
		f()
	}
}
