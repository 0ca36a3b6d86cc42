package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// glyph is one element of a pattern: a byte, or a wildcard.
type glyph uint16

const (
	anyText glyph = 0x100 + iota // *
	anyOne                       // ?, one character and not one byte
)

// pattern is a text of a policy, compiled. The commonest two, a text without wildcards and "*", are
// told apart at once; a text with policy variables has parts, whose values a request brings.
type pattern struct {
	everything bool
	literal    string // if glyphs and parts are nil
	glyphs     []glyph
	parts      []part
}

// part is a piece of a pattern with variables: glyphs, or a variable.
type part struct {
	glyphs   []glyph
	variable *variable
}

// variable is ${key} or ${key, 'fallback'} ("IAM policy elements: Variables and tags" of the IAM
// user guide).
type variable struct {
	key         key
	fallback    string
	hasFallback bool
}

// isLiteral reports whether the pattern fits one text alone.
func (p *pattern) isLiteral() bool { return !p.everything && p.glyphs == nil && p.parts == nil }

// syntax says what a text may hold beside characters that stand for themselves.
type syntax struct{ wildcards, variables bool }

// compile reads a text. Of the variables, ${*}, ${?} and ${$} are those characters themselves. What
// has not the form of a variable is text.
func (x syntax) compile(text string) pattern {
	if x.wildcards && text == "*" {
		return pattern{everything: true}
	}
	if !(x.wildcards && strings.ContainsAny(text, "*?")) &&
		!(x.variables && strings.Contains(text, "${")) {
		return pattern{literal: text}
	}
	var p pattern
	for i := 0; i < len(text); {
		if x.variables && strings.HasPrefix(text[i:], "${") {
			if end := strings.IndexByte(text[i:], '}'); end > 0 {
				p.insert(text[i+2 : i+end])
				i += end + 1
				continue
			}
		}
		p.glyphs = append(p.glyphs, x.glyph(text[i]))
		i++
	}
	if p.parts != nil {
		p.parts = append(p.parts, part{glyphs: p.glyphs})
		p.glyphs = nil
	}
	return p
}

func (x syntax) glyph(c byte) glyph {
	switch {
	case x.wildcards && c == '*':
		return anyText
	case x.wildcards && c == '?':
		return anyOne
	}
	return glyph(c)
}

// insert appends what stands within ${}.
func (p *pattern) insert(name string) {
	if len(name) == 1 && strings.Contains("*?$", name) {
		p.glyphs = append(p.glyphs, glyph(name[0]))
		return
	}
	v := &variable{}
	name, fallback, ok := strings.Cut(name, ",")
	if ok {
		fallback = strings.TrimSpace(fallback)
		v.hasFallback = len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\''
		if v.hasFallback {
			v.fallback = fallback[1 : len(fallback)-1]
		}
	}
	v.key = compileKey(strings.TrimSpace(name))
	p.parts = append(p.parts, part{glyphs: p.glyphs}, part{variable: v})
	p.glyphs = nil
}

// match reports whether s fits. Not known means that a variable has neither value nor fallback;
// then nothing fits.
func (p *pattern) match(s string, r *scope) (fits, known bool) {
	switch {
	case p.everything:
		return true, true
	case p.parts != nil:
		var room [256]glyph
		glyphs, known := p.expand(room[:0], r)
		return known && fit(glyphs, s, r), known
	case p.glyphs != nil:
		return fit(p.glyphs, s, r), true
	}
	return p.literal == s, true
}

// matchAction is match for a pattern in small letters: case makes no difference to actions.
func (p *pattern) matchAction(action string) bool {
	switch {
	case p.everything:
		return true
	case p.glyphs == nil:
		return strings.EqualFold(p.literal, action)
	}
	return fitted(p.glyphs, action, true, nil) // actions are short
}

// MatchesAction reports whether a pattern of actions, kms:Get*, fits an action. Case makes no
// difference.
func MatchesAction(pattern, action string) bool {
	p := syntax{wildcards: true}.compile(strings.ToLower(pattern))
	return p.matchAction(action)
}

// matchFold is match for the operators that disregard case. Their values have no wildcards.
func (p *pattern) matchFold(s string, r *scope) bool {
	if p.parts == nil && p.glyphs == nil {
		return strings.EqualFold(p.literal, s)
	}
	var room [256]glyph
	glyphs, known := p.glyphs, true
	if p.parts != nil {
		glyphs, known = p.expand(room[:0], r)
	}
	var text [256]byte
	folded := text[:0]
	for _, g := range glyphs {
		folded = append(folded, byte(g))
	}
	return known && strings.EqualFold(string(folded), s)
}

