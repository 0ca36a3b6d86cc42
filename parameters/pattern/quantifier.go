package pattern

import "math"

// quantified reads the quantifier behind n, if there is one. Whether it is greedy or reluctant
// makes no difference to whether a whole value matches.
func (p *parser) quantified(n *node) *node {
	at := p.pos + 1
	least, most := 0, unlimited
	switch p.peek() {
	case '?':
		most = 1
	case '*':
	case '+':
		least = 1
	case '{':
		least, most = p.count()
	default:
		return n
	}
	switch p.next() {
	case '?':
		p.next()
	case '+':
		p.refuse("a possessive quantifier such as *+",
			"it can't be had here; leave out the second +")
	}
	if n.newlines {
		p.refuse(`a repeated \R`,
			`its pairs can't be kept together here; write (?:\r\n|[\n\x0B\f\r\x85\u2028\u2029])`)
	}
	if least > 1 && n.width && n.empty && !n.free {
		// Java ends a loop at an iteration without a character, and RE2 goes on from there.
		p.refuse("a count of what is empty in some places only, such as (?:^|a){2}",
			"take the place out of what is repeated")
	}
	if p.err != nil {
		return n
	}
	return repeat(at, n, least, most)
}

// count reads {n}, {n,} or {n,m}, and stands at the brace that closes it.
func (p *parser) count() (least, most int) {
	r := p.skip()
	if !isDigit(r) {
		p.refuse("a { without a count", `write \{ for the character`)
		return 0, 0
	}
	least, r = p.number(r)
	most = least
	if r == ',' {
		if r = p.read(); r == '}' {
			most = unlimited
		} else {
			most, r = p.number(r)
		}
	}
	switch {
	case r != '}':
		p.refuse("a count that isn't closed", `write {n}, {n,} or {n,m}, or \{ for the character`)
	case most != unlimited && most < least:
		p.refuse("a count of which the maximum is below the minimum", "")
	}
	p.pos--
	return least, most
}

// number reads digits from r on, none for 0, and returns what stands behind them.
func (p *parser) number(r rune) (n int, behind rune) {
	for ; isDigit(r); r = p.read() {
		if n = 10*n + int(r-'0'); n > math.MaxInt32 {
			p.refuse("a count beyond 2147483647", "")
			return 0, end
		}
	}
	return n, r
}
