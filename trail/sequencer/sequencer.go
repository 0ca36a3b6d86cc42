// Package sequencer keeps the tree over the trail: it follows the committer, adds each record to
// the tree, and about once in a second signs what the tree is and stores it. A record between its
// commit and that moment is durable and not yet provable.
package sequencer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"claviger/audit/tree"
	"claviger/internal/custody"
	"claviger/internal/follow"
	"claviger/internal/rowmac"
	"claviger/store"
	"claviger/trail/treerows"
)

const (
	// every is how long a record may wait for the signature that makes it provable.
	every = time.Second
	// most is how many records wait for it at most, while those of a long time are caught up with.
	most = 1 << 18
	// endWithin is how long the end of the service waits for the last signature. A device or a disk
	// that hangs would hold it up for as long as it likes; the next start catches up.
	endWithin = 3 * time.Second
)

// Token signs checkpoints.
type Token interface {
	Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) ([]byte, error)
}

// Config is what a sequencer needs.
type Config struct {
	DB     *store.DB
	Feed   *follow.Feed
	Rows   *rowmac.Signer
	Token  Token
	Key    func(context.Context) (custody.Material, error) // makes it where there is none
	Origin string                                          // the log's name
	Log    *slog.Logger
}

// Sequencer is one. [Sequencer.Run] does its work; all else may be asked meanwhile.
type Sequencer struct {
	Config

	build  *tree.Builder
	due    time.Time // of the next checkpoint
	signer *tree.Signer
	failed bool // the last time, which the log has

	size    atomic.Int64 // records that a durable checkpoint has
	oldest  atomic.Int64 // when the oldest of those behind it was committed; 0: there is none
	signed  atomic.Int64 // checkpoints
	stopped atomic.Bool
}

// New returns a sequencer that is to be run.
func New(c Config) *Sequencer { return &Sequencer{Config: c} }

// ErrBroken says that tree and trail don't go together any more. Nothing is signed then: what was
// signed before would be contradicted.
var ErrBroken = errors.New("the trail is not what was signed over it: nothing more is signed. " +
	"`claviger audit verify` says where it was changed")

