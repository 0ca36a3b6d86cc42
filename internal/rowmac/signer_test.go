package rowmac

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"claviger/internal/custody"
	"claviger/internal/fault"
)

// counting is a token that makes MACs in memory and counts them: how often the device is asked is
// part of what Signer promises.
type counting struct {
	mu    sync.Mutex
	calls int
	err   error
}

func (c *counting) mac(_ context.Context, data []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	h := hmac.New(sha256.New, []byte("row-mac"))
	h.Write(data)
	return h.Sum(nil), c.err
}

func (c *counting) signer(installation string) *Signer {
	return New(installation, c.mac)
}

// aRow has a column of every type that can be signed.
func aRow() []any {
	return []any{"111122223333", []byte{1, 2, 3}, int64(7), ""}
}

func TestVerify_SignedRow_Passes(t *testing.T) {
	device := new(counting)
	mac, err := device.signer("one").Sign(t.Context(), "keys", aRow()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := device.signer("one").Verify(t.Context(), mac, "keys", aRow()...); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestVerify_EditedRow_IsRefused(t *testing.T) {
	device := new(counting)
	g := device.signer("one")
	mac, err := g.Sign(t.Context(), "keys", aRow()...)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, g *Signer, mac []byte, table string, columns ...any) {
		t.Helper()
		err := g.Verify(t.Context(), mac, table, columns...)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Internal || f.Message != "" {
			t.Errorf("%s: %v, want an internal error that tells callers nothing", name, err)
		} else if !strings.Contains(f.Error(), table) {
			t.Errorf("%s: the log does not name the table: %v", name, f)
		}
		if again := g.Verify(t.Context(), mac, table, columns...); again == nil {
			t.Errorf("%s: refused once and taken then", name)
		}
	}
	for i, edits := range [][]any{
		{"111122223334", "111122223333 ", ""},
		{[]byte{1, 2, 4}, []byte{1, 2}, []byte{1, 2, 3, 0}, []byte(nil)},
		{int64(8), int64(-7), int64(0)},
		{" "},
	} {
		for _, edit := range edits {
			row := aRow()
			row[i] = edit
			refused(fmt.Sprintf("column %d = %v", i, edit), g, mac, "keys", row...)
		}
	}
	swapped := aRow()
	swapped[0], swapped[3] = swapped[3], swapped[0]
	refused("swapped columns", g, mac, "keys", swapped...)
	refused("a column less", g, mac, "keys", aRow()[:3]...)
	refused("a column more", g, mac, "keys", append(aRow(), "")...)
	refused("another table", g, mac, "aliases", aRow()...)
	refused("another installation", device.signer("two"), mac, "keys", aRow()...)
	refused("no MAC", g, nil, "keys", aRow()...)
	refused("half a MAC", g, mac[:16], "keys", aRow()...)
	edited := slices.Clone(mac)
	edited[31] ^= 1
	refused("an edited MAC", g, edited, "keys", aRow()...)
	refused("MAC and bytes moved", g, mac[1:], "keys", append(aRow(), string(mac[:1]))...)
}

func TestVerify_ShiftedColumns_AreAnotherRow(t *testing.T) {
	g := new(counting).signer("one")
	rows := [][]any{{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}, {"abc"},
		{"ab\x00\x00\x00\x01c"}, {"", "", "abc"}}
	for i, a := range rows {
		mac, err := g.Sign(t.Context(), "t", a...)
		if err != nil {
			t.Fatal(err)
		}
		for j, b := range rows {
			if err := g.Verify(t.Context(), mac, "t", b...); (err == nil) != (i == j) {
				t.Errorf("the MAC of %q over %q: %v", a, b, err)
			}
		}
	}
	mac, err := g.Sign(t.Context(), "keys", "x")
	if err != nil {
		t.Fatal(err)
	}
	if g.Verify(t.Context(), mac, "key", "sx") == nil || g.Verify(t.Context(), mac, "keysx") == nil {
		t.Error("the table's name runs into the columns")
	}
}

func TestVerify_SameBytes_AskTheTokenOnce(t *testing.T) {
	device := new(counting)
	mac, err := device.signer("one").Sign(t.Context(), "keys", aRow()...)
	if err != nil {
		t.Fatal(err)
	}
	g := device.signer("one")
	asked := func(want int, what string) {
		t.Helper()
		if device.calls != want {
			t.Errorf("%s: %d calls, want %d", what, device.calls, want)
		}
		device.calls = 0
	}
	device.calls = 0
	for range 3 {
		if err := g.Verify(t.Context(), mac, "keys", aRow()...); err != nil {
			t.Fatal(err)
		}
	}
	asked(1, "three readings of one row")
	row := aRow()
	row[2] = int64(8)
	if g.Verify(t.Context(), mac, "keys", row...) == nil {
		t.Error("an edited row passed")
	}
	asked(1, "an edited row")
	if g.Verify(t.Context(), append([]byte{}, mac[:31]...), "keys", aRow()...) == nil {
		t.Error("an edited MAC passed")
	}
	asked(1, "an edited MAC")
	signed, err := g.Sign(t.Context(), "keys", row...)
	if err != nil || g.Verify(t.Context(), signed, "keys", row...) != nil {
		t.Error("a row that was just signed is refused")
	}
	asked(1, "a row that was just signed")
}

func TestVerify_FailingToken_VouchesForNothing(t *testing.T) {
	device := &counting{}
	g := device.signer("one")
	mac, err := g.Sign(t.Context(), "keys", "x")
	if err != nil {
		t.Fatal(err)
	}
	device.err = custody.ErrUnavailable
	g = device.signer("one")
	if err := g.Verify(t.Context(), mac, "keys", "x"); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("Verify without a token: %v", err)
	}
	if _, err := g.Sign(t.Context(), "keys", "y"); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("Sign without a token: %v", err)
	}
	device.err = nil
	device.calls = 0
	if err := g.Verify(t.Context(), mac, "keys", "x"); err != nil || device.calls != 1 {
		t.Errorf("after it: %v, %d calls", err, device.calls)
	}
}

func TestSigner_VerifiedRows_AreBounded(t *testing.T) {
	g := new(counting).signer("one")
	for i := range remembered + 100 {
		g.remember(sha256.Sum256(fmt.Append(nil, i)))
	}
	last := sha256.Sum256(fmt.Append(nil, remembered+99))
	if n := len(g.seen); n != remembered || !g.known(last) {
		t.Errorf("%d rows in mind, want %d and the newest among them", n, remembered)
	}
}

func TestSigner_ManyAtOnce_IsSafe(t *testing.T) {
	g := new(counting).signer("one")
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			mac, err := g.Sign(context.Background(), "keys", int64(i%4))
			if err == nil {
				err = g.Verify(context.Background(), mac, "keys", int64(i%4))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestSign_UnknownType_Panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a column of an unknown type was signed")
		}
	}()
	g := new(counting).signer("one")
	_, _ = g.Sign(t.Context(), "keys", 3.5)
}
