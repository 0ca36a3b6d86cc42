package pattern

import "slices"

// What is asked of an array's element is asked of one and the same: if each of two fields matches
// in an array, there has to be one element in which both do. A value that is in no array goes with
// all others. That a field is absent is asked of the elements that the fields before it, in order
// of path, were found in.
//
// So a candidate's fields are first looked at one by one, which settles nearly all events. For the
// rest there is a choice to make, array by array from the outside: which element it shall be.

// wish is a field for which there is a choice.
type wish struct {
	order  int      // among the fields
	places [][]step // where the values are that match; a field has to be in one
	// avoided are places where a field has a value that may not be.
	avoided [][]step
	either  bool // one of both will do
}

// What a candidate may cost, in places that are looked at: some times what there are, each by the
// arrays that it is in, and leastEffort at least. There can be many choices between fields that may
// be absent as well, and between arrays of one name, which only dots can make; a peculiar event
// that takes more matches nothing, since whoever matches has others waiting.
const (
	eachStep    = 8
	leastEffort = 1 << 14
)

// effort is what a candidate may cost for some wishes.
func effort(wishes []wish) int {
	n := 0
	for _, w := range wishes {
		for _, places := range [][][]step{w.places, w.avoided} {
			n += len(places)
			for _, p := range places {
				n += len(p)
			}
		}
	}
	return eachStep*n + leastEffort
}

// matches reports whether an event's leaves are as a candidate says.
func (c *candidate) matches(leaves [][]value) bool {
	var wishes []wish
	free := true // nothing has to be avoided
	for i := range c.fields {
		f := &c.fields[i]
		w, ok := f.look(leaves[f.slot])
		if !ok {
			return false
		}
		if w != nil {
			w.order = i
			free = free && len(w.avoided) == 0
			wishes = append(wishes, *w)
		}
	}
	if free {
		// Who is outside of all arrays somewhere is content.
		wishes = slices.DeleteFunc(wishes, func(w wish) bool {
			return slices.ContainsFunc(w.places, func(p []step) bool { return len(p) == 0 })
		})
		if len(wishes) < 2 {
			return true
		}
	}
	left := effort(wishes)
	return fulfil(wishes, &left)
}

// look tries a field by itself. It returns a wish if that doesn't settle it, and false if nothing
// can.
func (f *slotted) look(values []value) (*wish, bool) {
	if len(values) == 0 {
		return nil, f.absent
	}
	w := &wish{}
	for i := range values {
		v := &values[i]
		if slices.ContainsFunc(f.conditions, func(c condition) bool { return c.matches(v) }) {
			w.places = append(w.places, v.in)
		}
	}
	if !f.absent {
		return w, len(w.places) > 0
	}
	for i := range values {
		if len(values[i].in) == 0 {
			// It is there, whatever is chosen.
			return w, len(w.places) > 0
		}
	}
	for i := range values {
		w.avoided = append(w.avoided, values[i].in)
	}
	w.either = len(w.places) > 0
	return w, true
}

// fulfil reports whether elements can be chosen so that all wishes come true, as far as what is
// left of the effort goes.
func fulfil(wishes []wish, left *int) bool {
	for _, w := range wishes {
		*left -= 1 + len(w.places) + len(w.avoided)
	}
	if *left < 0 {
		return false
	}
	for i, w := range wishes {
		switch {
		case w.either:
			found, missed := w, w
			found.avoided, missed.places = nil, nil
			found.either, missed.either = false, false
			return choose(wishes, i, left, found, missed)
		case len(w.places) > 0:
			if apart := w.apart(); len(apart) > 1 {
				return choose(wishes, i, left, apart...)
			}
		}
	}
	return fulfilEach(wishes, left)
}

// choose tries to fulfil the wishes with one of them made narrower.
func choose(wishes []wish, i int, left *int, narrower ...wish) bool {
	for _, w := range narrower {
		tried := slices.Clone(wishes)
		tried[i] = w
		if fulfil(tried, left) {
			return true
		}
	}
	return false
}

// outside is where a place that is in no array belongs.
const outside = -1

// outermost is the array that a place is in.
func outermost(place []step) int32 {
	if len(place) == 0 {
		return outside
	}
	return place[0].array
}

// apart cuts a wish by the outermost array of its places.
func (w wish) apart() (all []wish) {
	first := outermost(w.places[0])
	if !slices.ContainsFunc(w.places, func(p []step) bool { return outermost(p) != first }) {
		return []wish{w}
	}
	by := map[int32][][]step{}
	for _, p := range w.places {
		by[outermost(p)] = append(by[outermost(p)], p)
	}
	for _, places := range by {
		one := w
		one.places = places
		all = append(all, one)
	}
	return all
}

// fulfilEach goes array by array. Each wish has its places in one of them, or outside of all.
func fulfilEach(wishes []wish, left *int) bool {
	arrays := map[int32][]wish{}
	first := map[int32]int{} // the order of the first field that is found in an array
	for _, w := range wishes {
		if len(w.places) == 0 {
			continue
		}
		a := outermost(w.places[0])
		if a == outside {
			continue
		}
		arrays[a] = append(arrays[a], w)
		if order, ok := first[a]; !ok || w.order < order {
			first[a] = w.order
		}
	}
	for _, w := range wishes {
		by := map[int32][][]step{}
		for _, p := range w.avoided {
			a := outermost(p)
			order, ok := first[a]
			if a == outside || !ok || order > w.order {
				return false // no element was chosen before, so that none is ruled out
			}
			by[a] = append(by[a], p)
		}
		for a, avoided := range by {
			arrays[a] = append(arrays[a], wish{order: w.order, avoided: avoided})
		}
	}
	for _, in := range arrays {
		if !fulfilIn(in, left) {
			return false
		}
	}
	return true
}

// fulfilIn looks for an element of an array in which all wishes come true.
func fulfilIn(wishes []wish, left *int) bool {
	places := make([]map[int32][][]step, len(wishes))
	avoided := make([]map[int32][][]step, len(wishes))
	leader := -1
	for i, w := range wishes {
		places[i], avoided[i] = byElement(w.places), byElement(w.avoided)
		if len(w.places) > 0 && (leader < 0 || len(places[i]) < len(places[leader])) {
			leader = i
		}
	}
element:
	for e := range places[leader] {
		if *left -= len(wishes); *left < 0 {
			return false
		}
		inside := make([]wish, 0, len(wishes))
		for i, w := range wishes {
			one := wish{order: w.order, places: places[i][e], avoided: avoided[i][e]}
			if len(w.places) > 0 && len(one.places) == 0 {
				continue element
			}
			inside = append(inside, one)
		}
		if fulfil(inside, left) {
			return true
		}
	}
	return false
}

// byElement sorts places by the element of their outermost array, which is taken away.
func byElement(places [][]step) map[int32][][]step {
	by := make(map[int32][][]step, len(places))
	for _, p := range places {
		by[p[0].element] = append(by[p[0].element], p[1:])
	}
	return by
}
