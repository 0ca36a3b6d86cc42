package torture

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
	"claviger/store/storetest"
	"claviger/store/storetest/disk"
	"claviger/torture/driver"

	_ "github.com/mattn/go-sqlite3" // the driver, for SQLite's own opinion of a file
)

// TestPower_LostUnderLoad_LosesNothingAcknowledged: what was acknowledged is there after a loss of
// power at any moment, whatever the disk made of that which nobody had waited for.
//
// A run under load is recorded at the system's calls, with the place in the record at which each
// answer had come. From there the states are made that the disk may be in after a loss of power:
// all of what wasn't synced, nothing, a part in order with a torn end, or any sectors of it. The
// service opens each of them, on the same token.
func TestPower_LostUnderLoad_LosesNothingAcknowledged(t *testing.T) {
	states, span := 20, 1500*time.Millisecond
	if driver.Whole() {
		states, span = 1000, 8*time.Second
	}
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	s := launch(t, options{dir: dir})
	j := &journal{position: d.Position}
	p := recordedRun(t, s, d, j, span)
	facts := p.sweep(states, p.cut)
	each := states / int(disk.Losses)
	driver.Report(t, "power", "A run under load was recorded at the system's calls. From the record the states "+
		"were made in which a loss of power may leave the database, and the service opened each.",
		"states", states, "of them with all of what wasn't synced", each,
		"with nothing of it", each, "with a part of it in order and a torn write", each,
		"with any sectors of it in any order", each,
		"acknowledged changes in the run", len(j.kept(0)), "looked at again", facts, "lost", 0)
}

// TestPower_LostAtFirstStart_NextStartGoesOn: whatever a loss of power leaves of `claviger init`
// and the first start, the next one goes on from it; and once a client was served it is all there.
func TestPower_LostAtFirstStart_NextStartGoesOn(t *testing.T) {
	states := 12
	if driver.Whole() {
		states = 200
	}
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	d.Record()
	j := &journal{position: d.Position}
	s := launch(t, options{dir: dir, env: d.Env()})
	j.writeKey(t.Context(), s)
	s.kill()
	p := newPower(t, s, d, j)
	p.create = true
	p.sweep(states, func(r *rand.Rand) int64 { return p.cuts[r.IntN(len(p.cuts))] })
	driver.Report(t, "init", "The power went while `claviger init` and the first start were at work, and the "+
		"service went on from what was left.", "states", states, "of which it couldn't go on", 0)
}

// power is a recorded run and what looks at its states.
type power struct {
	t      *testing.T
	site   *server
	j      *journal
	log    *disk.Log
	cuts   []int64
	moves  []int64 // cuts at which the log was being moved into the database
	device hsm.Config
	create bool // the service may find no installation yet
}

// recordedRun has the server started anew under the library, with load until the span is over. Half
// of it some syncs fail, and the end is a clean one.
func recordedRun(t *testing.T, s *server, d *disk.Disk, j *journal, span time.Duration) *power {
	t.Helper()
	if code := s.term(); code != 0 {
		t.Fatalf("SIGTERM ended it with %d:\n%s", code, s.log())
	}
	d.Record()
	plain := s.env
	s.env = append(append([]string(nil), plain...), d.Env()...)
	s.start()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	time.AfterFunc(span/2, func() {
		d.Set(disk.Rule{Function: disk.Sync, Errno: syscall.EIO, From: 40, Every: 200})
	})
	j.write(ctx, s)
	d.Clear()
	if code := s.term(); code != 0 {
		t.Errorf("SIGTERM ended it with %d:\n%s", code, s.log())
	}
	s.env = plain
	p := newPower(t, s, d, j)
	if len(p.moves) == 0 || len(j.kept(0)) < 100 {
		t.Fatalf("%d changes were acknowledged, and %d writes went to the database: that is no load",
			len(j.kept(0)), len(p.moves))
	}
	return p
}

