package key

import (
	"strings"
	"testing"
	"time"

	"claviger/internal/custody"
)

// material is one with bytes, that became current by a rotation at a time.
func material(id, how string, rotated time.Time) Material {
	return Material{Material: custody.Material{ID: id, Wrapped: []byte{1}}, RotationType: how,
		Rotated: rotated}
}

func with(change func(*Key), materials ...Material) *Key {
	k := made(change)
	k.Materials = map[string]Material{}
	k.Put(materials...)
	return k
}

// TestRotationDue_KeyThatIsNotUsed_Waits: only an enabled key that follows no other is rotated.
func TestRotationDue_KeyThatIsNotUsed_Waits(t *testing.T) {
	for _, c := range []struct {
		change func(*Key)
		due    bool
	}{
		{nil, true}, {func(k *Key) { k.RotationPeriod = 0 }, false},
		{func(k *Key) { k.State = Disabled }, false},
		{func(k *Key) { k.State = PendingDeletion }, false},
		{func(k *Key) { k.PrimaryRegion = here }, true},
		{func(k *Key) { k.PrimaryRegion = there }, false},
	} {
		k := made(func(k *Key) { k.RotateEvery(90, began) })
		if c.change != nil {
			c.change(k)
		}
		if due := k.RotationDue(); due.IsZero() == c.due || c.due && !due.Equal(began.AddDate(0, 0, 90)) {
			t.Errorf("%+v is due at %v", k, due)
		}
	}
}

// TestRotate_TimesOfRotations_AreInOrder: several at once come after one another, also where the
// clock was set back.
func TestRotate_TimesOfRotations_AreInOrder(t *testing.T) {
	k := with(nil, material("a", "", time.Time{}))
	k.Rotate(material("b", "", time.Time{}), RotationAutomatic, began)
	k.Rotate(material("c", "", time.Time{}), RotationOnDemand, began)
	k.Rotate(material("d", "", time.Time{}), RotationOnDemand, began.Add(-time.Hour))
	k.Rotate(material("e", "", time.Time{}), RotationOnDemand, began.Add(time.Hour))
	if k.MaterialID != "e" || k.CountRotations(RotationOnDemand) != 3 ||
		k.CountRotations(RotationAutomatic) != 1 {
		t.Errorf("%+v", k)
	}
	for id, want := range map[string]time.Time{"b": began, "c": began.Add(time.Microsecond),
		"d": began.Add(2 * time.Microsecond), "e": began.Add(time.Hour)} {
		if got := k.Materials[id].Rotated; !got.Equal(want) {
			t.Errorf("%s rotated at %v, want %v", id, got, want)
		}
	}
}

