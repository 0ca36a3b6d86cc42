package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"time"
)

// rounds is how often the lines about many keys are measured, one after the other, so that what
// else the machine does falls upon all of them; the median counts.
const rounds = 5

// manyKeys measures what the number of keys costs: their making, the start, the memory, and Encrypt
// with few of them in use, with many, and with all.
func (b *bench) manyKeys(ctx context.Context) error {
	s, err := b.serve(ctx)
	if err != nil {
		return err
	}
	c, err := newClient(b.dir, s.addr)
	if err != nil {
		s.stop()
		return err
	}
	begin := time.Now()
	if err := b.makeKeys(s, c); err != nil {
		s.stop()
		return err
	}
	fmt.Printf("with %d keys:\n- made by CreateKey at %.0f a second\n"+
		"- resident memory after making them: %d MiB\n",
		b.keys, float64(b.keys)/time.Since(begin).Seconds(), s.resident()>>20)
	s.stop()
	if s, err = b.serve(ctx); err != nil {
		return err
	}
	defer s.stop()
	fmt.Printf("- start to ready: %d ms\n- resident memory then: %d MiB\n\n", s.took.Milliseconds(),
		s.resident()>>20)
	c.addr = s.addr
	return b.spreadLines(s, c)
}

func (b *bench) makeKeys(s *process, c *client) error {
	_, err := load(s, 64, time.Hour, func(client, n int) []byte {
		if client+64*n < b.keys {
			return c.request("kms", "TrentService.CreateKey", "{}")
		}
		return nil
	})
	return err
}

// spreadLines measures Encrypt under 100 keys, 1,000 and all, one after the other.
func (b *bench) spreadLines(s *process, c *client) error {
	fmt.Println("| keys in use | clients | ops/s | p50 | p99 | server CPU/op | token calls/op | p50 " +
		"to that of the fewest | resident |")
	fmt.Println("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, clients := range []int{1, 16} {
		requests, err := c.encryptUnderEach() // anew: a signature is good for a few minutes
		if err != nil {
			return err
		}
		base := time.Duration(0)
		for i, f := range b.spreads(s, clients, requests, []int{100, 1000, len(requests)}) {
			if f.err != nil {
				return f.err
			}
			if i == 0 {
				base = f.p50
			}
			fmt.Printf("| %d | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %d MiB |\n", f.inUse,
				clients, f.rate, f.p50.Microseconds(), f.p99.Microseconds(), f.cpu.Microseconds(),
				f.tokenCalls, float64(f.p50)/float64(base), f.resident>>20)
		}
	}
	return nil
}

// spread is what one measurement under a number of keys found.
type spread struct {
	figures
	inUse    int
	resident int64
	err      error
}

// spreads measures each number of keys in use, chosen at random for each request, and returns the
// round whose p50 is the median.
func (b *bench) spreads(s *process, clients int, requests [][]byte,
	numbers []int) (median []spread) {
	found := make([][]spread, len(numbers))
	for range rounds {
		for i, n := range numbers {
			for _, span := range []time.Duration{b.span / 3, b.span} { // the first is to fill the caches
				f, err := load(s, clients, span, func(int, int) []byte { return requests[rand.IntN(n)] })
				if err != nil {
					return []spread{{err: err}}
				}
				if span == b.span {
					found[i] = append(found[i], spread{f, n, s.resident(), nil})
				}
			}
		}
	}
	for _, f := range found {
		slices.SortFunc(f, func(a, b spread) int { return int(a.p50 - b.p50) })
		median = append(median, f[len(f)/2])
	}
	return median
}

// encryptUnderEach returns a signed Encrypt request for every key there is.
func (c *client) encryptUnderEach() (requests [][]byte, err error) {
	var page struct {
		Keys       []struct{ KeyId string }
		NextMarker string
	}
	for in := `{"Limit":1000}`; in != ""; {
		page.NextMarker = ""
		if err := c.call("kms", "TrentService.ListKeys", in, &page); err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			requests = append(requests,
				c.request("kms", "TrentService.Encrypt",
					document(members{"KeyId": k.KeyId, "Plaintext": plaintext})))
		}
		in = ""
		if page.NextMarker != "" {
			in = fmt.Sprintf(`{"Limit":1000,"Marker":%q}`, page.NextMarker)
		}
	}
	return requests, nil
}

// ready starts a server and returns it with a client and what that has made to work on.
func (b *bench) ready(ctx context.Context) (s *process, c *client, w *work, err error) {
	if s, err = b.serve(ctx); err != nil {
		return nil, nil, nil, err
	}
	if c, err = newClient(b.dir, s.addr); err == nil {
		w, err = prepare(c)
	}
	if err != nil {
		s.stop()
		return nil, nil, nil, err
	}
	return s, c, w, nil
}

// serve starts the service in the benchmark's directory. It finds no AWS CLI: asking that for its
// version takes longer than the start.
func (b *bench) serve(ctx context.Context) (*process, error) {
	cmd := exec.Command(b.binary, "dev", "--dir", b.dir, "--listen", "127.0.0.1:0", "--log", "json",
		"--module", b.module)
	cmd.Env = append(os.Environ(), "PATH=")
	return start(ctx, cmd)
}
