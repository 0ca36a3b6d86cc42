package secretrows

import (
	"context"
	"sync/atomic"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
)

// Bounds of the cache: under 3 KiB for an entry with what the runtime adds, less than 30 MB in all
// without resource policies, which take up to eight times what they weigh. A usual entry is under 1
// KiB. What is larger is read from its row each time, at the price of a query.
const (
	cachedSecrets = 10240
	cachedRules   = 256  // of policies, by their text: what is not kept is not compiled each time
	keptBytes     = 2048 // of a secret's own text, and of its sealed current value if that fits too
	overhead      = 80   // bytes for each tag and label beside its text: headers, and spare room
)

// Entry is what the cache keeps of a secret: all that a plain read needs.
type Entry struct {
	*secret.Secret
	Current *secret.Version // the AWSCURRENT version if its sealed value fits in; otherwise nil
	noted   atomic.Int64    // the day up to which a read of current is noted
}

// LookUp finds a secret by its place: [Rows.WithValue] or [Rows.WithoutValue]. It returns nil
// if there is none.
type LookUp func(context.Context, secret.Ref) (*Entry, error)

// WithValue returns a secret from the cache or from its verified rows, and its current value along
// with it if that is small.
func (s *Rows) WithValue(ctx context.Context, ref secret.Ref) (*Entry, error) {
	return s.cache.Get(ref, func() (*Entry, error) { return s.Entry(ctx, ref) })
}

// Watching is [Rows.WithValue] for a request that may wait until the secret changes.
func (s *Rows) Watching(c *op.Call) LookUp {
	return func(ctx context.Context, ref secret.Ref) (*Entry, error) {
		s.watchers.Watch(c, ref)
		return s.WithValue(ctx, ref)
	}
}

// WithoutValue is for those who don't need the value: what is not in the cache is read without it,
// and not kept.
func (s *Rows) WithoutValue(ctx context.Context, ref secret.Ref) (*Entry, error) {
	return s.cache.Peek(ref, func() (*Entry, error) {
		sec, err := s.Secret(ctx, ref)
		return &Entry{Secret: sec}, err
	})
}

// Entry reads a secret, and its current version along with it if that is small.
func (s *Rows) Entry(ctx context.Context, ref secret.Ref) (*Entry, error) {
	sec, err := s.Secret(ctx, ref)
	if err != nil {
		return nil, err
	}
	e := &Entry{Secret: sec}
	id := sec.Stages[secret.Current]
	if id == "" {
		return e, nil
	}
	v, err := s.Version(ctx, sec, id, max(keptBytes-e.weight(), 0))
	if domain.IsNoRow(err) {
		return e, nil // too large, or changed this moment: whoever reads the value looks again
	}
	if err != nil {
		return nil, err
	}
	e.Current = v
	e.noted.Store(v.Accessed)
	return e, nil
}

// weight is about how many bytes a secret holds, its values left out: a value is kept only if it
// fits into what the rest leaves.
func (e *Entry) weight() int {
	n := len(e.Name) + len(e.Description) + len(e.KeyID) + max(len(e.Policy), e.Rules.Weight())
	for _, t := range e.Tags {
		n += len(t.Key) + len(t.Value) + overhead
	}
	for label, id := range e.Stages {
		n += len(label) + len(id) + overhead
	}
	for _, r := range e.Replicas {
		n += len(r.Region) + len(r.KeyID) + len(r.Message) + overhead
	}
	return n + weightOf(&e.Rotation)
}

// weightOf is what is kept of a rotation. Most secrets have none.
func weightOf(r *secret.Rotation) int {
	n := len(r.Function) + len(r.Role)
	for _, m := range r.Metadata {
		n += len(m.Key) + len(m.Value) + overhead
	}
	for _, id := range r.Abandoned {
		n += len(id) + overhead
	}
	if r.Run != nil {
		n += len(r.Run.Version) + len(r.Run.Token) + 2*overhead
	}
	if r.Failure != nil {
		n += len(r.Failure.Text) + 2*overhead
	}
	return n
}