// TestHistory_Materials_AreInOrder: as they became current; with all, the first before them and the
// pending one after them, and those of one time in order of their ids.
func TestHistory_Materials_AreInOrder(t *testing.T) {
	early, late := material("z", "", time.Time{}), material("y", "", time.Time{})
	early.Created, late.Created = began, began.Add(time.Hour)
	k := with(nil, material("b", RotationOnDemand, began.Add(time.Hour)),
		material("c", RotationAutomatic, began), material("d", RotationAutomatic, began), early, late,
		material("a", RotationPending, time.Time{}))
	for all, want := range map[bool]string{false: "c d b", true: "z y c d b a"} {
		var ids []string
		for _, m := range k.History(all) {
			ids = append(ids, m.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("all is %v: %s, want %s", all, got, want)
		}
	}
}

// TestMaterials_EachState_IsTold: current, pending and what was current, there or gone.
func TestMaterials_EachState_IsTold(t *testing.T) {
	pending := material("p", RotationPending, time.Time{})
	waiting := material("w", RotationPendingImport, time.Time{})
	gone := material("g", RotationOnDemand, began).WithoutBytes()
	current := material("c", RotationOnDemand, began)
	k := with(func(k *Key) { k.MaterialID = "c" }, pending, current)
	for m, want := range map[*Material]string{&current: "CURRENT", &pending: RotationPending,
		&waiting: RotationPendingImport, &gone: "NON_CURRENT"} {
		if got := k.MaterialState(*m); got != want {
			t.Errorf("%s: %s", m.ID, got)
		}
	}
	if k.PendingMaterial() != "p" || with(nil, current).PendingMaterial() != "" ||
		with(nil, waiting).PendingMaterial() != "w" {
		t.Error("the pending material is the one that waits, of either kind")
	}
	if len(k.KnownMaterials()) != 2 {
		t.Errorf("%d materials are known", len(k.KnownMaterials()))
	}
	if m, err := k.NextImported(); err != nil || m.ID != "p" {
		t.Errorf("next is %v, %v", m.ID, err)
	}
	for _, m := range []Material{current, waiting, pending.WithoutBytes()} {
		if next, err := with(nil, m).NextImported(); codeOf(err) != "KMSInvalidStateException" {
			t.Errorf("next is %v, %v", next.ID, err)
		}
	}
	if ref, ok := k.MaterialRef("g"); ok {
		t.Errorf("%v is at hand", ref)
	}
	if _, ok := with(nil, gone).MaterialRef("g"); ok {
		t.Error("a material without bytes is at hand")
	}
}

// TestComplete_MaterialGone_IsNot: without one that it has used, some of a key's ciphertexts are
// closed, and it is not enabled when its deletion is cancelled.
func TestComplete_MaterialGone_IsNot(t *testing.T) {
	current, old := material("c", RotationOnDemand, began), material("o", "", time.Time{})
	first := func(k *Key) { k.MaterialID, k.Origin = "c", OriginExternal }
	for _, c := range []struct {
		k    *Key
		want bool
	}{
		{with(first, current, old), true}, {with(first, current, old.WithoutBytes()), false},
		{with(first, current.WithoutBytes(), old), false},
		{with(first, current, material("p", RotationPending, time.Time{}).WithoutBytes()), true},
		{with(func(k *Key) { k.Origin = OriginExternal }), false},
	} {
		state := Disabled
		if !c.want {
			state = PendingImport
		}
		if c.k.IsComplete() != c.want || c.k.StateAfterCancel() != state {
			t.Errorf("%+v: complete is %v, and %s", c.k.Materials, c.k.IsComplete(), c.k.StateAfterCancel())
		}
	}
	lost := with(func(k *Key) { k.MaterialID = "c" }, current.WithoutBytes())
	if lost.StateAfterCancel() != Disabled {
		t.Error("only imported material is waited for")
	}
}

// TestExpiration_FirstOfThose_IsShown: the first material to go, of those that the key has used.
func TestExpiration_FirstOfThose_IsShown(t *testing.T) {
	expiring := func(id, how string, at time.Time) Material {
		m := material(id, how, time.Time{})
		m.ExpirationModel, m.Expires = MaterialExpires, at
		return m
	}
	lasting := material("l", "", time.Time{})
	lasting.ExpirationModel = MaterialDoesNotExpire
	soon, later := began.Add(time.Hour), began.Add(2*time.Hour)
	for _, c := range []struct {
		materials []Material
		model     string
		until     time.Time
	}{
		{nil, "", time.Time{}}, {[]Material{lasting}, MaterialDoesNotExpire, time.Time{}},
		{[]Material{expiring("s", "", soon), expiring("t", RotationOnDemand, later), lasting},
			MaterialExpires, soon},
		{[]Material{expiring("s", RotationPending, soon), expiring("t", "", later)}, MaterialExpires,
			later},
		{[]Material{expiring("s", "", soon).WithoutBytes(), lasting}, MaterialDoesNotExpire,
			time.Time{}},
	} {
		for range 8 { // in whatever order
			m := with(nil, c.materials...).Metadata(everything)
			if m.ExpirationModel != c.model || (m.ValidTo == nil) != c.until.IsZero() ||
				m.ValidTo != nil && !m.ValidTo.Equal(c.until) {
				t.Fatalf("%+v: %s until %v", c.materials, m.ExpirationModel, m.ValidTo)
			}
		}
	}
}

// TestMetadata_MaterialAndWindow_AreShownWhereAWSShowsThem.
func TestMetadata_MaterialAndWindow_AreShownWhereAWSShowsThem(t *testing.T) {
	current := func(k *Key) { k.MaterialID = "m" }
	for want, k := range map[string]*Key{"m": made(current),
		"": made(func(k *Key) { current(k); k.Spec, k.Usage = "ECC_NIST_P256", SignVerify })} {
		if k.ShownMaterialID() != want || k.Metadata(everything).CurrentKeyMaterialId != want {
			t.Errorf("%s shows %q", k.Spec, k.ShownMaterialID())
		}
	}
	if m := made(func(k *Key) { current(k); k.Origin = OriginCloudHSM }).Metadata(everything); m.
		CurrentKeyMaterialId != "" {
		t.Error("a key in a custom key store has no material that is named")
	}
	for state, want := range map[State]int32{PendingReplicaDeletion: 7, PendingDeletion: 0} {
		k := made(func(k *Key) { k.State, k.PendingWindow = state, 7 })
		if got := k.Metadata(everything).PendingDeletionWindowInDays; got != want {
			t.Errorf("%s: a window of %d days", state, got)
		}
	}
}
