package pattern

// members is what Java keeps of a class while it reads it. Single characters are kept apart, join
// the rest at an intersection or at the end, and stay to be joined again.
type members struct {
	rest    set
	hasRest bool
	singles set
	pending bool // there are singles that aren't in rest yet
}

func (m *members) add(s set) { m.rest, m.hasRest = merge(m.rest, s), true }

func (m *members) addSingle(s set) { m.singles, m.pending = merge(m.singles, s), true }

// join puts the singles to the rest.
func (m *members) join() {
	if m.pending {
		m.add(m.singles)
		m.pending = false
	}
}

// class reads a class from its opening bracket on. The right side of && is read as a class, too:
// it begins behind the character at which the parser stands and leaves the closing bracket, which
// closes says not to do.
func (p *parser) class(closes bool) set {
	open := p.pos + 1
	negated := false
	r := p.next()
	if r == '^' && p.at(p.pos-1) == '[' {
		r = p.next()
		negated = true
	}
	var m members
	for ; ; r = p.peek() {
		switch {
		case r == end:
			p.refuseAt(open, "a class that isn't closed", `add a ], or write \[ for the character`)
			return nil
		case r == '[':
			m.add(p.class(true))
			continue
		case r == '&' && p.intersection(&m):
			continue
		case r == ']' && (m.hasRest || m.pending):
			if closes {
				p.next()
			}
			m.join()
			if negated {
				return m.rest.negate()
			}
			return m.rest
		}
		p.member(&m)
	}
}

// intersection reads && and its right side, if it stands there: a single & is a character.
func (p *parser) intersection(m *members) bool {
	if p.next() != '&' {
		p.pos--
		return false
	}
	r := p.next()
	var right set
	hasRight := false
	for r != ']' && r != '&' && r != end {
		if r != '[' {
			p.pos--
		}
		right, hasRight = merge(right, p.class(r == '[')), true
		r = p.peek()
	}
	m.join()
	switch {
	case !hasRight:
		// Releases of Java disagree about what is meant, and some fail at the first value.
		p.refuse("an intersection && without a right side", `write \&\& for the characters`)
	case m.hasRest:
		m.rest = intersect(m.rest, right)
	default:
		m.add(right)
	}
	return true
}

// member reads a character, a range or what stands for a set.
func (p *parser) member(m *members) {
	r := p.peek()
	if r == '\\' {
		letter := p.at(p.pos + 1)
		if letter == 'p' || letter == 'P' {
			p.pos++
			m.add(p.property(letter == 'P'))
			return
		}
		// At one end of a range \v is the one character that it was once.
		isRange := letter == 'v' && p.at(p.pos+2) == '-'
		if s, isSet := p.shorthand(letter); isSet && !isRange {
			p.pos += 2
			m.add(s)
			return
		}
		r = p.classEscape()
	} else {
		p.next()
	}
	p.rangeFrom(r&^quoted, m)
}

// rangeFrom reads the rest of a range that r begins, if it begins one.
func (p *parser) rangeFrom(lo rune, m *members) {
	hi := rune(end)
	if p.peek() == '-' {
		hi = p.at(p.pos + 1)
	}
	if hi == end || hi == '[' || hi == ']' {
		p.single(lo, m)
		return
	}
	p.next()
	if hi = p.peek(); hi == '\\' {
		hi = p.classEscape()
	} else {
		p.next()
	}
	if hi &^= quoted; hi < lo {
		p.refuse("a range that ends before it begins",
			`put the lower character first, or write \- for the character`)
		return
	}
	m.add(p.flags.between(lo, hi))
}

// single adds one character. Java has it apart if it is below 256, with six exceptions that are
// those of case.
func (p *parser) single(r rune, m *members) {
	s := p.flags.one(r)
	if r < 256 && s[len(s)-1] < 256 {
		m.addSingle(s)
		return
	}
	m.add(s)
}

// classEscape reads a backslash and the character that it makes in a class.
func (p *parser) classEscape() rune {
	r := p.skip()
	if r == 'v' {
		return '\v'
	}
	if _, isSet := p.shorthand(r); isSet {
		p.refuse("a range that ends in a set", `write \- for the character`)
		return 0
	}
	return p.escape(r)
}
