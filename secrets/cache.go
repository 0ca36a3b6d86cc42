package secrets

import (
	"errors"
	"sync/atomic"

	"claviger/internal/op"
	"claviger/store"
)

// Bounds of the cache: under 3 KiB a line with what the runtime adds, less than 30 MB in all; a usual line is under
// 1 KiB. What is larger is read from its row each time, at the price of a query.
const (
	cachedSecrets = 10240
	keptBytes     = 2048 // of a secret's own text, and of its sealed current value if that fits in too
	overhead      = 80   // bytes for each tag and label beside its text: headers, and the room that slices and maps leave
)

// line is what the cache keeps of a secret: all that a plain read needs.
type line struct {
	*Secret
	value *version     // the AWSCURRENT version, if there is room for its sealed value; otherwise nil
	noted atomic.Int64 // the day up to which a read of value is noted
}

// Why what was loaded is not kept.
var (
	errHeavy = errors.New("the secret is too large to be kept")
	errLight = errors.New("the secret was read without its value")
)

// line returns the facts of a secret, from the cache or from its verified rows; nil if there is none.
func (s *Secrets) line(c *op.Call, ref secretRef) (*line, error) {
	var heavy *line
	l, err := s.lines.Get(ref, func() (*line, error) {
		l, err := s.loadLine(c, ref)
		if err == nil && l.weight() > keptBytes {
			heavy = l
			return nil, errHeavy
		}
		return l, err
	})
	switch {
	case heavy != nil:
		return heavy, nil
	case isNoRow(err):
		return nil, nil
	}
	return l, err
}

// light is line for those who don't read the value: what is not in the cache is read without it, and not kept.
func (s *Secrets) light(c *op.Call, ref secretRef) (*line, error) {
	var sec *Secret
	l, err := s.lines.Get(ref, func() (*line, error) {
		read, err := s.loadSecret(c, ref)
		if err != nil {
			return nil, err
		}
		sec = read // verified
		return nil, errLight
	})
	switch {
	case sec != nil:
		return &line{Secret: sec}, nil
	case isNoRow(err):
		return nil, nil
	}
	return l, err
}

// loadLine reads a secret, and its current version along with it if that is small.
func (s *Secrets) loadLine(c *op.Call, ref secretRef) (*line, error) {
	sec, err := s.loadSecret(c, ref)
	if err != nil {
		return nil, err
	}
	l := &line{Secret: sec}
	id := sec.stages[current]
	if id == "" {
		return l, nil
	}
	v, err := s.loadVersion(c, sec, id, max(keptBytes-l.weight(), 0))
	if err == nil {
		l.value = v
		l.noted.Store(v.accessed)
	}
	if isNoRow(err) {
		err = nil // too large, or changed this moment: whoever reads the value looks again
	}
	return l, err
}

// weight is about how many bytes a secret holds, its values left out.
func (l *line) weight() int {
	n := len(l.Name) + len(l.Description) + len(l.KeyID)
	for _, t := range l.Tags {
		n += len(t.Key) + len(t.Value) + overhead
	}
	for label, id := range l.stages {
		n += len(label) + len(id) + overhead
	}
	return n
}

// forget drops a secret from the cache once the change is committed.
func (s *Secrets) forget(tx *store.Tx, ref secretRef) { tx.After(func() { s.lines.Drop(ref) }) }
