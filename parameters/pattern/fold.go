package pattern

import (
	"sync"
	"unicode"
)

// mapping is a character whose case can change.
type mapping struct {
	char  rune
	upper rune
	lower rune // of upper: what Java compares by
}

// mappings returns every character that is not its own folded form, or whose capital isn't it.
var mappings = sync.OnceValue(func() []mapping {
	var all []mapping
	for _, c := range unicode.CaseRanges {
		for r := rune(c.Lo); r <= rune(c.Hi); r++ {
			if m := mapped(r); m.upper != r || m.lower != r {
				all = append(all, m)
			}
		}
	}
	return all
})

// mapped folds as Java does, which is not how RE2 folds: by the capital and then its small letter,
// so that i, dotless i and the dotted capital are one.
func mapped(r rune) mapping {
	upper := unicode.ToUpper(r)
	return mapping{char: r, upper: upper, lower: unicode.ToLower(upper)}
}

// one returns the characters that match a single one under the flags.
func (f flags) one(r rune) set {
	switch {
	case f.ignoreCase && f.unicodeCase:
		if m := mapped(r); m.upper != m.lower {
			return folded(m.lower)
		}
	case f.ignoreCase && isAlpha(r):
		return runs(r&^0x20, r&^0x20, r|0x20, r|0x20)
	}
	return runs(r, r)
}

// inText is [flags.one] for a character among others: Java compares these by their folded form even
// where that is the capital, so that a sharp s finds the capital one here and not alone.
func (f flags) inText(r rune) set {
	if f.ignoreCase && f.unicodeCase {
		return folded(mapped(r).lower)
	}
	return f.one(r)
}

// folded returns a folded form and what folds to it.
func folded(lower rune) set {
	pairs := [][2]rune{{lower, lower}}
	for _, m := range mappings() {
		if m.lower == lower {
			pairs = append(pairs, [2]rune{m.char, m.char})
		}
	}
	return of(pairs)
}

// between returns the characters that match a range under the flags.
func (f flags) between(lo, hi rune) set {
	s := runs(lo, hi)
	switch {
	case !f.ignoreCase:
		return s
	case f.unicodeCase:
		pairs := [][2]rune{{lo, hi}}
		for _, m := range mappings() {
			if lo <= m.upper && m.upper <= hi || lo <= m.lower && m.lower <= hi {
				pairs = append(pairs, [2]rune{m.char, m.char})
			}
		}
		return of(pairs)
	}
	letters := intersect(s, asciiAlpha)
	for i := 0; i < len(letters); i += 2 {
		s = merge(s, runs(letters[i]^0x20, letters[i+1]^0x20))
	}
	return s
}
