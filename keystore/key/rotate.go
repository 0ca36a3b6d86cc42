package key

import (
	"cmp"
	"slices"
	"time"

	"claviger/internal/fault"
)

// RotateJob is the kind of the job that replaces a key's material when its time has come.
const RotateJob = "kms:RotateKey"

// Day is what periods of rotation are counted in.
const Day = 24 * time.Hour

// RotationDue returns when the key is to be rotated automatically, or zero. A disabled key and one
// that is pending deletion aren't rotated: what is overdue when such a key is enabled again is done
// then. A replica is rotated with its primary.
func (k *Key) RotationDue() time.Time {
	if k.RotationPeriod == 0 || k.State != Enabled || k.IsReplica() {
		return time.Time{}
	}
	return k.NextRotation
}

// RotateEvery has the key rotated each time that days are over, counted from now.
func (k *Key) RotateEvery(days int64, now time.Time) {
	k.RotationPeriod = days
	k.NextRotation = now.Add(time.Duration(days) * Day).Truncate(time.Millisecond)
}

// CountRotations counts the rotations of the key that came about in one way.
func (k *Key) CountRotations(how string) (n int) {
	for _, m := range k.Materials {
		if m.RotationType == how {
			n++
		}
	}
	return n
}

// Rotate makes m the current material of a key that is being changed. The times of a key's
// rotations are in their order, also where several come at once or the clock was set back.
func (k *Key) Rotate(m Material, how string, now time.Time) {
	m.RotationType, m.Rotated = how, now.Truncate(time.Microsecond)
	for _, old := range k.Materials {
		if !m.Rotated.After(old.Rotated) {
			m.Rotated = old.Rotated.Add(time.Microsecond)
		}
	}
	k.Put(m)
	k.MaterialID = m.ID
}

// NextImported returns the imported material that a rotation would make current: the one that is
// pending rotation and present. Without one it is KMSInvalidStateException.
func (k *Key) NextImported() (Material, error) {
	for _, m := range k.Materials {
		if m.RotationType == RotationPending && m.IsPresent() {
			return m, nil
		}
	}
	return Material{}, fault.New(fault.State, "KMSInvalidStateException",
		"No available key material pending rotation for the key: "+k.ARN()+".")
}

// History returns the key's materials in the order in which they became current: those that did by
// a rotation, or all, with the key's first one before them and the pending one after them.
func (k *Key) History(all bool) (out []Material) {
	for _, m := range k.Materials {
		if all || !m.Rotated.IsZero() {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Material) int {
		return cmp.Or(cmp.Compare(intOf(a.IsPending()), intOf(b.IsPending())),
			a.Rotated.Compare(b.Rotated), a.Created.Compare(b.Created),
			cmp.Compare(a.ID, b.ID))
	})
	return out
}

// intOf makes a bool comparable: false comes first.
func intOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// MaterialState is the KeyMaterialState of one of the key's materials.
func (k *Key) MaterialState(m Material) string {
	switch {
	case m.ID == k.MaterialID:
		return "CURRENT"
	case m.IsPending():
		return m.RotationType
	}
	return "NON_CURRENT"
}
