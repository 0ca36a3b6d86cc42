package pattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// repeats is the most that RE2 takes of one repetition, and of those within each other together.
const repeats = 1000

// around is what is known of a place from outside of the node that is there.
type around struct {
	before, after beside
	more          bool // at least one character has to follow
}

// piece is RE2's text of a node: one thing, which a quantifier may follow.
type piece struct {
	text    string
	states  int
	repeats int // the product of repetitions within each other, at its largest
	// live bounds how many states RE2 follows at once for a match that begins at one place.
	live int
	// least and most are the characters that it matches, at most [longest].
	least, most int
}

// writer writes nodes for RE2.
type writer struct {
	err   error
	bytes int // of characters and sets, written so far
}

// write returns RE2's text for the whole value.
func write(root *node) (string, error) {
	var w writer
	p := w.node(root, around{})
	if w.err != nil {
		return "", w.err
	}
	return `\A` + p.text + `\z`, nil
}

// fail keeps the first error. What is written after it doesn't matter.
func (w *writer) fail(err error) piece {
	if w.err == nil {
		w.err = err
	}
	return piece{}
}

func (w *writer) refuse(n *node, what, instead string) piece {
	return w.fail(&refusal{at: n.at, what: what, instead: instead})
}

// checked holds a piece to the bounds.
func (w *writer) checked(p piece) piece {
	if p.states > mostStates || p.live > mostLive || len(p.text) > mostText {
		return w.fail(tooLarge)
	}
	return p
}

func (w *writer) node(n *node, where around) piece {
	if w.err != nil {
		return piece{}
	}
	switch n.kind {
	case kindSequence:
		return w.sequence(n, where)
	case kindChoice:
		return w.choice(n, where)
	case kindChar:
		return w.char(n)
	case kindRepeat:
		return w.repeat(n, where)
	}
	return w.place(n, where)
}

func (w *writer) char(n *node) piece {
	p := piece{text: class(n.set), states: 1, repeats: 1, live: 1, least: 1, most: 1}
	if w.bytes += len(p.text); w.bytes > mostText {
		return w.fail(tooLarge)
	}
	return p
}

func (w *writer) sequence(n *node, where around) piece {
	// What follows each node is known from the right, and what stands before it from the left.
	follows := make([]around, len(n.subs))
	right := where
	for i := len(n.subs) - 1; i >= 0; i-- {
		follows[i] = right
		right = around{after: n.subs[i].first, more: true}
		if n.subs[i].empty {
			right = around{after: n.subs[i].first | follows[i].after, more: follows[i].more}
		}
	}
	before := where.before
	var parts []piece
	for i, sub := range n.subs {
		parts = append(parts, w.node(sub, around{before: before, after: follows[i].after,
			more: follows[i].more}))
		if !sub.empty {
			before = 0
		}
		before |= sub.last
	}
	return w.row(parts...)
}

func (w *writer) choice(n *node, where around) piece {
	var parts []piece
	for _, sub := range n.subs {
		parts = append(parts, w.node(sub, where))
	}
	sum := w.group(parts, "|")
	sum.least = longest
	for _, p := range parts {
		sum.live += p.live
		sum.least = min(sum.least, p.least)
		sum.most = max(sum.most, p.most)
	}
	return w.checked(sum)
}

// row writes pieces one after another. Each can begin at as many places as those before it can end
// at, and is followed from all of them at once.
func (w *writer) row(parts ...piece) piece {
	sum := w.group(parts, "")
	places := 1
	for _, p := range parts {
		sum.live += min(p.states, places*p.live)
		places = min(longest, places+p.most-p.least)
		sum.least = min(longest, sum.least+p.least)
		sum.most = min(longest, sum.most+p.most)
	}
	return w.checked(sum)
}

// group makes one piece of several, of which the lengths are left to the caller.
func (w *writer) group(parts []piece, between string) piece {
	texts := make([]string, len(parts))
	sum := piece{states: len(parts), repeats: 1}
	for i, p := range parts {
		texts[i] = p.text
		sum.states += p.states
		sum.repeats = max(sum.repeats, p.repeats)
	}
	sum.text = "(?:" + strings.Join(texts, between) + ")"
	return w.checked(sum)
}

// place writes what matches between characters. Java looks for ends of lines where RE2 knows the
// end of the text and \n alone, and for words in all of Unicode: where what stands beside the place
// rules the difference out, they are the same.
func (w *writer) place(n *node, where around) piece {
	text := ""
	lineEnd := besideTerminator
	if n.unixLines {
		lineEnd = besideNewline
	}
	switch n.kind {
	case kindBegin:
		text = `\A`
	case kindEnd:
		text = `\z`
	case kindBoundary, kindInside:
		if (where.before|where.after)&besideWord != 0 {
			return w.refuse(n, `\b or \B beside what may be a letter beyond ASCII`,
				`Java's releases disagree there; write ASCII beside it, as in [ -~]*`)
		}
		text = `\b`
		if n.kind == kindInside {
			text = `\B`
		}
	case kindDollar:
		switch {
		case where.after&lineEnd == 0:
			text = `\z`
		case n.unixLines && n.multiline:
			text = `(?m:$)`
		default:
			return w.refuse(n, "a $ or \\Z before what may be the end of a line",
				"it can't be had here; put it at the end")
		}
	case kindCaret:
		switch {
		case where.more && where.before&lineEnd == 0:
			text = `\A`
		case where.more && n.unixLines:
			text = `(?m:^)`
		default:
			return w.refuse(n, "a ^ under the flag m that may be at the end or behind a line",
				"it can't be had here; leave out the m")
		}
	}
	return piece{text: text, states: 1, repeats: 1, live: 1}
}

