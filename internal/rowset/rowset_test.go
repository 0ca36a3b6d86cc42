package rowset_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"claviger/internal/rowset"
)

// row encodes a row.
func row(t *testing.T, table string, mac string, key ...any) []byte {
	t.Helper()
	b, err := rowset.AppendRow(nil, table, []byte(mac), key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAppendRow_AnyDifference_IsAnotherEncoding(t *testing.T) {
	seen := map[string]int{}
	rows := [][]byte{
		row(t, "t", "mac", "a", "b"), row(t, "t", "mac", "ab", ""), row(t, "t", "mac", "ab"),
		row(t, "t", "mac", "", "ab"), row(t, "t", "maca", "b"), row(t, "tm", "ac", "a", "b"),
		row(t, "t", "mac", "b", "a"), row(t, "t", "mac", []byte("a"), "b"),
		row(t, "t", "mac", int64(1)), row(t, "t", "mac", int64(-1)), row(t, "t", "mac", "1"),
		row(t, "t", "mac", "\x00\x00\x00\x00\x00\x00\x00\x01"), row(t, "t", "mac"),
	}
	for i, r := range rows {
		if other, there := seen[string(r)]; there {
			t.Errorf("rows %d and %d have one encoding", i, other)
		}
		seen[string(r)] = i
	}
	if _, err := rowset.AppendRow(nil, "t", nil, []any{1.5}); err == nil {
		t.Error("a key that isn't known how to encode was encoded")
	}
}

// TestSet_RowsInAnyOrder_AreOneSet: what came and went again is as if it had never been there.
func TestSet_RowsInAnyOrder_AreOneSet(t *testing.T) {
	k := rowset.NewKey([]byte("secret"))
	digests := make([]rowset.Digest, 200)
	for i := range digests {
		digests[i] = k.Digest(row(t, "t", "mac", int64(i)))
	}
	var want rowset.Set
	for _, d := range digests[:100] {
		want.Add(d)
	}
	for range 20 {
		var got rowset.Set
		there := map[int]bool{}
		for _, i := range rand.Perm(200) { // removed before it was added, too
			if i%2 == 0 {
				got.Remove(digests[i])
				there[i] = true
			}
		}
		for _, i := range rand.Perm(200) {
			if there[i] {
				got.Add(digests[i])
			}
			if i < 100 {
				got.Add(digests[i])
			}
		}
		if got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
	want.Remove(digests[3])
	other := want
	other.Add(digests[150])
	want.Add(digests[3])
	if other == want || k.Line("t", other) == k.Line("t", want) {
		t.Error("another row in one's place makes the same set")
	}
}

func TestLine_TableRowsSumAndSecret_AllCount(t *testing.T) {
	k := rowset.NewKey([]byte("secret"))
	var one, two rowset.Set
	one.Add(k.Digest([]byte("a")))
	two.Add(k.Digest([]byte("b")))
	more := one
	more.Rows++
	tags := map[string]bool{
		k.Line("t", one).Tag: true, k.Line("t", two).Tag: true, k.Line("u", one).Tag: true,
		k.Line("t", more).Tag: true, k.Line("t", rowset.Set{}).Tag: true,
		rowset.NewKey([]byte("other")).Line("t", one).Tag: true,
	}
	if len(tags) != 6 {
		t.Errorf("of 6 lines %d are told apart", len(tags))
	}
	if k.Digest([]byte("a")) == rowset.NewKey([]byte("other")).Digest([]byte("a")) {
		t.Error("a digest doesn't hang on the secret")
	}
}

func TestRead_TextOfSign_ComesBack(t *testing.T) {
	k := rowset.NewKey([]byte("secret"))
	var set rowset.Set
	set.Add(k.Digest([]byte("a")))
	lines := []rowset.Line{k.Line("kms_keys", set), k.Line("secrets", rowset.Set{})}
	text, mac := k.Sign(lines)
	back, err := k.Read(text, mac)
	if err != nil || len(back) != 2 || back[0] != lines[0] || back[1] != lines[1] {
		t.Errorf("%v, %v", back, err)
	}
	empty, emptyMAC := k.Sign(nil)
	if back, err := k.Read(empty, emptyMAC); err != nil || len(back) != 0 {
		t.Errorf("no sets: %v, %v", back, err)
	}
	half, _ := k.Sign(lines[:1])
	for name, edited := range map[string]struct {
		text string
		mac  []byte
	}{
		"a line less":    {half, mac},
		"another count":  {strings.Replace(text, " 1 ", " 2 ", 1), mac},
		"another MAC":    {text, bytes.Repeat([]byte{1}, 32)},
		"no MAC":         {text, nil},
		"nothing":        {"", mac},
		"of other sets":  {text, emptyMAC},
		"a newline more": {text + "\n", mac},
	} {
		if _, err := k.Read(edited.text, edited.mac); !errors.Is(err, rowset.ErrEdited) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := rowset.NewKey([]byte("other")).Read(text, mac); !errors.Is(err, rowset.ErrEdited) {
		t.Errorf("under another secret: %v", err)
	}
}
