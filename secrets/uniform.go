package secrets

// dice draws evenly from a source of random bytes: what would favour some results is thrown away and drawn again.
type dice struct {
	read func(n int) ([]byte, error)
	left []byte
}

// handful is how many bytes are taken from the source at once: a password of the usual length is one call of the token.
const handful = 256

// next returns one random byte, which is nobody else's: it is wiped where it came from.
func (d *dice) next() (byte, error) {
	if len(d.left) == 0 {
		b, err := d.read(handful)
		if err != nil {
			return 0, err
		}
		d.left = b
	}
	b := d.left[0]
	d.left[0] = 0
	d.left = d.left[1:]
	return b, nil
}

// below returns a number from 0 to n-1; n is at most 65,536.
func (d *dice) below(n int) (int, error) {
	wide := n > 1<<8
	all := 1 << 8
	if wide {
		all = 1 << 16
	}
	fair := all - all%n
	for {
		b, err := d.next()
		drawn := int(b)
		if err == nil && wide {
			b, err = d.next()
			drawn = drawn<<8 | int(b)
		}
		if err != nil || drawn < fair {
			return drawn % n, err
		}
	}
}

// text returns n characters of an ASCII alphabet.
func (d *dice) text(alphabet string, n int) (string, error) {
	out := make([]byte, n)
	for i := range out {
		k, err := d.below(len(alphabet))
		if err != nil {
			return "", err
		}
		out[i] = alphabet[k]
	}
	return string(out), nil
}