func (w *writer) repeat(n *node, where around) piece {
	sub := n.subs[0]
	if n.max != 1 {
		where.before |= sub.last
		where.after |= sub.first
	}
	x := w.node(sub, where)
	if w.err != nil {
		return x
	}
	p := w.repeated(x, n.min, n.max)
	p.least = min(longest, n.min*x.least)
	p.most = longest
	if n.max != unlimited {
		p.most = min(longest, n.max*x.most)
	}
	// Repetitions of one length follow each other: two are never under way at once, but for the
	// two ways on which [writer.upTo] begins.
	p.live = p.states
	if x.least == x.most && x.least > 0 {
		p.live = 2*x.live + 1
	}
	return w.checked(p)
}

func (w *writer) repeated(x piece, least, most int) piece {
	switch {
	case most != unlimited && least == 0:
		return w.group([]piece{w.upTo(x, most)}, "")
	case most != unlimited:
		return w.group([]piece{w.times(x, least), w.upTo(x, most-least)}, "")
	case least == 0:
		return w.group([]piece{w.suffixed(x, "*", 1, 1)}, "")
	case least == 1:
		return w.group([]piece{w.suffixed(x, "+", 1, 1)}, "")
	}
	return w.group([]piece{w.times(x, least), w.suffixed(x, "*", 1, 1)}, "")
}

// suffixed puts a quantifier behind a piece: copies is how often RE2 will write it out, and product
// what it adds to repetitions within each other.
func (w *writer) suffixed(x piece, quantifier string, copies, product int) piece {
	return piece{text: x.text + quantifier, states: copies * (x.states + 1),
		repeats: product * x.repeats}
}

// block is how often a piece can be repeated at once.
func block(x piece) int { return max(1, repeats/x.repeats) }

// times repeats a piece n times, in blocks that RE2 takes.
func (w *writer) times(x piece, n int) piece {
	if n == 1 {
		return x
	}
	at := block(x)
	if (n/at+1)*(len(x.text)+8) > mostText || n > mostStates {
		return w.fail(tooLarge)
	}
	var parts []piece
	for ; n > 0; n -= at {
		at = min(at, n)
		p := w.suffixed(x, fmt.Sprintf("{%d}", at), at, at)
		p.states -= at
		parts = append(parts, p)
	}
	return w.group(parts, "")
}

// upTo repeats a piece n times at most. Above what RE2 takes, the n+1 counts are j blocks of b and
// c more: x{0,n} is (?:x(?:x...)?)? c deep, in it (?:x{b}(?:x{b}...)?)? j-1 deep, and behind that
// x{0,b-1}. That way there is one way only to match a text, and few states are live at once.
func (w *writer) upTo(x piece, n int) piece {
	most := block(x)
	if n == 0 {
		return w.group(nil, "")
	}
	if n <= most {
		return w.suffixed(x, fmt.Sprintf("{0,%d}", n), n, n)
	}
	j := n/most + 1
	b, c := (n+1)/j, (n+1)%j
	if (j+c)*(len(x.text)+16) > mostText {
		return w.fail(tooLarge)
	}
	inner := w.group(nil, "")
	for range j - 1 {
		inner = w.optional(w.times(x, b), inner)
	}
	inner = w.group([]piece{inner, w.upTo(x, b-1)}, "")
	for range c {
		inner = w.optional(x, inner)
	}
	return inner
}

func (w *writer) optional(first, rest piece) piece {
	return w.suffixed(w.group([]piece{first, rest}, ""), "?", 1, 1)
}

// class writes a set as RE2 reads it.
func class(s set) string {
	switch {
	case len(s) == 2 && s[0] == s[1] && unicode.IsPrint(s[0]):
		return regexp.QuoteMeta(string(s[0]))
	case len(s) == 0:
		return `[^\x00-\x{10FFFF}]`
	}
	b := []byte("[")
	for i := 0; i < len(s); i += 2 {
		b = appendRune(b, s[i])
		if s[i+1] > s[i] {
			b = appendRune(append(b, '-'), s[i+1])
		}
	}
	return string(append(b, ']'))
}

func appendRune(b []byte, r rune) []byte {
	return append(strconv.AppendInt(append(b, `\x{`...), int64(r), 16), '}')
}
