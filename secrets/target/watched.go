package target

import (
	"claviger/internal/op"
	"claviger/secrets/secretrows"
)

// Watched is a secret of which can be told whether the caller has the answer already.
type Watched struct {
	*Target
	etag func(*secretrows.Entry) string
}

// ETag implements [op.Watched].
func (w Watched) ETag() string { return w.etag(w.Entry) }

// ReadWatched is [Read] for what callers wait for. depends returns all that the answer depends on,
// or nothing where an error will be answered.
func ReadWatched[I Identified, O any](s *Finder, n op.Info,
	depends func(*op.Call, I, *secretrows.Entry) []string,
	do func(*op.Call, I, *secretrows.Entry) (O, error)) op.Query[I, O] {
	find := func(c *op.Call, in I) (Watched, error) {
		t, err := s.Find(c, n.Name, in.SecretID(), in, s.rows.Watching(c))
		return Watched{t, func(e *secretrows.Entry) string {
			return s.etags.Of(n.Name, depends(c, in, e))
		}}, err
	}
	return op.Read(n, find, func(c *op.Call, in I, w Watched) (O, error) {
		return do(c, in, w.Entry)
	})
}
