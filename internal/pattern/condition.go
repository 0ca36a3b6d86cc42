package pattern

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is a leaf of an event.
type value struct {
	kind kind   // str, number, isTrue, isFalse or null
	text []byte // of a string, its escapes taken away, or of a number
	in   []step // the array elements that it is in, outermost first
}

// step is an element of an array.
type step struct {
	array, element int32
}

// condition is what a value may be.
type condition interface {
	matches(*value) bool
}

// oneOf is texts that a value may be.
type oneOf map[string]bool

func (o oneOf) matches(v *value) bool { return v.kind == str && o[string(v.text)] }

// literal is true, false or null.
type literal kind

func (l literal) matches(v *value) bool { return v.kind == kind(l) }

// present is any value at all.
type present struct{}

func (present) matches(*value) bool { return true }

// exactNumber is a number, equal as a number or as a text.
type exactNumber struct {
	text       string
	n          float64
	comparable bool // n is compared, too
	bound      float64
}

func numberOf(text string, bound float64) exactNumber {
	n, ok := parseNumber(text, bound)
	return exactNumber{text: text, n: n, comparable: ok, bound: bound}
}

func (e exactNumber) matches(v *value) bool {
	if v.kind != number {
		return false
	}
	if string(v.text) == e.text {
		return true
	}
	n, ok := parseNumber(string(v.text), e.bound)
	return ok && e.comparable && n == e.n
}

// numericRange is numbers between bounds, which belong to it unless they are open.
type numericRange struct {
	bottom, top         float64
	openBottom, openTop bool
}

func (r numericRange) matches(v *value) bool {
	if v.kind != number {
		return false
	}
	n, ok := parseNumber(string(v.text), mostNumber)
	return ok && (n > r.bottom || n == r.bottom && !r.openBottom) &&
		(n < r.top || n == r.top && !r.openTop)
}

// folded is a text in any case.
type folded string

func (f folded) matches(v *value) bool {
	return v.kind == str && strings.EqualFold(string(v.text), string(f))
}

// affix is how a text begins or ends.
type affix struct {
	text        string
	atEnd, fold bool
}

func (a affix) matches(v *value) bool {
	switch {
	case v.kind != str:
		return false
	case a.fold:
		return a.folds(v.text)
	case a.atEnd:
		return bytes.HasSuffix(v.text, []byte(a.text))
	}
	return bytes.HasPrefix(v.text, []byte(a.text))
}

// folds compares the characters of a text with those of the affix. As many have to be compared as
// the affix has: a character may have another length in the other case.
func (a affix) folds(text []byte) bool {
	n := utf8.RuneCountInString(a.text)
	if utf8.RuneCount(text) < n {
		return false
	}
	cut := 0
	for range n {
		if a.atEnd {
			_, size := utf8.DecodeLastRune(text[:len(text)-cut])
			cut += size
			continue
		}
		_, size := utf8.DecodeRune(text[cut:])
		cut += size
	}
	if a.atEnd {
		return strings.EqualFold(string(text[len(text)-cut:]), a.text)
	}
	return strings.EqualFold(string(text[:cut]), a.text)
}

// anythingBut is what a value may be if it is none of the texts or numbers, and like none of the
// rest. Values of other types are something else, and so may be.
type anythingBut struct {
	texts   oneOf
	numbers []float64
	like    []condition
}

func (a anythingBut) matches(v *value) bool {
	if v.kind == number && len(a.numbers) > 0 {
		n, ok := parseNumber(string(v.text), mostNumber)
		return !ok || !slices.Contains(a.numbers, n)
	}
	return !a.texts.matches(v) &&
		!slices.ContainsFunc(a.like, func(c condition) bool { return c.matches(v) })
}

// within is texts that are addresses of a network.
type within netip.Prefix

func (w within) matches(v *value) bool {
	if v.kind != str {
		return false
	}
	a, ok := parseAddress(string(v.text))
	return ok && netip.Prefix(w).Contains(a)
}

// sameAddress is an address, however it is written.
type sameAddress struct {
	text    string
	address netip.Addr
}

func (s sameAddress) matches(v *value) bool {
	if v.kind != str {
		return false
	}
	if string(v.text) == s.text {
		return true
	}
	a, ok := parseAddress(string(v.text))
	return ok && a == s.address
}

// parseAddress reads an address of IPv4 or IPv6 without a zone.
func parseAddress(text string) (netip.Addr, bool) {
	if !strings.ContainsAny(text, ".:") || len(text) > 45 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Zone() == ""
}

// parseNetwork reads an address and how many bits of it count. AWS says not where its errors are.
func parseNetwork(text string) (netip.Prefix, error) {
	address, bits, ok := strings.Cut(text, "/")
	if !ok || strings.Contains(bits, "/") {
		return netip.Prefix{}, &Error{Reason: "Malformed CIDR, one '/' required"}
	}
	n, err := strconv.Atoi(bits)
	if err != nil {
		return netip.Prefix{}, &Error{Reason: "Malformed CIDR, mask bits must be an integer"}
	}
	if n < 0 {
		return netip.Prefix{}, &Error{Reason: "Malformed CIDR, mask bits must not be negative"}
	}
	a, ok := parseAddress(address)
	if !ok {
		return netip.Prefix{}, &Error{Reason: "Nonstandard IP address: " + address}
	}
	network, err := a.Prefix(n)
	if err != nil {
		version := "IPv4 mask bits must be <= 32"
		if a.Is6() {
			version = "IPv6 mask bits must be <= 128"
		}
		return netip.Prefix{}, &Error{Reason: version}
	}
	return network, nil
}
