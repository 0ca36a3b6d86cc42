package pattern

import (
	"strings"
	"sync"
	"unicode"
)

// property reads what stands behind \p or \P, at whose letter the parser stands.
func (p *parser) property(negated bool) set {
	braces := p.next() == '{'
	if !braces {
		p.pos--
	}
	p.next()
	from := p.pos
	r := p.read()
	for braces && r != '}' && r != end {
		r = p.read()
	}
	to := p.pos
	if braces {
		to--
	}
	if r == end {
		p.refuse(`\p without a property`, `write \p{L} or \p{Alpha}`)
		return nil
	}
	name := string(p.text[from:to])
	s, known := p.flags.named(name)
	if !known {
		p.refuse(`the property \p{`+name+"}, which is none of Java's or can't be had here",
			`write a general category such as \p{L}, a class such as \p{Alpha}, a script by its `+
				`long name, or the characters in brackets`)
		return nil
	}
	if negated {
		return s.negate()
	}
	return s
}

// named finds a property by the rules for its first two letters, as Java's documentation has them.
func (f flags) named(name string) (s set, known bool) {
	if key, value, isPair := strings.Cut(name, "="); isPair {
		switch strings.ToLower(key) {
		case "sc", "script":
			return script(value)
		case "gc", "general_category":
			return f.category(value)
		}
		return nil, false
	}
	if short, is := strings.CutPrefix(name, "Is"); is {
		if s = binary(strings.ToLower(short), f.ignoreCase); s != nil {
			return s, true
		}
		if s, known = f.category(short); known {
			return s, true
		}
		return script(short)
	}
	if f.unicodeClass {
		if s = posix(strings.ToLower(name), f.ignoreCase); s != nil {
			return s, true
		}
	}
	return f.category(name)
}

// script finds a script by its long name, which may be written in any case.
func script(name string) (set, bool) {
	for known, t := range unicode.Scripts {
		if strings.EqualFold(known, name) {
			return table(t), true
		}
	}
	return nil, false
}