// expand puts the values of the variables in. A value is text: its * is no wildcard.
func (p *pattern) expand(out []glyph, r *scope) (glyphs []glyph, known bool) {
	for i := range p.parts {
		v := p.parts[i].variable
		if v == nil {
			out = append(out, p.parts[i].glyphs...)
			continue
		}
		value, ok := r.one(&v.key)
		if !ok && v.hasFallback {
			value, ok = v.fallback, true
		}
		if !ok {
			return nil, false
		}
		for j := range len(value) {
			out = append(out, glyph(value[j]))
		}
	}
	return out, true
}

// fit reports whether s fits a pattern.
func fit(pattern []glyph, s string, r *scope) bool { return fitted(pattern, s, false, r) }

// fitted is fit, or with fold for a pattern in small letters and a text whose ASCII letters have
// any case. It takes at most the product of their lengths: only the last * is ever tried again.
// That may be much, so that a decision has only so much of it to spend, if there is one.
func fitted(pattern []glyph, s string, fold bool, r *scope) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == anyText:
			star, from = p, i
			p++
		case p < len(pattern) && pattern[p] == anyOne:
			_, size := utf8.DecodeRuneInString(s[i:])
			p, i = p+1, i+size
		case p < len(pattern) && pattern[p] == read(s[i], fold):
			p, i = p+1, i+1
		case star >= 0:
			if r != nil && !r.spend(i-from) {
				return false
			}
			_, size := utf8.DecodeRuneInString(s[from:])
			from += size
			p, i = star+1, from
		default:
			return false
		}
	}
	for ; p < len(pattern); p++ {
		if pattern[p] != anyText {
			return false
		}
	}
	return true
}

func read(c byte, fold bool) glyph {
	if fold && 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return glyph(c)
}

// segments is how many parts an ARN has. The last may hold colons itself.
const segments = 6

// arnPattern is a pattern of ARNs. A wildcard of one segment does not reach into the next.
type arnPattern struct {
	everything bool
	impossible bool // it is not written as an ARN is, so that none fits
	segment    *[segments]pattern
	whole      *pattern // with variables: only with the values in it can segments be told apart
}

// compileARN reads a pattern of ARNs, whose variables count from segment number first on.
func (x syntax) compileARN(text string, first int) arnPattern {
	if text == "*" && first > 0 {
		return arnPattern{everything: true} // of resources; a condition's value has to have segments
	}
	if whole := x.compile(text); first == 0 && whole.parts != nil {
		return arnPattern{whole: &whole}
	}
	p := arnPattern{segment: new([segments]pattern)}
	rest := text
	for i := range segments {
		piece := rest
		if i < segments-1 {
			var ok bool
			if piece, rest, ok = strings.Cut(rest, ":"); !ok {
				return arnPattern{impossible: true}
			}
		}
		p.segment[i] = syntax{x.wildcards, x.variables && i >= first}.compile(piece)
	}
	return p
}

// isLiteral reports whether the pattern fits one ARN alone, or none.
func (p *arnPattern) isLiteral() bool {
	if p.segment == nil {
		return !p.everything && p.whole == nil
	}
	for i := range p.segment {
		if !p.segment[i].isLiteral() {
			return false
		}
	}
	return true
}

// match reports whether arn fits; not known as of [pattern.match].
func (p *arnPattern) match(arn string, r *scope) (fits, known bool) {
	switch {
	case p.everything || p.impossible:
		return p.everything, true
	case p.whole != nil:
		var room [256]glyph
		glyphs, known := p.whole.expand(room[:0], r)
		return known && fitARN(glyphs, arn, r), known
	}
	fits = true
	rest := arn
	for i := range p.segment {
		piece := rest
		if i < segments-1 {
			var ok bool
			piece, rest, ok = strings.Cut(rest, ":")
			fits = fits && ok
		}
		same, known := p.segment[i].match(piece, r)
		if !known {
			return false, false
		}
		fits = fits && same
	}
	return fits, true
}

// fitARN is fit for a pattern whose segments end where its own colons are.
func fitARN(pattern []glyph, arn string, r *scope) bool {
	for range segments - 1 {
		end := slices.Index(pattern, ':')
		piece, rest, ok := strings.Cut(arn, ":")
		if end < 0 || !ok || !fit(pattern[:end], piece, r) {
			return false
		}
		pattern, arn = pattern[end+1:], rest
	}
	return fit(pattern, arn, r)
}
