package tree_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/audit/tree/treetest"

	"golang.org/x/mod/sumdb/tlog"
)

func record(n int64) []byte { return fmt.Appendf(nil, `{"eventID":"%d"}`, n) }

// grow adds records up to a size.
func grow(b *tree.Builder, to int64) {
	for b.Size() < to {
		b.Append(tree.Leaf(record(b.Size() + 1)))
	}
}

// reference is the root as tlog makes it of all hashes.
type reference []tlog.Hash

func (r *reference) ReadHashes(indexes []int64) (found []tlog.Hash, err error) {
	for _, i := range indexes {
		found = append(found, (*r)[i])
	}
	return found, nil
}

// TestBuilder_AnySize_HasTheRootOfTlog, however often it was stored and resumed in between.
func TestBuilder_AnySize_HasTheRootOfTlog(t *testing.T) {
	var all reference
	b, tiles := new(tree.Builder), treetest.Shelf{}
	for n := int64(0); n < 70_000; n++ {
		leaf := tree.Leaf(record(n + 1))
		stored, err := tlog.StoredHashesForRecordHash(n, leaf, &all)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stored...)
		b.Append(leaf)
		if n > 600 && n%251 != 0 && n < 65_530 || n > 65_540 && n%977 != 0 {
			continue
		}
		want, err := tlog.TreeHash(n+1, &all)
		if err != nil {
			t.Fatal(err)
		}
		tiles.Put(b)
		if b, err = tree.Resume(tree.Checkpoint{Size: n + 1, Root: want}, tiles); err != nil {
			t.Fatal(err)
		}
		if b.Root() != want || b.Size() != n+1 {
			t.Fatalf("of %d records the root is %s, want %s", n+1, b.Root(), want)
		}
	}
	if empty := new(tree.Builder).Root(); empty != sha256.Sum256(nil) {
		t.Errorf("of nothing it is %s", empty)
	}
}

func TestResume_OtherTiles_AreRefused(t *testing.T) {
	b, tiles := new(tree.Builder), treetest.Shelf{}
	grow(b, 1000)
	tiles.Put(b)
	c := tree.Checkpoint{Size: 1000, Root: b.Root()}
	for at, data := range tiles {
		if at == [2]int64{0, 0} || at == [2]int64{0, 1} || at == [2]int64{0, 2} {
			continue // its hash is in the tile above
		}
		for _, other := range [][]byte{nil, data[:len(data)-1], flip(data, 5)} {
			tiles[at] = other
			if _, err := tree.Resume(c, tiles); !errors.Is(err, tree.ErrTiles) {
				t.Errorf("tile %v: %v", at, err)
			}
		}
		tiles[at] = data
	}
	if _, err := tree.Resume(c, tiles); err != nil {
		t.Error(err)
	}
}

func flip(data []byte, at int) []byte {
	other := bytes.Clone(data)
	other[at] ^= 1
	return other
}

