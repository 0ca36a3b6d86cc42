package password

// Uniform draws uniformly from a source of random bytes. What would favour some results is thrown
// away and drawn again (rejection sampling).
type Uniform struct {
	Read func(n int) ([]byte, error)
	left []byte
}

// readAhead is how many bytes are taken from the source at once: a password of the usual length is
// one call of the token.
const readAhead = 256

// next returns one random byte, which is nobody else's: it is wiped where it came from.
func (u *Uniform) next() (byte, error) {
	if len(u.left) == 0 {
		b, err := u.Read(readAhead)
		if err != nil {
			return 0, err
		}
		u.left = b
	}
	b := u.left[0]
	u.left[0] = 0
	u.left = u.left[1:]
	return b, nil
}

// number returns a random number of two bytes, or of one.
func (u *Uniform) number(wide bool) (int, error) {
	low, err := u.next()
	if err != nil || !wide {
		return int(low), err
	}
	high, err := u.next()
	return int(high)<<8 | int(low), err
}

// below returns a number from 0 to n-1; n is at most 65,536.
func (u *Uniform) below(n int) (int, error) {
	wide, all := false, 1<<8
	if n > all {
		wide, all = true, 1<<16
	}
	fair := all - all%n // what lies above would favour the small numbers
	for {
		drawn, err := u.number(wide)
		if err != nil {
			return 0, err
		}
		if drawn < fair {
			return drawn % n, nil
		}
	}
}

// Text returns n characters of an ASCII alphabet.
func (u *Uniform) Text(alphabet string, n int) (string, error) {
	out := make([]byte, n)
	for i := range out {
		k, err := u.below(len(alphabet))
		if err != nil {
			return "", err
		}
		out[i] = alphabet[k]
	}
	return string(out), nil
}
