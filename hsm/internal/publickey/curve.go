package publickey

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
)

// Curve is an elliptic curve by the names of its users.
type Curve struct {
	name string
	oid  asn1.ObjectIdentifier
	std  elliptic.Curve // nil where the standard library has none
	Size int            // bytes of a coordinate
	Hash crypto.Hash    // the one that AWS signs with on this curve
}

// RFC 5480 section 2.1.1.1, SEC 2 section 2.4.1 and RFC 8410 section 3.
var (
	P256 = &Curve{
		name: "P-256", oid: asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7},
		std: elliptic.P256(), Size: 32, Hash: crypto.SHA256,
	}
	P384 = &Curve{
		name: "P-384", oid: asn1.ObjectIdentifier{1, 3, 132, 0, 34},
		std: elliptic.P384(), Size: 48, Hash: crypto.SHA384,
	}
	P521 = &Curve{
		name: "P-521", oid: asn1.ObjectIdentifier{1, 3, 132, 0, 35},
		std: elliptic.P521(), Size: 66, Hash: crypto.SHA512,
	}
	Secp256k1 = &Curve{
		name: "secp256k1", oid: asn1.ObjectIdentifier{1, 3, 132, 0, 10},
		Size: 32, Hash: crypto.SHA256,
	}
	Edwards25519 = &Curve{
		name: "edwards25519", oid: asn1.ObjectIdentifier{1, 3, 101, 112},
		Size: 32, Hash: crypto.SHA512,
	}
)

// Params is CKA_EC_PARAMS: the DER of the curve's name.
func (c *Curve) Params() []byte {
	der, err := asn1.Marshal(c.oid)
	if err != nil {
		panic(err) // the table above has a name that isn't one
	}
	return der
}

// Nobodys returns an uncompressed point whose private half nobody knows: the first whose x
// coordinate is a hash of the text, the curve's name and a counter. The curve must be one of
// NIST's. The hash shows that nobody chose it: a point computed from a private half would come out
// of no hash.
func (c *Curve) Nobodys(text string) []byte {
	for n := 0; ; n++ { // half of all x coordinates have a point
		compressed := []byte{2}
		for block := 0; len(compressed) < 1+c.Size; block++ {
			sum := sha512.Sum512(fmt.Appendf(nil, "%s %s %d %d", text, c.name, n, block))
			compressed = append(compressed, sum[:]...)
		}
		compressed = compressed[:1+c.Size]
		if c == P521 {
			compressed[1] &= 1 // of the top byte only one bit is the field's
		}
		if x, y := elliptic.UnmarshalCompressed(c.std, compressed); x != nil {
			point := bytes.Repeat([]byte{4}, 1+2*c.Size)
			x.FillBytes(point[1 : 1+c.Size])
			y.FillBytes(point[1+c.Size:])
			return point
		}
	}
}