// category finds a general category, a class of ASCII or a method of Java's Character.
func (f flags) category(name string) (set, bool) {
	if f.ignoreCase {
		// Where case doesn't matter, one case is all.
		switch name {
		case "Lu", "Ll", "Lt":
			name = "LC"
		case "Lower", "Upper":
			name = "Alpha"
		case "javaLowerCase", "javaUpperCase", "javaTitleCase":
			return anyCase(), true
		}
	}
	if s, known := ascii[name]; known {
		return s, true
	}
	switch name {
	case "LC":
		return tables(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "LD":
		return tables(unicode.L, unicode.Nd), true
	case "Cn":
		return assigned().negate(), true
	case "C":
		return union(assigned().negate(), tables(unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)), true
	}
	if len(name) <= 2 {
		t, known := unicode.Categories[name]
		if !known {
			return nil, false
		}
		return table(t), true
	}
	return java(name)
}

// ascii are POSIX's classes and what else is of few characters.
var ascii = map[string]set{
	"Alnum":  runs('0', '9', 'A', 'Z', 'a', 'z'),
	"Alpha":  asciiAlpha,
	"ASCII":  runs(0, 0x7F),
	"Blank":  runs('\t', '\t', ' ', ' '),
	"Cntrl":  runs(0, 0x1F, 0x7F, 0x7F),
	"Digit":  asciiDigit,
	"Graph":  runs('!', '~'),
	"Lower":  runs('a', 'z'),
	"Print":  runs(' ', '~'),
	"Punct":  runs('!', '/', ':', '@', '[', '`', '{', '~'),
	"Space":  asciiSpace,
	"Upper":  runs('A', 'Z'),
	"XDigit": runs('0', '9', 'A', 'F', 'a', 'f'),
	"L1":     runs(0, 0xFF),
	"all":    everything,
}

// java finds what a method of Java's Character says.
func java(name string) (set, bool) {
	switch name {
	case "javaLowerCase":
		return lowercase(), true
	case "javaUpperCase":
		return uppercase(), true
	case "javaTitleCase":
		return table(unicode.Lt), true
	case "javaAlphabetic":
		return alphabetic(), true
	case "javaIdeographic":
		return table(unicode.Ideographic), true
	case "javaDigit":
		return table(unicode.Nd), true
	case "javaDefined":
		return assigned(), true
	case "javaLetter":
		return table(unicode.L), true
	case "javaLetterOrDigit":
		return tables(unicode.L, unicode.Nd), true
	case "javaSpaceChar":
		return table(unicode.Z), true
	case "javaWhitespace":
		unbroken := runs(0xA0, 0xA0, 0x2007, 0x2007, 0x202F, 0x202F)
		return union(intersect(table(unicode.Z), unbroken.negate()), runs('\t', '\r', 0x1C, 0x1F)), true
	case "javaISOControl":
		return table(unicode.Cc), true
	}
	return nil, false
}

// binary finds a property of yes and no of Unicode's, or nil.
func binary(name string, ignoreCase bool) set {
	switch name {
	case "alphabetic":
		return alphabetic()
	case "assigned":
		return assigned()
	case "control":
		return table(unicode.Cc)
	case "hexdigit", "hex_digit":
		return posix("xdigit", false)
	case "ideographic":
		return table(unicode.Ideographic)
	case "joincontrol", "join_control":
		return table(unicode.Join_Control)
	case "letter":
		return table(unicode.L)
	case "lowercase", "uppercase":
		return posix(name[:5], ignoreCase)
	case "titlecase":
		if ignoreCase {
			return anyCase()
		}
		return table(unicode.Lt)
	case "noncharactercodepoint", "noncharacter_code_point":
		return table(unicode.Noncharacter_Code_Point)
	case "punctuation":
		return table(unicode.P)
	case "whitespace", "white_space":
		return posix("space", false)
	case "word":
		return word()
	}
	return posix(name, ignoreCase)
}

// posix finds a class of POSIX's as Unicode defines it for regular expressions, or nil.
func posix(name string, ignoreCase bool) set {
	switch name {
	case "alpha":
		return alphabetic()
	case "lower", "upper":
		switch {
		case ignoreCase:
			return anyCase()
		case name == "lower":
			return lowercase()
		}
		return uppercase()
	case "space":
		return union(table(unicode.Z), runs('\t', '\r', 0x85, 0x85))
	case "punct":
		return table(unicode.P)
	case "xdigit":
		return tables(unicode.Nd, unicode.Hex_Digit)
	case "alnum":
		return union(alphabetic(), table(unicode.Nd))
	case "cntrl":
		return table(unicode.Cc)
	case "digit":
		return table(unicode.Nd)
	case "blank":
		return union(table(unicode.Zs), runs('\t', '\t'))
	case "graph":
		return graph()
	case "print":
		return union(graph(), table(unicode.Zs))
	}
	return nil
}

// Sets of many tables are made once, since a pattern may name them a hundred times.
var (
	lowercase = sync.OnceValue(func() set { return tables(unicode.Ll, unicode.Other_Lowercase) })
	uppercase = sync.OnceValue(func() set { return tables(unicode.Lu, unicode.Other_Uppercase) })
	anyCase   = sync.OnceValue(func() set {
		return union(lowercase(), uppercase(), table(unicode.Lt))
	})
	alphabetic = sync.OnceValue(func() set {
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic)
	})
	graph = sync.OnceValue(func() set {
		return intersect(assigned(), tables(unicode.Z, unicode.Cc, unicode.Cs).negate())
	})
	word = sync.OnceValue(func() set {
		return union(alphabetic(), tables(unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control))
	})
)

// assigned is every character that Unicode has given a meaning.
var assigned = sync.OnceValue(func() set {
	return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc,
		unicode.Cf, unicode.Co, unicode.Cs)
})

// foreignWord is what may be part of a word and isn't ASCII, in the eyes of any release of Java.
var foreignWord = sync.OnceValue(func() set { return intersect(word(), runs(0x80, maxRune)) })