// Run works until ctx ends, and then once more for what has come meanwhile. Whoever ends ctx has
// let those end before who leave records.
func (s *Sequencer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.work(ctx)
		if errors.Is(err, ErrBroken) {
			s.stopped.Store(true)
			s.Log.Error("the trail can't be proved any more", "error", err)
			<-ctx.Done()
			return
		}
		if ctx.Err() == nil {
			s.postponed(err)
			pause(ctx, every)
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	if err := s.finish(end); err != nil || s.Lag() > 0 {
		s.Log.Warn("the newest records of the trail are not proved yet: the next start does it",
			"records", s.Lag(), "error", err)
	}
}

// postponed logs that nothing is signed for a while, once.
func (s *Sequencer) postponed(why error) {
	if !s.failed {
		s.Log.Warn("records of the trail are proved later", "error", why)
	}
	s.failed = true
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// work begins at the newest checkpoint that is stored, and goes on until something fails.
func (s *Sequencer) work(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		return err
	}
	for {
		if err := s.next(ctx); err != nil {
			return err
		}
	}
}

// resume takes up the tree where it is stored. Whatever is wrong with it was not done by us.
func (s *Sequencer) resume(ctx context.Context) error {
	c, err := treerows.Newest(ctx, s.DB, s.Rows)
	if errors.Is(err, rowmac.ErrEdited) {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err != nil {
		return err
	}
	s.due = time.Time{}
	s.size.Store(c.Size)
	s.lookBehind(c.Size)
	if c.Size == 0 {
		s.build = new(tree.Builder)
		return nil
	}
	if err := s.openSigner(ctx); err != nil {
		return err
	}
	signed, err := tree.Open([]byte(c.Note), s.signer.Key)
	if err != nil {
		return fmt.Errorf("%w: the checkpoint of %d records: %w", ErrBroken, c.Size, err)
	}
	if newest := s.DB.TrailNewest(); newest < c.Size {
		return fmt.Errorf("%w: %d records were signed, and it ends at %d", ErrBroken, c.Size, newest)
	}
	s.build, err = tree.Resume(signed, treerows.Tiles{From: s.DB})
	if errors.Is(err, tree.ErrTiles) {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return err
}

// lookBehind finds out when the oldest record behind a checkpoint was committed.
func (s *Sequencer) lookBehind(size int64) {
	s.oldest.Store(0)
	if s.DB.TrailNewest() > size {
		if _, at, err := s.DB.TrailTime(size + 1); err == nil {
			s.oldest.Store(at.UnixMicro())
		}
	}
}

// openSigner makes the key where there is none yet.
func (s *Sequencer) openSigner(ctx context.Context) error {
	if s.signer != nil {
		return nil
	}
	m, err := s.Key(ctx)
	if err != nil {
		return err
	}
	key, err := tree.NewKey(s.Origin, m.Public)
	if err != nil {
		return err
	}
	s.signer = &tree.Signer{Key: key}
	return nil
}

// next adds what has come, and stores a checkpoint when it is time for one.
func (s *Sequencer) next(ctx context.Context) error {
	wait, cancel := ctx, func() {}
	if waiting := s.build.Size() - s.size.Load(); waiting > 0 {
		if waiting >= most || !time.Now().Before(s.due) {
			return s.store(ctx)
		}
		wait, cancel = context.WithDeadline(ctx, s.due)
	}
	defer cancel()
	page, err := s.Feed.After(wait, s.build.Size())
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil
	case errors.Is(err, follow.ErrAhead):
		return fmt.Errorf("%w: %w", ErrBroken, err)
	case err != nil:
		return err
	}
	return s.add(page)
}

// add appends records to the tree.
func (s *Sequencer) add(page []follow.Batch) error {
	for _, b := range page {
		for n, record := range b.Lines() {
			switch size := s.build.Size(); {
			case n <= size: // of a batch that a checkpoint has parted
				continue
			case n > size+1:
				return fmt.Errorf("%w: records %d to %d are missing", ErrBroken, size+1, n-1)
			}
			s.build.Append(tree.Leaf(record))
		}
		if s.oldest.CompareAndSwap(0, b.At.UnixMicro()) {
			s.due = time.Now().Add(every)
		}
	}
	if s.due.IsZero() {
		s.due = time.Now().Add(every)
	}
	return nil
}

// store signs the tree as it is, and stores it. If the token can't sign, the tree goes on growing
// and the next time signs more. If the tree can't be stored, the work begins anew where the
// database is.
func (s *Sequencer) store(ctx context.Context) error {
	s.due = time.Now().Add(every)
	change, size, err := s.prepare(ctx)
	if err != nil {
		if ctx.Err() != nil || s.build.Size()-s.size.Load() >= 2*most {
			return err
		}
		s.postponed(err)
		return nil
	}
	if err := s.commit(ctx, change); err != nil {
		return err
	}
	if s.failed {
		s.failed = false
		s.Log.Info("records of the trail are proved again", "records", size)
	}
	s.signed.Add(1)
	s.size.Store(size)
	s.lookBehind(size)
	return nil
}

// commit waits for the disk, but at the end of the service not for long.
func (s *Sequencer) commit(ctx context.Context, change func(*store.Tx) error) error {
	done := make(chan error, 1)
	go func() { done <- s.DB.Commit(change, nil) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(endWithin):
		return context.Cause(ctx)
	}
}

// prepare has the tree signed, and returns the change that stores it.
func (s *Sequencer) prepare(ctx context.Context) (
	change func(*store.Tx) error, size int64, err error) {
	if err := s.openSigner(ctx); err != nil {
		return nil, 0, err
	}
	c := tree.Checkpoint{Origin: s.Origin, Size: s.build.Size(), Root: s.build.Root()}
	s.signer.By = func(text []byte) ([]byte, error) {
		m, err := s.Key(ctx)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(text)
		return s.Token.Sign(ctx, m.Rest(), "ECDSA_SHA_256", digest[:])
	}
	note, err := c.Sign(*s.signer)
	if err != nil {
		return nil, 0, err
	}
	change, err = treerows.Put(ctx, s.DB, s.Rows,
		treerows.Checkpoint{Size: c.Size, At: time.Now(), Note: string(note)}, s.build.Changed())
	if err == nil {
		s.build.Stored()
	}
	return change, c.Size, err
}

// finish stores a checkpoint over all that is there.
func (s *Sequencer) finish(ctx context.Context) error {
	if s.DB.TrailNewest() == s.size.Load() && s.build != nil {
		return nil
	}
	if err := s.DB.Ready(); err != nil {
		return err
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	for s.build.Size() < s.DB.TrailNewest() {
		page, err := s.Feed.After(ctx, s.build.Size())
		if err == nil {
			err = s.add(page)
		}
		if err != nil {
			return err
		}
		if s.build.Size()-s.size.Load() >= most {
			if err := s.store(ctx); err != nil {
				return err
			}
		}
	}
	if s.build.Size() == s.size.Load() {
		return nil
	}
	return s.store(ctx)
}

// Size is how many records can be proved.
func (s *Sequencer) Size() int64 { return s.size.Load() }

// Lag is how many records are durable and can't be proved yet.
func (s *Sequencer) Lag() int64 { return max(0, s.DB.TrailNewest()-s.size.Load()) }

// Age is how long ago the oldest of those was committed; 0 if there is none.
func (s *Sequencer) Age() time.Duration {
	at := s.oldest.Load()
	if at == 0 || s.Lag() == 0 {
		return 0
	}
	return max(0, time.Since(time.UnixMicro(at)))
}

// Signed is how many checkpoints were signed since the start.
func (s *Sequencer) Signed() int64 { return s.signed.Load() }

// Broken reports whether nothing is signed any more because trail and tree don't go together.
func (s *Sequencer) Broken() bool { return s.stopped.Load() }
