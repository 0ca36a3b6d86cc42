package pattern

import (
	"slices"
	"unicode"
)

// set is characters, as pairs of a first and a last one: in order, with a gap between two pairs. A
// set is never changed once it is made.
type set []rune

const maxRune = unicode.MaxRune

func runs(pairs ...rune) set { return set(pairs) }

func (s set) has(r rune) bool {
	for i := 0; i < len(s); i += 2 {
		if s[i] <= r && r <= s[i+1] {
			return true
		}
	}
	return false
}

// of makes a set of pairs in any order.
func of(pairs [][2]rune) set {
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	out := make(set, 0, 2*len(pairs))
	for _, p := range pairs {
		out = out.and(p[0], p[1])
	}
	return out
}

// and appends a pair that begins at or behind the beginning of the last one.
func (s set) and(lo, hi rune) set {
	if n := len(s); n > 0 && lo <= s[n-1]+1 {
		s[n-1] = max(s[n-1], hi)
		return s
	}
	return append(s, lo, hi)
}

// union returns what is in one of the sets.
func union(sets ...set) set {
	out := set(nil)
	for _, s := range sets {
		out = merge(out, s)
	}
	return out
}

func merge(a, b set) set {
	if len(a) == 0 {
		return b
	}
	out := make(set, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0] <= b[0] {
			out, a = out.and(a[0], a[1]), a[2:]
		} else {
			out, b = out.and(b[0], b[1]), b[2:]
		}
	}
	return out
}

// negate returns every other character.
func (s set) negate() set {
	out := make(set, 0, len(s)+2)
	from := rune(0)
	for i := 0; i < len(s); i += 2 {
		if from < s[i] {
			out = append(out, from, s[i]-1)
		}
		from = s[i+1] + 1
	}
	if from <= maxRune {
		out = append(out, from, maxRune)
	}
	return out
}

// intersect returns what is in both sets.
func intersect(a, b set) set {
	out := set{}
	for len(a) > 0 && len(b) > 0 {
		lo, hi := max(a[0], b[0]), min(a[1], b[1])
		if lo <= hi {
			out = append(out, lo, hi)
		}
		if a[1] < b[1] {
			a = a[2:]
		} else {
			b = b[2:]
		}
	}
	return out
}

// tables returns the characters of tables of Unicode.
func tables(of ...*unicode.RangeTable) set {
	out := set(nil)
	for _, t := range of {
		out = merge(out, table(t))
	}
	return out
}

func table(t *unicode.RangeTable) set {
	var out set
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			out = out.and(lo, hi)
			return
		}
		for r := lo; r <= hi; r += stride {
			out = out.and(r, r)
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return out
}

// Sets that Java names, and those by which a place in a pattern is judged.
var (
	everything  = runs(0, maxRune)
	newline     = runs('\n', '\n')
	terminators = runs('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029)
	vertical    = runs('\n', '\r', 0x85, 0x85, 0x2028, 0x2029)
	horizontal  = runs('\t', '\t', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x180E, 0x180E,
		0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000)
	asciiDigit = runs('0', '9')
	asciiSpace = runs('\t', '\r', ' ', ' ')
	asciiWord  = runs('0', '9', 'A', 'Z', '_', '_', 'a', 'z')
	asciiAlpha = runs('A', 'Z', 'a', 'z')
)