// newPower reads the log of a run that has ended.
func newPower(t *testing.T, s *server, d *disk.Disk, j *journal) *power {
	t.Helper()
	module, _ := hsm.FindSoftHSM()
	l := d.Log()
	return &power{t: t, site: s, j: j, log: l, cuts: l.Cuts(), moves: l.Around(disk.Database),
		device: hsm.Config{Module: module, TokenLabel: "torture", Timeout: time.Minute,
			PIN: func() ([]byte, error) { return []byte(hsmtest.PIN), nil }}}
}

// sweep opens so many states, some at once, at the cuts that are drawn, and returns how many
// promises were looked at one by one.
func (p *power) sweep(states int, cut func(*rand.Rand) int64) int {
	p.t.Helper()
	p.t.Setenv("SOFTHSM2_CONF", p.site.path("softhsm2.conf"))
	// While somebody is logged in the next login costs nothing.
	token, err := hsm.Open(p.t.Context(), p.device)
	accepted(p.t, err)
	defer token.Close()
	seed := uint64(time.Now().UnixNano())
	var lost losses
	var facts atomic.Int64
	numbers := make(chan int)
	for range 4 {
		lost.all.Go(func() {
			for i := range numbers {
				r, loss := rand.New(rand.NewPCG(seed, uint64(i))), disk.Loss(i)%disk.Losses
				at := cut(r)
				n, err := p.open(at, p.log.Power(at, loss, r))
				if err != nil {
					lost.add(fmt.Errorf("state %d of seed %d, power lost at %d, %v: %w", i, seed, at, loss, err))
				}
				facts.Add(int64(n))
			}
		})
	}
	for i := range states {
		if lost.count() < 10 {
			numbers <- i
		}
	}
	close(numbers)
	lost.all.Wait()
	if err := errors.Join(lost.errs...); err != nil {
		p.t.Error(err)
	}
	return int(facts.Load())
}

// cut draws when the power goes: a third of the time while the log is moved into the database.
func (p *power) cut(r *rand.Rand) int64 {
	if r.IntN(3) == 0 {
		return p.moves[r.IntN(len(p.moves))]
	}
	return p.cuts[r.IntN(len(p.cuts))]
}

// open has the service open a state, and returns how many promises were looked at one by one: the
// last before the cut, and some of those before them. All must have their record in the trail.
func (p *power) open(cut int64, state map[string][]byte) (n int, err error) {
	dir := storetest.Dir(p.t)
	defer os.RemoveAll(dir)
	if err := disk.Restore(dir, state); err != nil {
		return 0, err
	}
	c := service.Config{Database: filepath.Join(dir, "claviger.db"), HSM: p.device,
		Regions: []string{region, other}, Log: slog.New(slog.DiscardHandler), Version: "test",
		Create: p.create}
	opened, err := service.Open(p.t.Context(), c)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	front := httptest.NewServer(opened.Handler)
	defer front.Close()
	defer opened.Drain()
	looked := p.newest(cut, 24)
	s := &server{url: front.URL, id: p.site.id, secret: p.site.secret, client: front.Client()}
	found, err := service.Inspect(p.t.Context(), c)
	if err == nil {
		err = found.Err()
	}
	return len(looked), errors.Join(err, integrity(c.Database),
		recorded(opened.DB, p.j.kept(0), cut), verify(p.t.Context(), s, looked, cut))
}

// newest returns the promises that were made last before a cut, and as many others.
func (p *power) newest(cut int64, n int) []*promise {
	var made []*promise
	for _, one := range p.j.kept(0) {
		if one.holdsAt(cut) {
			made = append(made, one)
		}
	}
	last := max(0, len(made)-n)
	return append(some(made[:last], n), made[last:]...)
}

// integrity is SQLite's own opinion of a database.
func integrity(path string) error {
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	verdict := ""
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("integrity_check: %s, %w", verdict, err)
	}
	return nil
}
