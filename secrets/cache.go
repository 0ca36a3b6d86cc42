package secrets

import (
	"context"
	"sync/atomic"

	"claviger/internal/domain"
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

// entry is what the cache keeps of a secret: all that a plain read needs.
type entry struct {
	*Secret
	current *version     // the AWSCURRENT version if its sealed value fits in; otherwise nil
	noted   atomic.Int64 // the day up to which a read of current is noted
}

// lookUp finds a secret by its place: [Secrets.withValue] or [Secrets.withoutValue]. It returns nil
// if there is none.
type lookUp func(context.Context, secretRef) (*entry, error)

// withValue returns a secret from the cache or from its verified rows, and its current value along
// with it if that is small.
func (s *Rows) withValue(ctx context.Context, ref secretRef) (*entry, error) {
	return s.cache.Get(ref, func() (*entry, error) { return s.loadEntry(ctx, ref) })
}

// withoutValue is for those who don't need the value: what is not in the cache is read without it,
// and not kept.
func (s *Rows) withoutValue(ctx context.Context, ref secretRef) (*entry, error) {
	return s.cache.Peek(ref, func() (*entry, error) {
		sec, err := s.loadSecret(ctx, ref)
		return &entry{Secret: sec}, err
	})
}

// loadEntry reads a secret, and its current version along with it if that is small.
func (s *Rows) loadEntry(ctx context.Context, ref secretRef) (*entry, error) {
	sec, err := s.loadSecret(ctx, ref)
	if err != nil {
		return nil, err
	}
	e := &entry{Secret: sec}
	id := sec.stages[current]
	if id == "" {
		return e, nil
	}
	v, err := s.loadVersion(ctx, sec, id, max(keptBytes-e.weight(), 0))
	if domain.IsNoRow(err) {
		return e, nil // too large, or changed this moment: whoever reads the value looks again
	}
	if err != nil {
		return nil, err
	}
	e.current = v
	e.noted.Store(v.accessed)
	return e, nil
}

// weight is about how many bytes a secret holds, its values left out: a value is kept only if it
// fits into what the rest leaves.
func (e *entry) weight() int {
	n := len(e.Name) + len(e.Description) + len(e.KeyID) + max(len(e.Policy), e.rules.Weight())
	for _, t := range e.Tags {
		n += len(t.Key) + len(t.Value) + overhead
	}
	for label, id := range e.stages {
		n += len(label) + len(id) + overhead
	}
	return n
}
