package target

import (
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
)

// Watched is a parameter of which can be told whether the caller has the answer already.
type Watched struct {
	*Target
	etag func() string
}

// ETag implements [op.Watched].
func (w Watched) ETag() string { return w.etag() }

// Watch finds a parameter for a request that may wait until another answer is to be given,
// which look sees to. depends returns all that the answer is made of, or nothing where an error
// will be answered.
func (s *Finder) Watch(c *op.Call, operation string, asked parameter.Asked, in op.Input,
	look parameterrows.LookUp, depends func(*Target) []string) Watched {
	t := s.Find(c, operation, asked, in, look)
	return Watched{t, func() string { return s.etags.Of(operation, depends(t)) }}
}

// ETag returns the ETag of an answer that is made of parts, or nothing if there are none.
func (s *Finder) ETag(operation string, parts []string) string {
	return s.etags.Of(operation, parts)
}
