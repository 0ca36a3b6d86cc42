package target

import (
	"claviger/audit"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// User is the target of an operation that uses keys, all of them in its one success.
type User interface {
	op.Target
	Used() []*key.Key
}

// Used implements [User].
func (t *Target) Used() []*key.Key { return []*key.Key{t.Key} }

// Use makes an operation that uses keys, and has each use written down that succeeds:
// GetKeyLastUsage shows it.
func Use[I op.Input, T User, O any](s *Finder, n op.Info, find func(*op.Call, I) (T, error),
	do func(*op.Call, I, T) (O, error)) op.Query[I, O] {
	return op.Read(n, find, func(c *op.Call, in I, t T) (O, error) {
		out, err := do(c, in, t)
		if err != nil {
			return out, err
		}
		for _, k := range t.Used() {
			s.noteUse(c, k)
		}
		return out, nil
	})
}

// noteUse has the use of a key written down once its record is on the disk, and no more than one in
// a minute.
func (s *Finder) noteUse(c *op.Call, k *key.Key) {
	// not k itself, which may be large and is waited for
	minute, noted, ref := c.Time.Unix()/60, k.UseNoted, k.Ref()
	if noted.Load() >= minute {
		return
	}
	c.After(func(r audit.Record) {
		if old := noted.Load(); old < minute && noted.CompareAndSwap(old, minute) {
			s.rows.NoteUse(ref, r)
		}
	})
}

// FindUse names and looks up the key of a cryptographic operation.
func (s *Finder) FindUse(c *op.Call, operation, keyID, algorithm string,
	by Presented) (*Target, error) {
	t, err := s.FindGranted(c, operation, keyID, true, by)
	if err != nil {
		return t, err
	}
	t.Algorithm = algorithm
	t.OnPendingDeletion = func() { s.notePendingDeletion(c) }
	return t, nil
}

// notePendingDeletion marks the record of a use that was refused because its key is pending
// deletion, and counts it: somebody still depends on the key, and there is time to take its
// deletion back.
func (s *Finder) notePendingDeletion(c *op.Call) {
	c.Note(`{"pendingDeletionKeyUsed":true}`)
	s.pendingUses.Add(1)
}

// PendingDeletionUses returns how many uses were refused since the start because their key was
// pending deletion, dry runs included.
func (s *Finder) PendingDeletionUses() uint64 { return s.pendingUses.Load() }
