package lattice

import (
	"bytes"
	"crypto/sha3"
)

// Verification by a message representative is ML-DSA.Verify_internal (FIPS 204, algorithm 8)
// without its step 7. All it handles is public, so nothing here runs in constant time. The tests
// hold it to filippo.io/mldsa, signature by signature; once that verifies representatives itself,
// this file goes.

// parameters are those of FIPS 204 section 4.
type parameters struct {
	spec                    string
	k, l, tau, omega        int
	gamma1Bits, challenge   int    // γ1 is 2 to the power of the first; the bytes of c̃
	gamma2, beta, w1Highest uint32 // w1Highest is the greatest of the high bits: (q-1)/(2γ2) - 1
	w1Bits                  int
}

var (
	mlDSA44 = parameters{"ML_DSA_44", 4, 4, 39, 80, 17, 32, (q - 1) / 88, 78, 43, 6}
	mlDSA65 = parameters{"ML_DSA_65", 6, 5, 49, 55, 19, 48, (q - 1) / 32, 196, 15, 4}
	mlDSA87 = parameters{"ML_DSA_87", 8, 7, 60, 75, 19, 64, (q - 1) / 32, 120, 15, 4}
)

const (
	q          = 8380417 // the modulus
	degree     = 256     // of the ring
	dropped    = 13      // d: bits that t1 lacks
	t1Bits     = 10
	rootOfOne  = 1753    // a 512th root of one mod q
	inverse256 = 8347681 // of the degree, mod q
)

// poly is a polynomial, or its number theoretic transform: coefficients in [0, q).
type poly [degree]uint32

func mul(a, b uint32) uint32 { return uint32(uint64(a) * uint64(b) % q) }
func add(a, b uint32) uint32 { return (a + b) % q }
func sub(a, b uint32) uint32 { return (a + q - b) % q }

// zetas are the powers of the root by the number's bits in reverse (appendix B).
var zetas = func() (z [degree]uint32) {
	power := uint32(1)
	powers := [degree]uint32{}
	for i := range powers {
		powers[i] = power
		power = mul(power, rootOfOne)
	}
	for i := range z {
		reversed := 0
		for bit := range 8 {
			reversed |= i >> bit & 1 << (7 - bit)
		}
		z[i] = powers[reversed]
	}
	return z
}()

// transform is NTT (algorithm 41).
func (f *poly) transform() {
	m := 0
	for half := degree / 2; half > 0; half /= 2 {
		for start := 0; start < degree; start += 2 * half {
			m++
			for j := start; j < start+half; j++ {
				t := mul(zetas[m], f[j+half])
				f[j], f[j+half] = add(f[j], t), sub(f[j], t)
			}
		}
	}
}

// restore is the inverse of transform (algorithm 42).
func (f *poly) restore() {
	m := degree
	for half := 1; half < degree; half *= 2 {
		for start := 0; start < degree; start += 2 * half {
			m--
			for j := start; j < start+half; j++ {
				t := f[j]
				f[j] = add(t, f[j+half])
				f[j+half] = mul(zetas[m], sub(f[j+half], t))
			}
		}
	}
	for j := range f {
		f[j] = mul(f[j], inverse256)
	}
}

// addProduct adds a product of transforms.
func (f *poly) addProduct(a, b *poly) {
	for j := range f {
		f[j] = add(f[j], mul(a[j], b[j]))
	}
}

// unpack reads numbers of so many bits each, the lowest first (algorithms 18 and
// 19 without the offset).
func (f *poly) unpack(packed []byte, bits int) {
	var have uint64
	n := 0
	for j := range f {
		for ; n < bits; n += 8 {
			have |= uint64(packed[0]) << n
			packed = packed[1:]
		}
		f[j] = uint32(have & (1<<bits - 1))
		have >>= bits
		n -= bits
	}
}

// pack appends what unpack reads (algorithm 16).
func (f *poly) pack(out []byte, bits int) []byte {
	var have uint64
	n := 0
	for _, c := range f {
		have |= uint64(c) << n
		for n += bits; n >= 8; n -= 8 {
			out = append(out, byte(have))
			have >>= 8
		}
	}
	return out
}

