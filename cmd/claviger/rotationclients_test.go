package main

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// refusal is a login that failed with a value that had just been fetched.
type refusal struct {
	version         string
	asked, at, good time.Time // when the value was asked for; the login failed; the next one went well
	next            string    // the version of that
	err             error
}

// view is what clients saw of one version of the secret.
type view struct {
	first, lastGood, refused time.Time // zero: never
}

// readers are clients that fetch a secret and log in by it, again and again.
type readers struct {
	t      testing.TB
	of     *rotated
	secret string
	ended  atomic.Bool
	all    sync.WaitGroup

	mu       sync.Mutex
	views    map[string]*view
	refusals []*refusal
	logins   int
}

// read is one client, until the readers end. While there is no answer it asks again: the service is
// being started.
func (r *readers) read(c *secretsmanager.Client) {
	var open []*refusal // until a login goes well
	last := time.Time{} // since when it goes on though the readers have ended
	for {
		if r.ended.Load() {
			if last.IsZero() {
				last = time.Now()
			}
			if len(open) == 0 || time.Since(last) > 10*time.Second {
				return
			}
		}
		asked := time.Now()
		out, err := c.GetSecretValue(r.t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: &r.secret})
		if err != nil {
			if _, ok := errors.AsType[smithy.APIError](err); ok {
				r.t.Errorf("GetSecretValue: %v", err)
				return
			}
			time.Sleep(2 * time.Millisecond)
			continue
		}
		got := time.Now()
		var d databaseSecret
		if err := json.Unmarshal([]byte(*out.SecretString), &d); err != nil {
			r.t.Errorf("the secret is %q: %v", *out.SecretString, err)
			return
		}
		err = r.of.login(r.t.Context(), d)
		r.saw(*out.VersionId, got, err == nil)
		if err != nil {
			open = append(open, &refusal{version: *out.VersionId, asked: asked, at: time.Now(), err: err})
			r.keep(open[len(open)-1])
			continue
		}
		for _, f := range open {
			f.good, f.next = time.Now(), *out.VersionId
		}
		open = nil
	}
}

func (r *readers) keep(f *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusals = append(r.refusals, f)
}

// saw notes a login with a version that was got at a moment, and tried then.
func (r *readers) saw(version string, got time.Time, good bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logins++
	v := r.views[version]
	if v == nil {
		v = &view{first: got}
		r.views[version] = v
	}
	if got.Before(v.first) {
		v.first = got
	}
	if good && got.After(v.lastGood) {
		v.lastGood = got
	}
	if !good && (v.refused.IsZero() || time.Now().Before(v.refused)) {
		v.refused = time.Now()
	}
}

// excused reports whether a refusal is what a single user has to bear: the value was asked for
// before the label moved, and fetching it anew heals it.
func (r *readers) excused(f *refusal, ups []time.Time) bool {
	next := r.views[f.next]
	return r.of.users == "single" && next != nil && f.next != f.version &&
		f.asked.Before(next.first) && f.healing(ups) <= mostHealing
}

// mostHealing is how long fetching a value anew may take to help, counted from when the service is
// there. Between the change at the database and the move of the label lie a login and two commits,
// and make rotations measures what they take. Who waits for as long as this is locked out.
const mostHealing = 15 * time.Second

// healing is how long a client that asks again and again was locked out by a service that runs.
func (f *refusal) healing(ups []time.Time) time.Duration {
	from := f.at
	for _, up := range ups {
		if up.After(from) && up.Before(f.good) {
			from = up
		}
	}
	return f.good.Sub(from)
}

// window is the longest that the time can have been in which a value that was just read didn't
// work: from the last login by the old version to the first sight of the new one.
func (r *readers) window(old, next string) (time.Duration, bool) {
	a, b := r.views[old], r.views[next]
	if a == nil || b == nil {
		return 0, false
	}
	return max(b.first.Sub(a.lastGood), 0), true
}

// quantile returns a value that a share of all are below.
func quantile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(share*float64(len(all))), len(all)-1)].Round(100 * time.Microsecond)
}
