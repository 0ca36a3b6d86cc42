package pattern

import (
	"slices"
	"sync"
)

// Set tries many patterns on an event. It reads the event once, only where one of them looks, and
// tries only those whose rarest texts the event has: of a thousand rules for as many sources and
// types of detail it tries one or two. It may be used by many at once.
type Set struct {
	root  node
	slots int
	all   []candidate
	// keyed are the candidates that need one of some texts in a field.
	keyed map[int]map[string][]int // by slot and text
	loose []int                    // candidates without such a field
	scans sync.Pool
}

// candidate is an alternative of a pattern.
type candidate struct {
	pattern int
	fields  []slotted
}

// slotted is a field of a pattern, by the place where an event's leaves are.
type slotted struct {
	slot int
	field
}

// NewSet returns the patterns as a set. Their order numbers them, from 0.
func NewSet(patterns ...*Pattern) *Set {
	s := &Set{keyed: map[int]map[string][]int{}}
	s.root.slot = -1
	for i, p := range patterns {
		for _, a := range p.alternatives {
			c := candidate{pattern: i}
			for _, f := range a {
				slot := s.root.add(f.path, s.slots)
				s.slots = max(s.slots, slot+1)
				c.fields = append(c.fields, slotted{slot, f})
			}
			s.all = append(s.all, c)
		}
	}
	s.scans.New = func() any { return &scan{} }
	s.index()
	return s
}

// texts returns what a field has to be one of, if it has to be one of some texts.
func (f *field) texts() oneOf {
	if f.absent || len(f.conditions) != 1 {
		return nil
	}
	texts, _ := f.conditions[0].(oneOf)
	return texts
}

// index finds for each candidate the field whose texts are rarest among all.
func (s *Set) index() {
	wanted := map[int]map[string]int{}
	for _, c := range s.all {
		for _, f := range c.fields {
			for text := range f.texts() {
				if wanted[f.slot] == nil {
					wanted[f.slot] = map[string]int{}
				}
				wanted[f.slot][text]++
			}
		}
	}
	for i, c := range s.all {
		best, cost := -1, 0
		for j, f := range c.fields {
			sum := 0
			for text := range f.texts() {
				sum += wanted[f.slot][text]
			}
			if sum > 0 && (best < 0 || sum < cost) {
				best, cost = j, sum
			}
		}
		if best < 0 {
			s.loose = append(s.loose, i)
			continue
		}
		f := c.fields[best]
		if s.keyed[f.slot] == nil {
			s.keyed[f.slot] = map[string][]int{}
		}
		for text := range f.texts() {
			s.keyed[f.slot][text] = append(s.keyed[f.slot][text], i)
		}
	}
}

// Match returns the numbers of the patterns that match an event, in order. What is no JSON object
// matches none.
func (s *Set) Match(event []byte) []int {
	sc := s.scans.Get().(*scan)
	defer s.scans.Put(sc)
	if sc.read(event, &s.root, s.slots) != nil {
		return nil
	}
	var matched []int
	try := func(i int) {
		c := &s.all[i]
		if !slices.Contains(matched, c.pattern) && c.matches(sc.leaves) {
			matched = append(matched, c.pattern)
		}
	}
	for _, i := range s.loose {
		try(i)
	}
	for slot, texts := range s.keyed {
		for i := range sc.leaves[slot] {
			v := &sc.leaves[slot][i]
			if v.kind != str {
				continue
			}
			for _, c := range texts[string(v.text)] {
				try(c)
			}
		}
	}
	slices.Sort(matched)
	return matched
}
