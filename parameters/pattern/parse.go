package pattern

import "fmt"

// parser reads a pattern as Java does, by the same steps where the order of steps can be seen.
type parser struct {
	text  []rune // without \Q and \E; see [unquote]
	pos   int
	flags flags
	names map[string]bool // of groups
	err   error           // the first one; with it the parser stands at the end
}

// refuse keeps an error and ends the reading. It points at the character before the parser.
func (p *parser) refuse(what, instead string) {
	p.refuseAt(min(max(p.pos, 1), len(p.text)), what, instead)
}

func (p *parser) refuseAt(at int, what, instead string) {
	if p.err == nil {
		p.err = &refusal{at: at, what: what, instead: instead}
	}
	p.pos = len(p.text)
}

// pattern reads all of it.
func (p *parser) pattern() *node {
	root := p.choice()
	if p.err == nil && p.pos < len(p.text) {
		p.pos++
		p.refuse("a closing parenthesis without an opening one", `write \) for the character`)
	}
	return root
}

// choice reads alternatives up to a closing parenthesis, which it leaves.
func (p *parser) choice() *node {
	at := p.pos + 1
	subs := []*node{p.sequence()}
	for p.peek() == '|' {
		p.next()
		subs = append(subs, p.sequence())
	}
	return choice(at, subs)
}

func (p *parser) sequence() *node {
	at := p.pos + 1
	var subs []*node
	for {
		r := p.peek()
		switch r {
		case end, '|', ')':
			return sequence(at, subs)
		case '(':
			if group := p.group(); group != nil {
				subs = append(subs, group)
			}
			continue
		case '?', '*', '+':
			p.pos++
			p.refuse(fmt.Sprintf("the quantifier %c behind nothing that it could repeat", r),
				fmt.Sprintf(`write \%c for the character`, r))
			continue
		}
		if n := p.special(r); n != nil {
			subs = append(subs, p.quantified(n))
			continue
		}
		subs = append(subs, p.literals()...)
	}
}

// special reads what is one thing and no character of its own: nil if there is none here.
func (p *parser) special(r rune) *node {
	at := p.pos + 1
	switch r {
	case '[':
		return char(at, p.class(true))
	case '^':
		p.next()
		if !p.flags.multiline {
			return place(at, kindBegin)
		}
		return p.linePlace(at, kindCaret)
	case '$':
		p.next()
		return p.linePlace(at, kindDollar)
	case '.':
		p.next()
		switch {
		case p.flags.dotAll:
			return char(at, everything)
		case p.flags.unixLines:
			return char(at, newline.negate())
		}
		return char(at, terminators.negate())
	case '{':
		// Java reads a count that stands behind nothing, or behind another, as one of nothing.
		return sequence(at, nil)
	case '\\':
		return p.escaped()
	}
	return nil
}

func (p *parser) linePlace(at int, k kind) *node {
	n := place(at, k)
	n.multiline, n.unixLines = p.flags.multiline, p.flags.unixLines
	return n
}

// literals reads characters that stand for themselves, the last one with its quantifier. Java
// compares two or more as a text, and a single one by other rules of case.
func (p *parser) literals() []*node {
	type literal struct {
		char rune
		pos  int
	}
	var run []literal
	for {
		r := p.peek()
		pos := p.pos
		switch r {
		case '*', '+', '?', '{':
			if len(run) > 1 {
				// The quantifier is the last one's alone.
				p.pos = run[len(run)-1].pos
				run = run[:len(run)-1]
			}
			r = end
		case end, '$', '.', '^', '(', '[', '|', ')':
			r = end
		case '\\':
			var isChar bool
			if r, isChar = p.escapedChar(); !isChar {
				r = end
			}
		default:
			p.pos++
		}
		if r == end {
			break
		}
		run = append(run, literal{char: r &^ quoted, pos: pos})
	}
	if len(run) == 1 {
		n := char(run[0].pos+1, p.flags.one(run[0].char))
		return []*node{p.quantified(n)}
	}
	var nodes []*node
	for _, l := range run {
		nodes = append(nodes, char(l.pos+1, p.flags.inText(l.char)))
	}
	return nodes
}

// group reads a group with its quantifier, or flags up to the end of the group around: then it
// returns nil.
func (p *parser) group() *node {
	saved, open := p.flags, p.pos+1
	if p.next() == '?' {
		switch r := p.skip(); r {
		case ':':
		case '=', '!':
			p.refuseAt(open, "a look-ahead (?=...) or (?!...)",
				"it can't be had here; say what the value is, not what it isn't")
		case '>':
			p.refuseAt(open, "an atomic group (?>...)", "it can't be had here; write (?:...)")
		case '<':
			p.name(open)
		default:
			p.pos--
			if !p.embedded() {
				return nil
			}
		}
	}
	n := p.choice()
	if p.read() != ')' {
		p.refuseAt(open, "a group that isn't closed", `add a ), or write \( for the character`)
	}
	p.flags = saved
	return p.quantified(n)
}

// name reads the name of a group behind (?<. Nothing can refer to it here, but Java's rules hold.
func (p *parser) name(open int) {
	r := p.read()
	if r == '=' || r == '!' {
		p.refuseAt(open, "a look-behind (?<=...) or (?<!...)",
			"it can't be had here; say what the value is, not what it isn't")
		return
	}
	var name []rune
	for isAlpha(r) || len(name) > 0 && isDigit(r) {
		name = append(name, r)
		r = p.read()
	}
	switch {
	case len(name) == 0 || r != '>':
		p.refuse("a name of a group that isn't letters and digits and then >", "")
	case p.names[string(name)]:
		p.refuse("two groups of one name", "give each its own")
	case p.names == nil:
		p.names = map[string]bool{string(name): true}
	default:
		p.names[string(name)] = true
	}
}

// embedded reads flags and what ends them, and reports whether that begins a group.
func (p *parser) embedded() bool {
	on := true
	r := p.peek()
	for p.flag(r, &on) {
		r = p.next()
	}
	switch r = p.read(); {
	case r == ':':
		return true
	case r == ')' || p.err != nil:
		return false
	}
	p.refuse("a group of a kind that Java doesn't know", "write (?: for a plain one")
	return false
}

// flag sets one flag and reports whether r was one, or the hyphen behind which they are unset.
func (p *parser) flag(r rune, on *bool) bool {
	switch r {
	case 'i':
		p.flags.ignoreCase = *on
	case 'm':
		p.flags.multiline = *on
	case 's':
		p.flags.dotAll = *on
	case 'd':
		p.flags.unixLines = *on
	case 'u':
		p.flags.unicodeCase = *on
	case 'x':
		p.flags.comments = *on
	case 'U':
		p.flags.unicodeClass, p.flags.unicodeCase = *on, *on
	case 'c':
		if *on {
			p.refuse("the flag c, canonical equivalence", "write each form out")
		}
	case '-':
		wasOn := *on
		*on = false
		return wasOn
	default:
		return false
	}
	return true
}
