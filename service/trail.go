package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"claviger/hsm"
	"claviger/internal/follow"
	"claviger/internal/install"
	"claviger/store"
	"claviger/trail"
	"claviger/trail/copies"
	"claviger/trail/export"
	"claviger/trail/retention"
	"claviger/trail/search"
	"claviger/trail/witnessed"

	"github.com/go-json-experiment/json"
)

// Trail is what becomes of the trail beside being there. The zero value keeps it for ever.
type Trail struct {
	Account  string        // that the records about the trail itself are in
	Exported *export.Trail // that files are exported of; nil: none
	Copies   []copies.Copy
	Keep     time.Duration // 0: for ever

	// Followed says which of [Followers] there are; nil: all. Who measures what one costs leaves
	// others out.
	Followed func(name string) bool
}

// Followers are those who read the trail behind the commits: what proves it, the index of it, its
// copies, what finds events in it for rules, and what finds in it that something is wrong.
var Followers = []string{ofTree, ofIndex, ofCopies, ofEvents, ofAlarms}

const (
	ofTree   = "tree"
	ofIndex  = "index"
	ofCopies = "copies"
	ofEvents = "events"
	ofAlarms = "alarms"
)

func (t *Trail) has(follower string) bool { return t.Followed == nil || t.Followed(follower) }

// signing is what digests are signed by.
type signing struct {
	installation *install.Installation
	token        *hsm.Token
	db           *store.DB
}

// key returns the key, which is made with the first use.
func (s *signing) key(ctx context.Context) (key export.Key, err error) {
	m, err := s.installation.Key(ctx, install.DigestKey)
	if err != nil {
		return key, err
	}
	_, key.Fingerprint, err = export.PublicKey(m.Public)
	key.Sign = func(ctx context.Context, digest []byte) ([]byte, error) {
		return s.token.Sign(ctx, m.Rest(), "RSASSA_PKCS1_V1_5_SHA_256", digest)
	}
	return key, err
}

// PublicKeys implements [trail.Exports]. Before the first digest there is none: to ask makes none.
func (s *signing) PublicKeys() ([]trail.SigningKey, error) {
	m, made := s.installation.Made(install.DigestKey)
	if !made {
		return nil, nil
	}
	public, fingerprint, err := export.PublicKey(m.Public)
	return []trail.SigningKey{{Public: public, Fingerprint: fingerprint,
		Since: s.installation.Created}}, err
}

// Newest implements [trail.Exports].
func (s *signing) Newest() (time.Time, error) { return export.NewestSigned(s.db) }

// SignDigests has the token sign digests of exported files, and records it in an account. by is the
// command that asks for it.
func (s *Service) SignDigests(ctx context.Context, t export.Trail, chains []export.Chain,
	account, by string) (all [][]export.Signed, err error) {
	key, err := s.trail.signing.key(ctx)
	if err != nil {
		return nil, err
	}
	count, ends := 0, time.Time{}
	for _, c := range chains {
		made, err := c.Sign(ctx, t, key)
		if err != nil {
			return nil, err
		}
		all, count = append(all, made), count+len(made)
		for _, d := range made {
			if d.End.After(ends) {
				ends = d.End
			}
		}
	}
	now := s.clock.source.Now()
	if ends.After(now) {
		return nil, errors.New("digests are of times that are over")
	}
	r := unlike(now, s.region, "SignDigests", account, by)
	r.Additional = fmt.Appendf(nil, `{"digests":%d,"digestEndTime":%q,"bucket":%q}`, count,
		ends.UTC().Format(time.RFC3339), t.Bucket)
	return all, s.DB.Commit(export.RememberSigned(now), func(failed error) []byte {
		if failed != nil {
			r.ErrorCode = "InternalFailure"
		}
		return r.Append(nil)
	})
}

// removed returns the record that tells which records are removed because they are old.
func (s *Service) removed(account string) func(retention.Removal) []byte {
	return func(removal retention.Removal) []byte {
		r := unlike(s.clock.source.Now(), s.region, "DeleteTrailRecords", account, "claviger")
		r.ServiceEvent = true
		r.Additional, _ = json.Marshal(struct {
			First  int64  `json:"firstRecord"`
			Last   int64  `json:"lastRecord"`
			Before string `json:"committedBefore"`
		}{removal.First, removal.Last, removal.Before.UTC().Format(time.RFC3339)})
		return r.Append(nil)
	}
}

// trailWork is what follows the trail, beside what proves it and what finds in it.
type trailWork struct {
	signing   *signing
	feed      *follow.Feed // which all share
	index     *search.Index
	copies    *copies.Copies
	retention *retention.Retention // nil: the trail is kept for ever
	witnessed witnessed.Board      // what witnesses report
}

func (s *Service) newTrailWork(c Config, in *install.Installation, feed *follow.Feed) (
	*trailWork, error) {
	w := &trailWork{signing: &signing{installation: in, token: s.Token, db: s.DB}, feed: feed}
	var err error
	if w.index, err = search.Open(s.DB, search.Dir(c.Database), c.Log); err != nil {
		return nil, err
	}
	w.copies, err = copies.New(copies.Config{DB: s.DB, Feed: feed, Log: c.Log,
		Copies: c.Trail.Copies})
	if err != nil || c.Trail.Keep == 0 {
		return w, err
	}
	w.retention = &retention.Retention{DB: s.DB, Keep: c.Trail.Keep, Now: c.Clock.Now,
		Settle: s.clock.Settle, Bounds: []func() int64{w.copies.Required, s.prover.Size},
		Record: s.removed(c.Trail.Account), Log: c.Log}
	return w, nil
}

func (w *trailWork) start(ctx context.Context, t *Trail, work *sync.WaitGroup) {
	if t.has(ofIndex) {
		work.Go(func() { w.index.Keep(ctx, w.feed) })
	}
	if t.has(ofCopies) {
		work.Go(func() { w.copies.Run(ctx) })
	}
	if w.retention != nil {
		work.Go(func() { w.retention.Run(ctx) })
	}
}
