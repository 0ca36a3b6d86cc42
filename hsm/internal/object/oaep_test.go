package object

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"
)

// encodedOAEP returns what the standard library pads a message to, for a modulus of 2048 bits.
func encodedOAEP(t testing.TB, key *rsa.PrivateKey, message, label []byte) []byte {
	t.Helper()
	ciphertext, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, message, label)
	if err != nil {
		t.Fatal(err)
	}
	m := new(big.Int).Exp(new(big.Int).SetBytes(ciphertext), key.D, key.N)
	return m.FillBytes(make([]byte, key.Size()))
}

func TestUnpadOAEP_PaddingOfStandardLibrary_IsUndone(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 191 { // to the longest, 256 - 2*32 - 2
		message := make([]byte, n)
		if n%3 == 0 {
			rand.Read(message) // and otherwise zeros, as the padding before it
		}
		encoded := encodedOAEP(t, key, message, nil)
		if got, ok := unpadOAEP(bytes.Clone(encoded)); !ok || !bytes.Equal(got, message) {
			t.Errorf("%d bytes came back as %x", n, got)
		}
		for _, at := range []int{0, 1, 32, 33, 64, 65, 255 - n, 200} {
			changed := bytes.Clone(encoded)
			changed[at] ^= 0x80
			if got, ok := unpadOAEP(changed); ok {
				t.Errorf("byte %d was changed, and %x came back", at, got)
			}
		}
		if _, ok := unpadOAEP(encodedOAEP(t, key, message, []byte("label"))); ok {
			t.Error("a label went unnoticed")
		}
	}
	for n := range 67 {
		if _, ok := unpadOAEP(make([]byte, n)); ok {
			t.Errorf("%d bytes are long enough", n)
		}
	}
}

// FuzzUnpadOAEP compares with RFC 8017 section 7.1.2 read plainly. The fuzzer chooses what is under
// the masks, since what is over them would never be valid.
func FuzzUnpadOAEP(f *testing.F) {
	label := sha256.Sum256(nil)
	f.Add(byte(0), make([]byte, 32), append(label[:], 0, 0, 1, 'x'))
	f.Add(byte(0), make([]byte, 32), append(label[:], 1))
	f.Add(byte(0), make([]byte, 32), append(label[:], 0, 2, 1))
	f.Add(byte(1), make([]byte, 32), append(label[:], 0, 1, 1))
	f.Add(byte(0), []byte("short"), make([]byte, 40))
	f.Fuzz(func(t *testing.T, first byte, seed, block []byte) {
		if len(seed) < 32 {
			unpadOAEP(append([]byte{first}, seed...))
			return
		}
		seed = seed[:32]
		want, valid := plainly(first, block)
		masked := xor(block, mgf1(seed, len(block)))
		encoded := append([]byte{first}, xor(seed, mgf1(masked, 32))...)
		got, ok := unpadOAEP(append(encoded, masked...))
		if ok != valid || !bytes.Equal(got, want) {
			t.Errorf("%x, %v; want %x, %v", got, ok, want, valid)
		}
	})
}

func plainly(first byte, block []byte) ([]byte, bool) {
	label := sha256.Sum256(nil)
	rest, labelled := bytes.CutPrefix(block, label[:])
	message, separated := bytes.CutPrefix(bytes.TrimLeft(rest, "\x00"), []byte{1})
	if first != 0 || !labelled || !separated {
		return nil, false
	}
	return message, true
}

func mgf1(seed []byte, n int) []byte {
	var mask []byte
	for i := uint32(0); len(mask) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(bytes.Clone(seed), i))
		mask = append(mask, sum[:]...)
	}
	return mask[:n]
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}
