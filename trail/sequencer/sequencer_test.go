package sequencer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/audit/tree"
	"claviger/audit/verify"
	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/follow"
	"claviger/internal/install"
	"claviger/store"
	"claviger/store/storetest"
	"claviger/trail/sequencer"
	"claviger/trail/treerows"
)

// site is an installation on a true token and database, whose trail is sequenced at will.
type site struct {
	token *hsm.Token
	path  string
	db    *store.DB
	in    *install.Installation
	log   bytes.Buffer
	away  atomic.Bool // the token signs nothing
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{token: hsmtest.Open(t, hsmtest.SoftHSM(t)),
		path: filepath.Join(storetest.Dir(t), "claviger.db")}
	s.open(t)
	return s
}

// open opens the database, and makes the installation if it is new.
func (s *site) open(t testing.TB) {
	t.Helper()
	s.db = storetest.Open(t, s.path)
	if _, err := install.Create(t.Context(), s.db, s.token, time.Now()); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.in, err = install.Load(t.Context(), s.db, s.token); err != nil {
		t.Fatal(err)
	}
	if err := s.db.KeepRowSets(s.in.RowSets); err != nil {
		t.Fatal(err)
	}
}

// Sign implements sequencer.Token.
func (s *site) Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm,
	digest []byte) ([]byte, error) {
	if s.away.Load() {
		return nil, custody.ErrUnavailable
	}
	return s.token.Sign(ctx, ref, alg, digest)
}

func (s *site) key(ctx context.Context) (custody.Material, error) {
	return s.in.Key(ctx, install.CheckpointKey)
}

