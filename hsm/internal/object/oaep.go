package object

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// unpadOAEP undoes EME-OAEP (RFC 8017 section 7.1.2, step 3) with SHA-256 and an empty label, in
// place. It does the same work for every input of one length and has one way to fail: by telling
// apart a first byte that isn't zero, a wrong hash or a missing separator, an attacker could
// decrypt (Manger, CRYPTO 2001). The message is a part of encoded.
func unpadOAEP(encoded []byte) (message []byte, ok bool) {
	if len(encoded) < 2*sha256.Size+2 {
		return nil, false
	}
	seed, block := encoded[1:1+sha256.Size], encoded[1+sha256.Size:]
	maskMGF1(seed, block)
	maskMGF1(block, seed)
	label := sha256.Sum256(nil)
	good := subtle.ConstantTimeByteEq(encoded[0], 0) &
		subtle.ConstantTimeCompare(label[:], block[:sha256.Size])
	// Zeros, a one, the message. Every byte is looked at, wherever the one is.
	rest := block[sha256.Size:]
	looking, at := 1, 0
	for i, b := range rest {
		zero, one := subtle.ConstantTimeByteEq(b, 0), subtle.ConstantTimeByteEq(b, 1)
		at = subtle.ConstantTimeSelect(looking&one, i, at)
		good &= 1 ^ looking&(1^zero)&(1^one)
		looking &= 1 ^ one
	}
	if good&(1^looking) != 1 {
		return nil, false
	}
	return rest[at+1:], true
}

// maskMGF1 changes out by the mask that MGF1 with SHA-256 makes of seed (RFC 8017 section B.2.1).
func maskMGF1(out, seed []byte) {
	h := sha256.New()
	var counter [4]byte
	var mask [sha256.Size]byte
	for n := uint32(0); len(out) > 0; n++ {
		binary.BigEndian.PutUint32(counter[:], n)
		h.Reset()
		h.Write(seed)
		h.Write(counter[:])
		out = out[subtle.XORBytes(out, out, h.Sum(mask[:0])):]
	}
}
