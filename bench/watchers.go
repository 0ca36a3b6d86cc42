package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// watchings are the numbers of requests that wait for one change, and changes how many are waited
// for.
var watchings = []int{1, 100, 1000}

const changes = 10

// watched is the secret that requests wait for, by what is waited for.
var watched = []struct{ name, path string }{
	{"value", "/v1/secrets/bench/watched"}, {"metadata", "/v1/secrets/metadata/bench/watched"},
}

// watcherLines measures what it costs to wait, and how long after a change whoever waits knows it:
// from the moment at which the change is asked for, its own commit included.
func (b *bench) watcherLines(s *process, c *client) error {
	err := c.call("secretsmanager", "secretsmanager.CreateSecret",
		document(members{"Name": "bench/watched", "SecretString": "0",
			"ClientRequestToken": token("watched", 0, 0)}), nil)
	if err != nil {
		return err
	}
	fmt.Println("| what is waited for | requests | CPU/s while they wait | memory of each | p50 | p99 |" +
		" longest | CPU of each change | token calls of each |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for i, what := range watched {
		for j, n := range watchings {
			w := &watchers{client: c, server: s, path: what.path, n: n, round: (i*10 + j) * 100}
			if err := w.measure(what.name, b.span); err != nil {
				return err
			}
		}
	}
	fmt.Println()
	return nil
}

// watchers are requests that wait for one thing.
type watchers struct {
	*client
	server *process
	path   string
	n      int
	round  int
	http   http.Client
	etag   string
}

func (w *watchers) measure(name string, span time.Duration) error {
	w.http.Transport = &http.Transport{MaxIdleConnsPerHost: w.n}
	defer w.http.CloseIdleConnections()
	var took []time.Duration
	var waiting, changing time.Duration
	var memory int64
	var calls float64
	for round := range changes {
		if _, err := w.ask(0); err != nil { // what there is
			return err
		}
		before := w.server.resident()
		answers := make([]time.Time, w.n)
		end := w.begin(answers)
		if err := w.await(); err != nil {
			return err
		}
		if round == 0 {
			memory = (w.server.resident() - before) / int64(w.n)
			cpu := w.server.cpu()
			time.Sleep(span)
			waiting = w.server.cpu() - cpu
		}
		cpu, called := w.server.cpu(), w.server.metric("claviger_token_calls_total")
		changed := time.Now()
		if err := errors.Join(w.change(round), end()); err != nil {
			return err
		}
		changing += w.server.cpu() - cpu
		calls += w.server.metric("claviger_token_calls_total") - called
		for _, at := range answers {
			took = append(took, at.Sub(changed))
		}
	}
	slices.Sort(took)
	at := func(part float64) float64 { return micros(took[int(part*float64(len(took)-1))]) / 1000 }
	fmt.Printf("| %s | %d | %.1f ms | %d KiB | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %.0f |\n", name, w.n,
		micros(waiting)/1000/span.Seconds(), memory>>10, at(0.5), at(0.99), at(1),
		micros(changing)/1000/changes, calls/changes)
	return nil
}

// begin has all requests wait, and notes when they are answered. end returns what went wrong.
func (w *watchers) begin(answers []time.Time) (end func() error) {
	failed := make([]error, w.n)
	var all sync.WaitGroup
	for i := range w.n {
		all.Go(func() {
			var status int
			status, failed[i] = w.ask(50)
			answers[i] = time.Now()
			if failed[i] == nil && status != http.StatusOK {
				failed[i] = fmt.Errorf("a request that waited was answered %d", status)
			}
		})
	}
	return func() error {
		all.Wait()
		return errors.Join(failed...)
	}
}

// await returns once all requests wait.
func (w *watchers) await() error {
	for range 3000 {
		if int(w.server.metric("claviger_requests_waiting")) == w.n {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("not all requests come to wait")
}

// change gives the secret another value.
func (w *watchers) change(round int) error {
	return w.call("secretsmanager", "secretsmanager.PutSecretValue",
		document(members{"SecretId": "bench/watched", "SecretString": fmt.Sprint(w.round + round),
			"ClientRequestToken": token("watched", w.round+1, round)}), nil)
}

// ask asks for what there is, at once, or waits for something else than that.
func (w *watchers) ask(wait int) (status int, err error) {
	r, err := http.NewRequest("GET", "http://"+w.addr+w.path, nil)
	if err != nil {
		return 0, err
	}
	if wait > 0 {
		r.Header.Set("If-None-Match", w.etag)
		r.Header.Set("Prefer", fmt.Sprintf("wait=%d", wait))
	}
	none := sha256.Sum256(nil)
	err = v4.NewSigner().SignHTTP(context.Background(), w.credentials, r,
		hex.EncodeToString(none[:]), "secretsmanager", w.region, time.Now())
	if err != nil {
		return 0, err
	}
	a, err := w.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	if wait == 0 {
		w.etag = a.Header.Get("ETag")
	}
	_, err = io.Copy(io.Discard, a.Body)
	return a.StatusCode, err
}
