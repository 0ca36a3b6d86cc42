package pattern

import (
	"fmt"
	"strings"
)

// escaped reads a backslash and what it makes of the next character, if that is no single
// character: for one it returns nil and stays.
func (p *parser) escaped() *node {
	at, before := p.pos+1, p.pos
	r := p.at(p.pos + 1)
	switch r {
	case 'p', 'P':
		p.pos++
		return char(at, p.property(r == 'P'))
	case 'A', 'G', 'z', 'Z', 'b', 'B', 'R':
		p.pos += 2
		return p.placed(at, r)
	}
	if s, isSet := p.shorthand(r); isSet {
		p.pos += 2
		return char(at, s)
	}
	p.pos = before
	return nil
}

// placed returns what \A, \b and their like stand for. A match that is asked for once begins where
// the last one ended, for which \G stands: at the beginning.
func (p *parser) placed(at int, r rune) *node {
	switch r {
	case 'A', 'G':
		return place(at, kindBegin)
	case 'z':
		return place(at, kindEnd)
	case 'Z':
		n := p.linePlace(at, kindDollar)
		n.multiline = false
		return n
	case 'B':
		return place(at, kindInside)
	case 'R':
		return lineBreak(at)
	}
	if p.peek() == '{' && p.at(p.pos+1) == 'g' {
		p.refuse(`\b{g}, a boundary of graphemes`, "it can't be had here")
	}
	return place(at, kindBoundary)
}

// shorthand returns the set that a letter behind a backslash stands for.
func (p *parser) shorthand(r rune) (s set, isSet bool) {
	unicode := p.flags.unicodeClass
	switch r | 0x20 {
	case 'd':
		s = asciiDigit
		if unicode {
			s = posix("digit", false)
		}
	case 's':
		s = asciiSpace
		if unicode {
			s = posix("space", false)
		}
	case 'w':
		s = asciiWord
		if unicode {
			s = word()
		}
	case 'h':
		s = horizontal
	case 'v':
		s = vertical
	default:
		return nil, false
	}
	if r&0x20 == 0 {
		s = s.negate()
	}
	return s, true
}

// escapedChar reads a backslash and the single character that it makes, if it makes one.
func (p *parser) escapedChar() (r rune, isChar bool) {
	r = p.at(p.pos + 1)
	if _, isSet := p.shorthand(r); isSet || r != end && strings.ContainsRune("pPAGzZbBR", r) {
		return 0, false
	}
	r = p.escape(p.skip())
	return r, p.err == nil
}

// escape returns the character that r makes behind a backslash, in a class or outside.
func (p *parser) escape(r rune) rune {
	if i := strings.IndexRune("aefnrt", r); i >= 0 {
		return rune("\a\x1b\f\n\r\t"[i])
	}
	switch {
	case r == end:
		p.refuse("a backslash behind which nothing comes", `write \\ for the character`)
	case r == '0':
		return p.octal()
	case r == 'x':
		return p.hexadecimal()
	case r == 'u':
		return p.utf16()
	case r == 'c':
		return p.control()
	case isDigit(r):
		p.refuse("a back-reference "+`\`+string(r), "it can't be had here; write the group again")
	case r == 'k':
		p.refuse(`a back-reference \k`, "it can't be had here; write the group again")
	case r == 'X':
		p.refuse(`\X, a grapheme`, `it can't be had here; write (?:\P{M}\p{M}*)`)
	case r == 'N':
		p.refuse(`\N, a character by its name`, `write it by its number, as in \x{1F600}`)
	case isAlpha(r):
		p.refuse(`\`+string(r)+", an escape that Java doesn't have here",
			"leave out the backslash for the letter, and write Java's escapes alone")
	}
	return r
}

func (p *parser) octal() rune {
	n, digits := rune(0), 0
	// Three digits fit into a byte if the first is 3 at most.
	for digits < 3 && (digits < 2 || n < 0o40) {
		r := p.read()
		if !isOctal(r) {
			p.pos--
			break
		}
		n, digits = 8*n+r-'0', digits+1
	}
	if digits == 0 {
		p.refuse(`\0 without octal digits`, `write \x00 for the character NUL`)
	}
	return n
}

func (p *parser) hexadecimal() rune {
	r := p.read()
	if r == '{' && hexDigit(p.peek()) >= 0 {
		n := rune(0)
		for r = p.read(); hexDigit(r) >= 0; r = p.read() {
			if n = n<<4 + hexDigit(r); n > maxRune {
				p.refuse("a number beyond 10FFFF", "")
				return 0
			}
		}
		if r != '}' {
			p.refuse(`\x{ without }`, "")
		}
		return p.scalar(n)
	}
	high := hexDigit(r)
	low := rune(-1)
	if high >= 0 {
		low = hexDigit(p.read())
	}
	if low < 0 {
		p.refuse(`\x without two hexadecimal digits`, `write \x41 or \x{1F600}`)
		return 0
	}
	return high<<4 | low
}

// utf16 reads four digits, or a pair of surrogates with its own \u.
func (p *parser) utf16() rune {
	n := p.four()
	if n < 0xD800 || n > 0xDBFF {
		return p.scalar(n)
	}
	if p.read() == '\\' && p.read() == 'u' {
		if low := p.four(); 0xDC00 <= low && low <= 0xDFFF {
			return 0x10000 + (n-0xD800)<<10 + low - 0xDC00
		}
	}
	return p.scalar(n)
}

func (p *parser) four() (n rune) {
	for range 4 {
		h := hexDigit(p.read())
		if h < 0 {
			p.refuse(`\u without four hexadecimal digits`, `write \u0041`)
			return 0
		}
		n = n<<4 | h
	}
	return n
}

// scalar refuses half a pair: Java would find it in the middle of a character.
func (p *parser) scalar(r rune) rune {
	if 0xD800 <= r && r <= 0xDFFF {
		p.refuse(fmt.Sprintf("half of a surrogate pair, %04X", r),
			`write the character by its number, as in \x{1F600}`)
	}
	return r
}

// control reads the letter of \cX, and flips the bit that Java flips: \ca is no control character.
func (p *parser) control() rune {
	r := p.read()
	if r == end || r&quoted != 0 {
		p.refuse(`\c without a letter`, `write \cA for the first control character`)
		return 0
	}
	return r ^ 0x40
}