// verify is algorithm 8: the signature holds if its commitment is found again from its response,
// the challenge and the key.
func (p *parameters) verify(key, mu, signature []byte) bool {
	challenge, z, hints, ok := p.decode(signature)
	if !ok {
		return false
	}
	for i := range z {
		z[i].transform()
	}
	c := p.sample(challenge)
	c.transform()
	seed, t1 := key[:32], key[32:]
	commitment := append([]byte{}, mu...)
	for row := range p.k {
		var w, t poly
		for column := range p.l {
			w.addProduct(expand(seed, row, column), &z[column])
		}
		t.unpack(t1[row*degree*t1Bits/8:], t1Bits)
		for j := range t {
			t[j] = sub(0, mul(t[j], 1<<dropped)) // negative, so that it can be added
		}
		t.transform()
		w.addProduct(&c, &t)
		w.restore()
		for j := range w {
			w[j] = p.useHint(hints[row][j], w[j])
		}
		commitment = w.pack(commitment, p.w1Bits)
	}
	return bytes.Equal(sha3.SumSHAKE256(commitment, p.challenge), challenge)
}

// decode is sigDecode (algorithm 27) and the bound on the response, step 13 of algorithm 8.
func (p *parameters) decode(signature []byte) (
	challenge []byte, z []poly, hints [][degree]bool, ok bool,
) {
	bits := p.gamma1Bits + 1
	response := p.l * degree * bits / 8
	if len(signature) != p.challenge+response+p.omega+p.k {
		return nil, nil, nil, false
	}
	challenge, packed := signature[:p.challenge], signature[p.challenge:]
	gamma1 := uint32(1) << p.gamma1Bits
	z = make([]poly, p.l)
	for i := range z {
		z[i].unpack(packed[i*degree*bits/8:], bits)
		for j, c := range z[i] {
			// The number is γ1 less what is packed.
			if c <= p.beta || c >= 2*gamma1-p.beta {
				return nil, nil, nil, false
			}
			z[i][j] = sub(gamma1, c)
		}
	}
	hints, ok = p.decodeHints(packed[response:])
	return challenge, z, hints, ok
}

// decodeHints is HintBitUnpack (algorithm 21). A set of hints has one encoding: places ascend, and
// what is left over is zero.
func (p *parameters) decodeHints(y []byte) (hints [][degree]bool, ok bool) {
	hints = make([][degree]bool, p.k)
	index := 0
	for i := range hints {
		end := int(y[p.omega+i])
		if end < index || end > p.omega {
			return nil, false
		}
		for first := index; index < end; index++ {
			if index > first && y[index-1] >= y[index] {
				return nil, false
			}
			hints[i][y[index]] = true
		}
	}
	for _, b := range y[index:p.omega] {
		if b != 0 {
			return nil, false
		}
	}
	return hints, true
}

// expand makes one entry of the matrix Â, already transformed: RejNTTPoly (algorithms 30 and 32).
func expand(seed []byte, row, column int) *poly {
	var f poly
	var b [3]byte
	h := sha3.NewSHAKE128()
	h.Write(seed)
	h.Write([]byte{byte(column), byte(row)})
	for j := 0; j < degree; {
		h.Read(b[:])
		if c := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2]&0x7F)<<16; c < q {
			f[j] = c
			j++
		}
	}
	return &f
}

// sample is SampleInBall (algorithm 29): tau coefficients are one or minus one, the others zero.
func (p *parameters) sample(challenge []byte) poly {
	var c poly
	var signs [8]byte
	var at [1]byte
	h := sha3.NewSHAKE256()
	h.Write(challenge)
	h.Read(signs[:])
	for i := degree - p.tau; i < degree; i++ {
		for h.Read(at[:]); int(at[0]) > i; h.Read(at[:]) {
		}
		n := i + p.tau - degree
		c[i], c[at[0]] = c[at[0]], 1
		if signs[n/8]>>(n%8)&1 == 1 {
			c[at[0]] = q - 1
		}
	}
	return c
}

// useHint returns the high bits of r, corrected by a hint (algorithms 36 and 40).
func (p *parameters) useHint(hint bool, r uint32) uint32 {
	high, positive := p.decompose(r)
	switch {
	case !hint:
		return high
	case positive:
		return (high + 1) % (p.w1Highest + 1)
	}
	return (high + p.w1Highest) % (p.w1Highest + 1)
}

// decompose returns the high bits of r, and whether its low bits, taken around
// zero, are more than zero.
func (p *parameters) decompose(r uint32) (high uint32, positive bool) {
	low := r % (2 * p.gamma2)
	high, positive = r/(2*p.gamma2), 0 < low && low <= p.gamma2
	if low > p.gamma2 {
		high++
	}
	if high > p.w1Highest {
		high = 0 // q - 1 belongs to zero, with one less of low bits
	}
	return high, positive
}
