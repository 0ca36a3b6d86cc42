package pattern

// kind is what a node stands for.
type kind uint8

const (
	kindSequence kind = iota // subs one after another; none is the empty text
	kindChoice               // one of subs
	kindChar                 // one character of set
	kindRepeat               // subs[0], from min to max times
	kindBegin                // the beginning of the value
	kindEnd                  // the end of the value
	kindDollar               // the end of the value or of a line
	kindCaret                // the beginning of a line that isn't empty
	kindBoundary             // \b
	kindInside               // \B
)

// unlimited is the max of a repetition without one.
const unlimited = -1

// beside is what is known of the characters that can stand next to a place.
type beside uint8

const (
	besideNewline    beside = 1 << iota // \n may
	besideTerminator                    // what ends a line in Java may, \n among them
	besideWord                          // what may be of a word, and isn't ASCII, may
)

// node is a part of a pattern, and what is known of it.
type node struct {
	kind     kind
	at       int // the character where it begins, from 1
	set      set
	subs     []*node
	min, max int

	multiline, unixLines bool // the flags that a dollar or a caret was read under

	empty bool // it can match the empty text
	free  bool // it can do so anywhere, whatever stands beside
	width bool // it can match a character
	// first and last are what it can begin and end with.
	first, last beside
	// newlines: it has a \R, which Java doesn't try again within a repetition.
	newlines bool
}

func char(at int, s set) *node {
	n := &node{kind: kindChar, at: at, set: s, width: true}
	n.first = besideOf(s)
	n.last = n.first
	return n
}

func place(at int, k kind) *node { return &node{kind: k, at: at, empty: true} }

func sequence(at int, subs []*node) *node {
	if len(subs) == 1 {
		return subs[0]
	}
	n := &node{kind: kindSequence, at: at, subs: subs, empty: true, free: true}
	for _, s := range subs {
		if n.empty {
			n.first |= s.first
		}
		if s.empty {
			n.last |= s.last
		} else {
			n.last = s.last
		}
		n.empty = n.empty && s.empty
		n.free = n.free && s.free
		n.width = n.width || s.width
		n.newlines = n.newlines || s.newlines
	}
	return n
}

func choice(at int, subs []*node) *node {
	if len(subs) == 1 {
		return subs[0]
	}
	n := &node{kind: kindChoice, at: at, subs: subs}
	for _, s := range subs {
		n.first |= s.first
		n.last |= s.last
		n.empty = n.empty || s.empty
		n.free = n.free || s.free
		n.width = n.width || s.width
		n.newlines = n.newlines || s.newlines
	}
	return n
}

// repeat makes a repetition. No value has more than [longest] characters, so that a maximum beyond
// is none.
func repeat(at int, sub *node, least, most int) *node {
	if most >= longest {
		most = unlimited
	}
	switch {
	case most == 0 || !sub.width && least == 0:
		// A place that may be passed over without looking says nothing.
		return sequence(at, nil)
	case !sub.width:
		// A place that is true once is true again.
		return sub
	case least == 1 && most == 1:
		return sub
	}
	return &node{kind: kindRepeat, at: at, subs: []*node{sub}, min: least, max: most,
		empty: least == 0 || sub.empty, free: least == 0 || sub.free, width: true,
		first: sub.first, last: sub.last}
}

// lineBreak is \R: a pair of CR and LF, or one character that ends a line.
func lineBreak(at int) *node {
	pair := sequence(at, []*node{char(at, runs('\r', '\r')), char(at, newline)})
	n := choice(at, []*node{pair, char(at, vertical)})
	n.newlines = true
	return n
}

func besideOf(s set) (b beside) {
	if s.has('\n') {
		b |= besideNewline
	}
	if len(intersect(s, terminators)) > 0 {
		b |= besideTerminator
	}
	// Most sets are ASCII, and need no look at the tables.
	if n := len(s); n > 0 && s[n-1] > 0x7F && len(intersect(s, foreignWord())) > 0 {
		b |= besideWord
	}
	return b
}