func TestCheckpoint_Signed_OpensByItsKeyAlone(t *testing.T) {
	s, other := treetest.NewSigner(t, "claviger/one"), treetest.NewSigner(t, "claviger/one")
	c := tree.Checkpoint{Origin: "claviger/one", Size: 20852163, Root: tree.Leaf([]byte("x"))}
	signed, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tree.Open(signed, s.Key); err != nil || got != c {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := tree.Claimed(signed); err != nil || got != c {
		t.Errorf("it says of itself %v, %v", got, err)
	}
	if _, err := tree.Open(signed, other.Key); !errors.Is(err, tree.ErrOtherKey) {
		t.Errorf("by another key: %v", err)
	}
	text := string(signed)
	for _, change := range []struct {
		name, text string
		want       error
	}{
		{"another size", strings.Replace(text, "20852163", "20852164", 1), tree.ErrForged},
		{"another root", strings.Replace(text, c.Root.String()[:4], "AAAA", 1), tree.ErrForged},
		{"no signature", text[:strings.Index(text, "\n\n")+1], tree.ErrMalformed},
		{"another name", strings.Replace(text, "— claviger/one", "— claviger/two", 1), tree.ErrOtherKey},
		{"nothing", "", tree.ErrMalformed},
	} {
		if _, err := tree.Open([]byte(change.text), s.Key); !errors.Is(err, change.want) {
			t.Errorf("%s: %v", change.name, err)
		}
	}
}

// TestCheckpoint_SignedText_HasOneForm: a text that says the same in other letters is no
// checkpoint, though the key has signed it.
func TestCheckpoint_SignedText_HasOneForm(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	root := tree.Leaf([]byte("x")).String()
	for _, text := range []string{
		"claviger/one\n07\n" + root, "claviger/one\n+7\n" + root, "claviger/one\n-7\n" + root,
		"claviger/one\n7\n" + root[:43], "claviger/one\n7\n" + root + "\nmore", "claviger/one\n7",
		"claviger/two\n7\n" + root, "claviger/one\n7\nAAAA",
	} {
		signature, err := s.Sign([]byte(text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		signed := signedBy(s, text+"\n", signature)
		if _, err := tree.Open(signed, s.Key); !errors.Is(err, tree.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKey_Text_ReadsAsTheSameKey(t *testing.T) {
	k := treetest.NewSigner(t, "claviger/one").Key
	again, err := tree.ParseKey(" " + k.String() + "\n")
	if err != nil || again.String() != k.String() || again.KeyHash() != k.KeyHash() {
		t.Errorf("%v, %v", again, err)
	}
	text := k.String()
	for _, bad := range []string{"", "x", "a+b+c", text[:len(text)-4], "x" + text[4:20],
		strings.Replace(text, fmt.Sprintf("%08x", k.KeyHash()), "00000000", 1),
		strings.Replace(text, "+AjBZ", "+AyBZ", 1)} {
		if k, err := tree.ParseKey(bad); !errors.Is(err, tree.ErrKey) {
			t.Errorf("%q: %v, %v", bad, k, err)
		}
	}
}

// TestProve_EveryRecord_IsProved at every place of trees of several sizes, and no other record is.
func TestProve_EveryRecord_IsProved(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	for _, size := range []int64{1, 2, 255, 256, 257, 700} {
		b, tiles := new(tree.Builder), treetest.Shelf{}
		grow(b, size)
		tiles.Put(b)
		signed, err := tree.Checkpoint{Origin: "claviger/one", Size: size, Root: b.Root()}.Sign(s)
		if err != nil {
			t.Fatal(err)
		}
		for n := int64(1); n <= size; n++ {
			p, err := tree.Prove(signed, s.Key, tiles, n, record(n))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(s.Key); err != nil {
				t.Errorf("record %d of %d: %v", n, size, err)
			}
			other := *p
			if other.Number = n%size + 1; size > 1 && other.Check(s.Key) == nil {
				t.Errorf("record %d of %d passes for %d", n, size, other.Number)
			}
		}
		for _, n := range []int64{-1, 0, size + 1} {
			if _, err := tree.Prove(signed, s.Key, tiles, n, nil); !errors.Is(err, tree.ErrProof) {
				t.Errorf("record %d of %d: %v", n, size, err)
			}
		}
		if _, err := tree.Prove(signed, s.Key, tiles, 1, []byte("x")); !errors.Is(err, tree.ErrProof) {
			t.Errorf("another record: %v", err)
		}
	}
}

func TestProof_AnyChange_DoesNotHold(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	b, tiles := new(tree.Builder), treetest.Shelf{}
	grow(b, 700)
	tiles.Put(b)
	signed, err := tree.Checkpoint{Origin: "claviger/one", Size: 700, Root: b.Root()}.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tree.Prove(signed, s.Key, tiles, 300, record(300))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tree.Proof){
		"record":     func(p *tree.Proof) { p.Record += " " },
		"hash":       func(p *tree.Proof) { p.Record, p.Leaf = "", tree.Leaf([]byte("x")) },
		"path":       func(p *tree.Proof) { p.Path[3] = tree.Leaf([]byte("x")) },
		"short path": func(p *tree.Proof) { p.Path = p.Path[:5] },
		"number":     func(p *tree.Proof) { p.Number++ },
		"no number":  func(p *tree.Proof) { p.Number = 0 },
		"signature":  func(p *tree.Proof) { p.Checkpoint = p.Checkpoint[:len(p.Checkpoint)-9] + "AAAAAAAA\n" },
		"size": func(p *tree.Proof) {
			p.Checkpoint = strings.Replace(p.Checkpoint, "\n700\n", "\n701\n", 1)
		},
	} {
		var other tree.Proof
		if err := json.Unmarshal(text, &other); err != nil {
			t.Fatal(err)
		}
		if err := other.Check(s.Key); err != nil {
			t.Fatal(err)
		}
		if change(&other); other.Check(s.Key) == nil {
			t.Errorf("it holds with another %s", name)
		}
	}
	if p.Check(treetest.NewSigner(t, "claviger/one").Key) == nil {
		t.Error("it holds by another key")
	}
}

// TestExtends_OlderTree_IsProvedToBeTheBeginning, and one of other records isn't.
func TestExtends_OlderTree_IsProvedToBeTheBeginning(t *testing.T) {
	b, tiles := new(tree.Builder), treetest.Shelf{}
	roots := map[int64]tree.Hash{0: b.Root()}
	for n := int64(1); n <= 600; n++ {
		grow(b, n)
		roots[n] = b.Root()
	}
	tiles.Put(b)
	now := tree.Checkpoint{Origin: "o", Size: 600, Root: b.Root()}
	for n := int64(0); n <= 600; n++ {
		old := tree.Checkpoint{Origin: "o", Size: n, Root: roots[n]}
		proof, err := now.Extends(n, tiles)
		if err != nil {
			t.Fatal(err)
		}
		if err := now.CheckExtends(old, proof); err != nil {
			t.Errorf("of %d: %v", n, err)
		}
		if root, err := now.RootAt(n, tiles); err != nil || root != old.Root {
			t.Errorf("at %d the root is %v, %v", n, root, err)
		}
		old.Root = tree.Leaf([]byte("x"))
		if n > 0 && !errors.Is(now.CheckExtends(old, proof), tree.ErrProof) {
			t.Errorf("another tree of %d is taken", n)
		}
	}
	newer := tree.Checkpoint{Origin: "o", Size: 601}
	if _, err := now.Extends(601, tiles); !errors.Is(err, tree.ErrProof) ||
		!errors.Is(now.CheckExtends(newer, nil), tree.ErrProof) {
		t.Error("a newer tree is taken for an older one")
	}
	if now.CheckExtends(tree.Checkpoint{Origin: "p", Size: 600, Root: now.Root}, nil) == nil {
		t.Error("another log is taken for this one")
	}
	tiles[[2]int64{0, 1}] = flip(tiles[[2]int64{0, 1}], 9)
	if _, err := now.Extends(300, tiles); !errors.Is(err, tree.ErrTiles) {
		t.Errorf("of a tile that was changed: %v", err)
	}
}

// FuzzOpen: whatever comes is a checkpoint in its one form, or refused.
func FuzzOpen(f *testing.F) {
	s := treetest.NewSigner(f, "claviger/one")
	signed, err := tree.Checkpoint{Origin: "claviger/one", Size: 7}.Sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(signed))
	f.Add("claviger/one\n7\nAAAA\n\n— x y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := tree.Open([]byte(text), s.Key); err == nil && c.Size != 7 {
			t.Errorf("%q is taken for a checkpoint of %d", text, c.Size)
		}
		c, err := tree.Claimed([]byte(text))
		says := fmt.Sprintf("%s\n%d\n%s\n\n", c.Origin, c.Size, c.Root)
		if err == nil && !strings.HasPrefix(text, says) {
			t.Errorf("%q says %v", text, c)
		}
		if k, err := tree.ParseKey(text); err == nil && k.String() != strings.TrimSpace(text) {
			t.Errorf("%q is the key %s", text, k)
		}
	})
}

// signedBy is a text with a signature line, as a note has them.
func signedBy(s tree.Signer, text string, signature []byte) []byte {
	line := append(binary.BigEndian.AppendUint32(nil, s.KeyHash()), signature...)
	return fmt.Appendf(nil, "%s\n— %s %s\n", text, s.Name(), base64.StdEncoding.EncodeToString(line))
}
