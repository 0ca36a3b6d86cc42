package publickey

import (
	"crypto/rand"
	"errors"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

var errNoSignature = errors.New("hsm: no public key verifies what the imported key signs")

// Recover returns the DER SubjectPublicKeyInfo of the key that signs digests on the curve. A device
// unwraps the private half of an EC key and has no public half to show for it, but a signature has:
// of the points that one may come from (SEC 1, section 4.1.6), a second signature leaves the one.
// The signatures are those of CKM_ECDSA, r and s one after the other.
func (c *Curve) Recover(sign func(digest []byte) ([]byte, error)) ([]byte, error) {
	var digests, signatures [2][]byte
	for i := range digests {
		digests[i] = make([]byte, c.Hash.Size())
		rand.Read(digests[i])
		var err error
		if signatures[i], err = sign(digests[i]); err != nil {
			return nil, err
		}
		if len(signatures[i]) != 2*c.Size {
			return nil, errNoSignature // it is on another curve
		}
	}
	second := DERSignature(signatures[1][:c.Size], signatures[1][c.Size:])
	for _, q := range c.plane().signers(digests[0], signatures[0]) {
		spki, err := c.SPKI(q.uncompressed(c.Size))
		if err != nil {
			continue
		}
		public, err := Parse(spki, 0, c, nil)
		if err == nil && Verifies(public, digests[1], second) {
			return spki, nil
		}
	}
	return nil, errNoSignature
}

// plane is a curve y² = x³ + ax + b over a prime field, with a base point of prime order: plain
// arithmetic on numbers that anybody may know.
type plane struct {
	p, a, b, n *big.Int
	base       point
}

// point is a point of a plane, or infinity if x is nil.
type point struct{ x, y *big.Int }

func (p point) uncompressed(size int) []byte {
	out := make([]byte, 1+2*size)
	if p.x == nil {
		return out // which is no point
	}
	out[0] = 4
	p.x.FillBytes(out[1 : 1+size])
	p.y.FillBytes(out[1+size:])
	return out
}

// plane returns the curve's numbers: FIPS 186-5 has a = -3, SEC 2 section 2.4.1 a = 0 and b = 7.
func (c *Curve) plane() plane {
	if c.std != nil {
		p := c.std.Params()
		return plane{p.P, big.NewInt(-3), p.B, p.N, point{p.Gx, p.Gy}}
	}
	p := secp256k1.Params()
	return plane{p.P, big.NewInt(0), big.NewInt(7), p.N, point{p.Gx, p.Gy}}
}

// signers returns the public keys that a signature over a digest may be verified by: Q = (sR -
// eG)/r, for each point R whose x coordinate is r modulo the order.
func (c plane) signers(digest, signature []byte) (all []point) {
	half := len(signature) / 2
	r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
	inverse := new(big.Int).ModInverse(r, c.n)
	if inverse == nil {
		return nil
	}
	e := new(big.Int).SetBytes(digest) // no longer than the order, on any of the curves
	u := e.Mul(e.Neg(e), inverse).Mod(e, c.n)
	v := s.Mul(s, inverse).Mod(s, c.n)
	ofG := c.multiply(c.base, u)
	// r is x modulo the order, which is below the prime: x may be larger by one order.
	for x := r; x.Cmp(c.p) < 0; x = new(big.Int).Add(x, c.n) {
		y := c.y(x)
		if y == nil {
			continue
		}
		// A point and its negative have one x, so r doesn't tell them apart.
		for _, y := range []*big.Int{y, new(big.Int).Sub(c.p, y)} {
			all = append(all, c.add(ofG, c.multiply(point{x, y}, v)))
		}
	}
	return all
}

// y returns one of the two y coordinates that x has, or nil. One number in two isn't a square.
func (c plane) y(x *big.Int) *big.Int {
	square := new(big.Int).Mul(x, x)
	square.Add(square, c.a).Mul(square, x).Add(square, c.b).Mod(square, c.p)
	return square.ModSqrt(square, c.p)
}

// add returns p + q (SEC 1, section 2.2.1).
func (c plane) add(p, q point) point {
	switch {
	case p.x == nil:
		return q
	case q.x == nil:
		return p
	}
	var slope, below *big.Int
	if p.x.Cmp(q.x) != 0 {
		slope, below = new(big.Int).Sub(q.y, p.y), new(big.Int).Sub(q.x, p.x)
	} else if p.y.Cmp(q.y) != 0 || p.y.Sign() == 0 {
		return point{}
	} else {
		slope = new(big.Int).Mul(p.x, p.x)
		slope.Mul(slope, big.NewInt(3)).Add(slope, c.a)
		below = new(big.Int).Lsh(p.y, 1)
	}
	slope.Mul(slope, below.ModInverse(below.Mod(below, c.p), c.p)).Mod(slope, c.p)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, c.p)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, slope).Sub(y, p.y).Mod(y, c.p)
	return point{x, y}
}

// multiply returns kp, by doubling and adding. How long it takes tells what k is, which is a number
// anybody can compute.
func (c plane) multiply(p point, k *big.Int) (sum point) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = c.add(sum, sum)
		if k.Bit(i) == 1 {
			sum = c.add(sum, p)
		}
	}
	return sum
}
