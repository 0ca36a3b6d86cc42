package ciphertext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"strings"
	"testing"

	"claviger/internal/custody"
	"claviger/keystore/key"
)

func aBlob(sealed []byte) Blob {
	return Blob{"0f0e0d0c-0b0a-4908-8706-050403020100", strings.Repeat("ab", key.MaterialIDSize),
		sealed}
}

// sameBytes is a blob of the multi-Region key whose id is made of the same bytes.
func sameBytes(sealed []byte) Blob {
	return Blob{"mrk-0f0e0d0c0b0a49088706050403020100", strings.Repeat("ab", key.MaterialIDSize),
		sealed}
}

func TestParse_EncodedBlob_IsReadBack(t *testing.T) {
	for _, n := range []int{1, 16, 4096} {
		for _, make := range []func([]byte) Blob{aBlob, sameBytes} {
			b := make(bytes.Repeat([]byte{7}, Overhead+n))
			encoded := b.Encode()
			if len(encoded) != 49+28+n {
				t.Errorf("%d bytes of plaintext became %d", n, len(encoded))
			}
			got, err := Parse(encoded)
			if err != nil || got.KeyID != b.KeyID || got.MaterialID != b.MaterialID ||
				!bytes.Equal(got.Sealed, b.Sealed) {
				t.Errorf("%+v, %v", got, err)
			}
		}
	}
}

// TestEncode_MultiRegionIDOfTheSameBytes_Differs: ids that are made of the same bytes are different
// ids, in a blob and in what it is sealed with; and no flip of a bit makes a blob of one kind of
// key a blob of the other.
func TestEncode_MultiRegionIDOfTheSameBytes_Differs(t *testing.T) {
	sealed := make([]byte, Overhead+1)
	one, other := aBlob(sealed), sameBytes(sealed)
	a, b := one.Encode(), other.Encode()
	if bytes.Equal(a, b) || !bytes.Equal(a[1:], b[1:]) {
		t.Fatalf("%x\n%x", a, b)
	}
	if bytes.Equal(AdditionalData(ForCaller, one.KeyID, one.MaterialID, nil),
		AdditionalData(ForCaller, other.KeyID, other.MaterialID, nil)) {
		t.Error("they are sealed with the same additional data")
	}
	for _, good := range [][]byte{a, b} {
		for bit := range 8 {
			altered := bytes.Clone(good)
			altered[0] ^= 1 << bit
			if _, err := Parse(altered); !errors.Is(err, custody.ErrForged) {
				t.Errorf("version %d: %v", altered[0], err)
			}
		}
	}
}

func TestParse_NoBlob_IsForged(t *testing.T) {
	good := aBlob(make([]byte, Overhead+1)).Encode()
	other := bytes.Clone(good)
	other[0] = 3
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"empty":           {},
		"a byte":          {1},
		"header":          good[:HeaderSize],
		"no ciphertext":   good[:len(good)-1],
		"another version": other,
		"zeros":           make([]byte, 200),
	} {
		if _, err := Parse(b); !errors.Is(err, custody.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseBlob: nothing makes it panic, and what it reads it would write as the same bytes.
func FuzzParseBlob(f *testing.F) {
	f.Add([]byte{})
	f.Add(aBlob(make([]byte, Overhead+1)).Encode())
	f.Add(sameBytes(make([]byte, Overhead+1)).Encode())
	f.Add(bytes.Repeat([]byte{1}, 78))
	f.Add(bytes.Repeat([]byte{2}, 78))
	f.Fuzz(func(t *testing.T, b []byte) {
		parsed, err := Parse(b)
		if err != nil {
			if !errors.Is(err, custody.ErrForged) || parsed.KeyID != "" || parsed.Sealed != nil {
				t.Errorf("%+v, %v", parsed, err)
			}
			return
		}
		if !key.IsID(parsed.KeyID) || len(parsed.MaterialID) != 2*key.MaterialIDSize {
			t.Errorf("key %q, material %q", parsed.KeyID, parsed.MaterialID)
		}
		if !bytes.Equal(parsed.Encode(), b) {
			t.Errorf("%x became %x", b, parsed.Encode())
		}
	})
}

func TestAdditionalData_SameContext_IsTheSame(t *testing.T) {
	a := map[string]string{}
	for _, k := range []string{"z", "a", "m", "b", "y"} {
		a[k] = k + k
	}
	want := AdditionalData("p", "k", "m", a)
	for range 50 {
		if !bytes.Equal(AdditionalData("p", "k", "m", maps.Clone(a)), want) {
			t.Fatal("the order of a map shows")
		}
	}
	if !bytes.Equal(AdditionalData("p", "k", "m", nil),
		AdditionalData("p", "k", "m", map[string]string{})) {
		t.Error("no context and an empty one differ")
	}
}

// split cuts s into what additional takes: purpose, key, material and pairs, at lengths that s
// itself says.
func split(s []byte) (parts [3]string, context map[string]string) {
	next := func() string {
		if len(s) == 0 {
			return ""
		}
		n := min(int(s[0]), len(s)-1)
		part := string(s[1 : 1+n])
		s = s[1+n:]
		return part
	}
	for i := range parts {
		parts[i] = next()
	}
	context = map[string]string{}
	for len(s) > 0 {
		k := next()
		context[k] = next()
	}
	return parts, context
}

// FuzzAdditional: two different inputs never give the same bytes, or a ciphertext would open under
// a context that it wasn't made for.
func FuzzAdditional(f *testing.F) {
	f.Add([]byte("\x01p\x01k\x01m\x01a\x01b"), []byte("\x01p\x01k\x01m\x02ab\x00"))
	f.Add([]byte("\x00\x00\x00\x01a\x00"), []byte("\x00\x00\x00\x00\x01a"))
	f.Add([]byte("\x02pk\x00\x01m"), []byte("\x01p\x01k\x01m"))
	f.Add([]byte("\x01p\x01k\x0am\x00\x00\x00\x01a\x00\x00\x00\x01b"),
		[]byte("\x01p\x01k\x01m\x01a\x01b"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, c := split(a)
		y, d := split(b)
		same := x == y && maps.Equal(c, d)
		if got := bytes.Equal(AdditionalData(Purpose(x[0]), x[1], x[2], c),
			AdditionalData(Purpose(y[0]), y[1], y[2], d)); got != same {
			t.Errorf("%q %q and %q %q: equal bytes %v", x, c, y, d, got)
		}
		// Injective, because it can be read back: each part says how long it is.
		rest := AdditionalData(Purpose(x[0]), x[1], x[2], c)
		for n := range 3 {
			size := binary.BigEndian.Uint32(rest)
			if string(rest[4:4+size]) != x[n] {
				t.Fatalf("part %d of %q is %q", n, x, rest[4:4+size])
			}
			rest = rest[4+size:]
		}
	})
}