// run starts a sequencer; stop ends it.
func (s *site) run() (q *sequencer.Sequencer, stop func()) {
	s.log.Reset()
	q = sequencer.New(sequencer.Config{DB: s.db, Feed: &follow.Feed{DB: s.db}, Rows: s.in.Rows,
		Token: s, Key: s.key, Origin: tree.Origin(s.in.ID),
		Log: slog.New(slog.NewTextHandler(&s.log, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { q.Run(ctx) })
	return q, func() { cancel(); work.Wait() }
}

// commit leaves records, three to a batch.
func (s *site) commit(t *testing.T, batches int) {
	t.Helper()
	for range batches {
		n := s.db.TrailNewest()
		err := s.db.Commit(nil, func(error) []byte {
			return fmt.Appendf(nil, "{\"n\":%d}\n{\"n\":%d}\n{\"n\":%d}", n+1, n+2, n+3)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// verified holds the database against its checkpoints.
func (s *site) verified(t *testing.T) *verify.Report {
	t.Helper()
	m, err := s.key(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := tree.NewKey(tree.Origin(s.in.ID), m.Public)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Verify(t.Context(), treerows.Open(s.db), verify.Options{Key: key, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// proved fails unless every record is provable.
func (s *site) proved(t *testing.T) {
	t.Helper()
	r := s.verified(t)
	if !r.OK() || r.Unproved != 0 || r.Records != s.db.TrailNewest() {
		t.Errorf("%+v\n%s", r, s.log.String())
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 400 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not within 20 seconds: %s", what)
}

func TestSequencer_GrowingTrail_IsProvedBehindTheCommits(t *testing.T) {
	s := newSite(t)
	q, stop := s.run()
	s.commit(t, 200)
	until(t, "what was committed is proved", func() bool { return q.Lag() == 0 && q.Size() == 600 })
	s.proved(t)
	s.commit(t, 1)
	if q.Lag() != 3 {
		t.Errorf("of three records %d can't be proved yet", q.Lag())
	}
	until(t, "a record ages", func() bool { return q.Age() > 0 || q.Lag() == 0 })
	until(t, "it is proved", func() bool { return q.Lag() == 0 })
	if q.Age() != 0 || q.Broken() {
		t.Errorf("age %s, broken %v", q.Age(), q.Broken())
	}
	s.commit(t, 1)
	stop() // at the end nothing is left out
	if q.Size() != s.db.TrailNewest() {
		t.Errorf("at the end %d records are proved of %d", q.Size(), s.db.TrailNewest())
	}
	s.proved(t)
	if n := q.Signed(); n > 20 {
		t.Errorf("%d checkpoints in a few seconds", n)
	}
}

func TestSequencer_NothingCommitted_SignsNothing(t *testing.T) {
	s := newSite(t)
	q, stop := s.run()
	time.Sleep(50 * time.Millisecond)
	stop()
	if q.Signed() != 0 {
		t.Error("something was signed")
	}
	s.commit(t, 1)
	_, stop = s.run()
	stop()
	q, stop = s.run() // all is proved already
	time.Sleep(50 * time.Millisecond)
	stop()
	if q.Signed() != 0 || q.Size() != 3 {
		t.Errorf("%d checkpoints more over %d records", q.Signed(), q.Size())
	}
	s.proved(t)
}

// TestSequencer_Restarted_CatchesUp with what was committed meanwhile.
func TestSequencer_Restarted_CatchesUp(t *testing.T) {
	s := newSite(t)
	for range 4 {
		_, stop := s.run()
		stop()
		s.commit(t, 90)
		if err := s.db.Close(); err != nil {
			t.Fatal(err)
		}
		s.open(t)
	}
	q, stop := s.run()
	until(t, "the rest is proved", func() bool { return q.Lag() == 0 })
	stop()
	s.proved(t)
}

func TestSequencer_TokenAway_ProvesLater(t *testing.T) {
	s := newSite(t)
	s.commit(t, 1)
	s.away.Store(true)
	q, stop := s.run()
	until(t, "the log says so", func() bool { return q.Age() > 1500*time.Millisecond })
	s.commit(t, 1)
	if q.Size() != 0 || q.Lag() != 6 {
		t.Errorf("%d are proved, %d aren't", q.Size(), q.Lag())
	}
	s.away.Store(false)
	until(t, "it is proved", func() bool { return q.Lag() == 0 })
	stop()
	s.proved(t)
	if log := s.log.String(); strings.Count(log, "proved later") != 1 ||
		strings.Count(log, "proved again") != 1 {
		t.Error(log)
	}
}

// TestSequencer_ChangedBehindItsBack_SignsNothingMore: what was signed would be contradicted.
func TestSequencer_ChangedBehindItsBack_SignsNothingMore(t *testing.T) {
	for name, edit := range map[string]string{
		"tile of the edge":    `UPDATE tree_tiles SET hashes = zeroblob(length(hashes)) WHERE level = 1`,
		"tile missing":        `DELETE FROM tree_tiles WHERE level = 0 AND tile = 3`,
		"checkpoint":          `UPDATE tree_checkpoints SET note = replace(note, '900', '901')`,
		"checkpoint of other": `UPDATE tree_checkpoints SET size = 899`,
		"tail cut":            `DELETE FROM trail WHERE batch > 800`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.commit(t, 300)
			_, stop := s.run()
			stop()
			s.commit(t, 10)
			if err := s.db.Close(); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(edit, "trail") {
				edit = `DROP TRIGGER trail_keeps_its_end; ` + edit + `;
					CREATE TRIGGER trail_keeps_its_end BEFORE DELETE ON trail
WHEN OLD.batch = (SELECT max(batch) FROM trail)
BEGIN
    SELECT raise(ABORT, 'the newest batch of the trail is never deleted');
END`
			}
			storetest.Edit(t, s.path, edit)
			s.db = storetest.Open(t, s.path)
			var err error
			if s.in, err = install.Load(t.Context(), s.db, s.token); err != nil {
				t.Fatal(err)
			}
			if err := s.db.KeepRowSets(s.in.RowSets); (err != nil) != strings.Contains(edit, "size = 899") {
				t.Errorf("the sets of rows say %v", err)
			}
			q, stop := s.run()
			until(t, "it stops", q.Broken)
			stop()
			if q.Signed() != 0 || !strings.Contains(s.log.String(), "claviger audit verify") {
				t.Error(s.log.String())
			}
			if s.verified(t).OK() {
				t.Error("and verify finds nothing")
			}
		})
	}
}

// TestSequencer_GapInTheTrail_SignsNothingMore: records that were removed before they were proved.
func TestSequencer_GapInTheTrail_SignsNothingMore(t *testing.T) {
	s := newSite(t)
	s.commit(t, 5)
	storetest.Edit(t, s.path, `DELETE FROM trail WHERE batch = 4`)
	q, stop := s.run()
	until(t, "it stops", q.Broken)
	stop()
	if q.Signed() != 0 || !strings.Contains(s.log.String(), "records 4 to 6 are missing") {
		t.Error(s.log.String())
	}
}

// TestSequencer_HourlyCheckpoints_StayForGood, and of the others the newest alone.
func TestSequencer_HourlyCheckpoints_StayForGood(t *testing.T) {
	s := newSite(t)
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	const hours, each = 5, 40
	for n := range int64(hours * each) {
		change, err := treerows.Put(t.Context(), s.db, s.in.Rows, treerows.Checkpoint{Size: n + 1,
			At: at.Add(time.Duration(n) * time.Hour / each), Note: "n"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.Commit(change, nil); err != nil {
			t.Fatal(err)
		}
	}
	sizes := map[int64]bool{}
	err := treerows.Notes(s.db, func(size int64, _ []byte) error {
		sizes[size] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for h := range int64(hours) {
		if !sizes[h*each+1] {
			t.Errorf("of hour %d none is there", h)
		}
	}
	for n := int64(hours*each - 50); n <= hours*each; n++ {
		if !sizes[n] {
			t.Errorf("checkpoint %d of %d is gone", n, hours*each)
		}
	}
	if len(sizes) > 60+hours {
		t.Errorf("%d are there", len(sizes))
	}
	c, err := treerows.Newest(t.Context(), s.db, s.in.Rows)
	if err != nil || c.Size != hours*each {
		t.Errorf("the newest is %+v, %v", c, err)
	}
	if _, _, err := treerows.NewestNote(s.db); err != nil || errors.Is(err, store.NoRow) {
		t.Error(err)
	}
}
