package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// callerLines measure the same requests by the root user, by a user and by a session, in turns:
// what else the machine does falls upon all of them, and the medians count.
func (b *bench) callerLines(s *process, c *client, w *work) error {
	user, session, err := c.identities()
	if err != nil {
		return err
	}
	if err := b.prepareSecret(c); err != nil {
		return err
	}
	callers := []struct {
		name string
		*client
	}{{"root", c}, {"user", user}, {"session", session}}
	fmt.Println("\n| operation | by | clients | ops/s | p50 | p99 | CPU/op | token calls/op | " +
		"to root | CPU to root |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, of := range []struct{ name, service, target, body string }{
		{"Encrypt 32 B", "kms", "TrentService.Encrypt", w.encrypt()},
		{"GetSecretValue 1 KiB", "secretsmanager", "secretsmanager.GetSecretValue",
			document(members{"SecretId": "bench"})},
	} {
		if !strings.Contains(of.name, b.only) {
			continue
		}
		for _, clients := range crowds {
			found := make([][]figures, len(callers))
			for round := range turns + 1 {
				for i := range callers {
					at := (i + round) % len(callers) // nobody is always the first
					request := callers[at].request(of.service, of.target, of.body)
					f, err := load(s, clients, b.span/turns,
						func(int, int) []byte { return request })
					if err != nil {
						return fmt.Errorf("%s by %s: %w", of.name, callers[at].name, err)
					}
					if round > 0 { // the first is to fill the caches
						found[at] = append(found[at], f)
					}
				}
			}
			for i := range callers {
				f := middle(found[i])
				fmt.Printf("| %s | %s | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %.2f |\n",
					of.name, callers[i].name, clients, f.rate, f.p50.Microseconds(),
					f.p99.Microseconds(), f.cpu.Microseconds(), f.tokenCalls,
					beside(found[i], found[0], func(f figures) float64 { return f.rate }),
					beside(found[i], found[0], func(f figures) float64 { return float64(f.cpu) }))
			}
		}
	}
	return nil
}

// turns are how often each is measured where some are measured in turns.
const turns = 8

// median returns the middle one of some values.
func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// middle returns the medians of figures, each by itself.
func middle(all []figures) figures {
	by := func(of func(figures) float64) float64 {
		var values []float64
		for _, f := range all {
			values = append(values, of(f))
		}
		return median(values)
	}
	return figures{
		rate:       by(func(f figures) float64 { return f.rate }),
		p50:        time.Duration(by(func(f figures) float64 { return float64(f.p50) })),
		p99:        time.Duration(by(func(f figures) float64 { return float64(f.p99) })),
		longest:    time.Duration(by(func(f figures) float64 { return float64(f.longest) })),
		cpu:        time.Duration(by(func(f figures) float64 { return float64(f.cpu) })),
		tokenCalls: by(func(f figures) float64 { return f.tokenCalls }),
		commits:    by(func(f figures) float64 { return f.commits }),
	}
}

// beside returns the median of what the turns of one are to the turns of another.
func beside(one, other []figures, of func(figures) float64) float64 {
	var ratios []float64
	for i := range one {
		ratios = append(ratios, of(one[i])/of(other[i]))
	}
	return median(ratios)
}
