package search

// merge writes the segment that some of one level make together. They are in order, and there are
// all of them.
func merge(dir string, parts []*segment) error {
	newest := parts[len(parts)-1]
	parent := newest.at.parent()
	w, err := newWriter(dir, header{at: parent, seed: newest.seed, last: newest.last,
		print: newest.print})
	if err != nil {
		return err
	}
	var readers []*reader
	var granules []granule
	scopes := map[scope]uint64{}
	for _, part := range parts {
		t, err := part.tables()
		if err != nil {
			return w.giveUp(err)
		}
		granules = append(granules, t.granules...)
		for _, s := range t.scopes {
			scopes[s] = 0
		}
		r := &reader{segment: part, chunks: t.chunks, shift: uint32(part.at.base() - parent.base())}
		if err := r.advance(); err != nil {
			return w.giveUp(err)
		}
		readers = append(readers, r)
	}
	if err := w.mergeFrom(readers); err != nil {
		return w.giveUp(err)
	}
	return w.finish(granules, scopes)
}

// mergeFrom writes the postings of several segments, those of one hash in order of the segments.
func (w *writer) mergeFrom(readers []*reader) error {
	for {
		var lowest *reader
		for _, r := range readers {
			if !r.ended && (lowest == nil || r.hash < lowest.hash) {
				lowest = r
			}
		}
		if lowest == nil {
			return nil
		}
		lowest.numbersRead = lowest.numbers(lowest.numbersRead[:0])
		for _, n := range lowest.numbersRead {
			w.add(posting{lowest.hash, n + lowest.shift})
		}
		if err := lowest.advance(); err != nil {
			return err
		}
	}
}

// reader goes through a segment from its beginning.
type reader struct {
	*segment
	entry
	chunks      []chunk
	left        []byte // of the chunk at hand
	shift       uint32 // what a record's number is more in the merged segment
	ended       bool
	numbersRead []uint32
}

// advance reads the next entry.
func (r *reader) advance() (err error) {
	if len(r.left) == 0 {
		if len(r.chunks) == 0 {
			r.ended = true
			return nil
		}
		if r.left, err = r.read(&r.chunks[0]); err != nil {
			return err
		}
		r.chunks = r.chunks[1:]
	}
	r.entry, r.left, err = next(r.left)
	return err
}
