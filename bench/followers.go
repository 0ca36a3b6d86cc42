package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"claviger/service"
)

// followed is a service whose trail some follow.
type followed struct {
	name      string
	followers []string
	*process
	client *client
	body   string
	behind time.Duration // the longest that a record waited for the signature that proves it
}

// followerLines measure Encrypt beside those who follow its trail, in turns, each on a service of
// its own. Each follower by itself is measured only if nothing else is.
func (b *bench) followerLines(ctx context.Context) error {
	all := []*followed{{name: "nobody"}}
	for _, name := range service.Followers {
		if b.followers {
			all = append(all, &followed{name: name, followers: []string{name}})
		}
	}
	all = append(all,
		&followed{name: "tree, index, copy", followers: []string{"tree", "index", "copies"}},
		&followed{name: "all", followers: service.Followers})
	if b.followers {
		all = slices.DeleteFunc(all, func(f *followed) bool {
			return len(f.followers) > 0 && !strings.Contains(f.name, b.only)
		})
	}
	for _, f := range all {
		if err := b.beginFollowed(ctx, f); err != nil {
			return err
		}
		defer f.stop()
	}
	fmt.Println("\n| Encrypt 32 B, followed by | clients | ops/s | p50 | p99 | CPU/op | " +
		"to nobody | CPU to nobody | longest until provable |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, clients := range crowds {
		if err := b.besideNobody(clients, all); err != nil {
			return err
		}
	}
	return nil
}

// besideNobody measures each in turns and prints the medians.
func (b *bench) besideNobody(clients int, all []*followed) error {
	found := make([][]figures, len(all))
	for round := range turns + 1 {
		for i := range all {
			at := (i + round) % len(all) // none is always the first
			f, err := all[at].turn(clients, b.span/turns)
			if err != nil {
				return fmt.Errorf("followed by %s: %w", all[at].name, err)
			}
			if round > 0 { // the first is to fill the caches
				found[at] = append(found[at], f)
			}
		}
	}
	for i, of := range all {
		f, provable := middle(found[i]), ""
		if slices.Contains(of.followers, "tree") {
			provable = of.behind.Round(time.Millisecond).String()
		}
		fmt.Printf("| %s | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %s |\n", of.name, clients,
			f.rate, f.p50.Microseconds(), f.p99.Microseconds(), cpuOf(found[i]).Microseconds(),
			beside(found[i], found[0], func(f figures) float64 { return f.rate }),
			float64(cpuOf(found[i]))/float64(cpuOf(found[0])), provable)
	}
	return nil
}

// beginFollowed starts a service in a directory of its own.
func (b *bench) beginFollowed(ctx context.Context, f *followed) error {
	of := *b
	var err error
	if of.dir, err = os.MkdirTemp(b.dir, "followed-"); err != nil {
		return err
	}
	made, err := of.serve(ctx)
	if err != nil {
		return err
	}
	made.stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f.process, err = start(ctx, exec.Command(self, append([]string{"-followed", of.dir},
		f.followers...)...))
	if err != nil {
		return err
	}
	if f.client, err = newClient(of.dir, f.addr); err != nil {
		return err
	}
	w, err := prepare(f.client)
	f.body = w.encrypt()
	return err
}

// settling is longer than those who follow take to have all that came of a turn.
const settling = 1200 * time.Millisecond

// turn sends requests for a while, and then lets those who follow come to an end: that is their
// work too, and nobody else's turn.
func (f *followed) turn(clients int, span time.Duration) (figures, error) {
	// A signature is good for fifteen minutes, and all turns take longer.
	request := f.client.request("kms", "TrentService.Encrypt", f.body)
	cpu := f.cpu()
	found, err := load(f.process, clients, span, func(int, int) []byte { return request })
	if err != nil {
		return found, err
	}
	if slices.Contains(f.followers, "tree") {
		oldest := f.metric("claviger_trail_unproved_seconds")
		f.behind = max(f.behind, time.Duration(oldest*float64(time.Second)))
	}
	time.Sleep(settling)
	found.cpu = time.Duration(float64(f.cpu()-cpu) / (found.rate * span.Seconds()))
	return found, nil
}
