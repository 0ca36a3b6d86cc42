package pattern

// end is what is read behind the last character.
const end rune = -1

// quoted marks a character between \Q and \E. With it no character is equal to one of the grammar,
// so that it stands for itself wherever a character may.
const quoted rune = 1 << 24

// unquote removes \Q and \E. A quote without an end goes on to the end of the pattern.
func unquote(text []rune) []rune {
	out := make([]rune, 0, len(text))
	inQuote := false
	for i := 0; i < len(text); i++ {
		pair := text[i] == '\\' && i+1 < len(text)
		switch {
		case inQuote && pair && text[i+1] == 'E':
			inQuote = false
			i++
		case inQuote:
			out = append(out, text[i]|quoted)
		case pair && text[i+1] == 'Q':
			inQuote = true
			i++
		case pair:
			// The second of a pair begins nothing: \\Q is a backslash and a Q.
			out = append(out, text[i], text[i+1])
			i++
		default:
			out = append(out, text[i])
		}
	}
	return out
}

// flags are Java's embedded flags that change what is read.
type flags struct {
	ignoreCase   bool // i
	multiline    bool // m
	dotAll       bool // s
	unixLines    bool // d
	unicodeCase  bool // u
	comments     bool // x
	unicodeClass bool // U
}

func (p *parser) at(i int) rune {
	if i < 0 || i >= len(p.text) {
		return end
	}
	return p.text[i]
}

// peek returns the next character that counts, and stands at it: with the flag x white space and
// comments don't count.
func (p *parser) peek() rune {
	r := p.at(p.pos)
	if !p.flags.comments {
		return r
	}
	for isSpace(r) || r == '#' {
		for isSpace(r) {
			p.pos++
			r = p.at(p.pos)
		}
		if r == '#' {
			p.skipLine()
			r = p.at(p.pos)
		}
	}
	return r
}

// next steps over the character at which the parser stands, and peeks.
func (p *parser) next() rune {
	p.pos++
	return p.peek()
}

// read returns the next character that counts, and stands behind it.
func (p *parser) read() rune {
	r := p.peek()
	p.pos++
	return r
}

// skip returns the character behind the one at which the parser stands, whatever it is, and stands
// behind both.
func (p *parser) skip() rune {
	p.pos += 2
	return p.at(p.pos - 1)
}

// skipLine goes to the end of a comment's line. A NUL ends a comment, too, as Java has it.
func (p *parser) skipLine() {
	for r := p.at(p.pos); r != end && r&^quoted != 0 && !p.endsLine(r&^quoted); r = p.at(p.pos) {
		p.pos++
	}
}

// endsLine reports whether a comment ends before r. That the flag d counts here, too, is Java's.
func (p *parser) endsLine(r rune) bool {
	if p.flags.unixLines {
		return r == '\n'
	}
	return terminators.has(r)
}

func isSpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }
func isDigit(r rune) bool { return '0' <= r && r <= '9' }
func isOctal(r rune) bool { return '0' <= r && r <= '7' }
func isAlpha(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

// hexDigit returns what a hexadecimal digit is worth, or -1.
func hexDigit(r rune) rune {
	switch {
	case isDigit(r):
		return r - '0'
	case 'a' <= r|0x20 && r|0x20 <= 'f':
		return r | 0x20 - 'a' + 10
	}
	return -1
}
