package search

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writer writes a segment file, its postings in order. Nothing is synced: a file that the power
// cut short has another checksum, and is made anew.
type writer struct {
	header
	file    *os.File
	out     *bufio.Writer
	err     error // the first one
	written int64
	chunk   []byte // the one at hand, and its first posting
	first   posting
	done    []chunk

	hash    uint64 // of the entry at hand
	records []uint32
}

// unfinished is how the names of files end that are being written.
const unfinished = ".new"

func newWriter(dir string, h header) (*writer, error) {
	f, err := os.OpenFile(filepath.Join(dir, h.at.name()+unfinished),
		os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w := &writer{header: h, file: f, out: bufio.NewWriterSize(f, 1<<16)}
	w.write(make([]byte, headerSize))
	return w, nil
}

func (w *writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
	w.written += int64(len(b))
}

// add takes the next posting. One that came already is left out.
func (w *writer) add(p posting) {
	n := len(w.records)
	if n > 0 && p.hash == w.hash && p.record == w.records[n-1] {
		return
	}
	if n > 0 && p.hash != w.hash || n == mostInEntry {
		w.endEntry()
	}
	w.hash, w.records = p.hash, append(w.records, p.record)
}

func (w *writer) endEntry() {
	if len(w.records) == 0 {
		return
	}
	if len(w.chunk) == 0 {
		w.first = posting{w.hash, w.records[0]}
	}
	b := binary.LittleEndian.AppendUint64(w.chunk, w.hash)
	b = binary.AppendUvarint(b, uint64(w.records[0]))
	b = binary.AppendUvarint(b, uint64(len(w.records)))
	if len(w.records) > 1 {
		var distances [mostInEntry * binary.MaxVarintLen32]byte
		d, before := distances[:0], w.records[0]
		for _, r := range w.records[1:] {
			d, before = binary.AppendUvarint(d, uint64(r-before)), r
		}
		b = append(binary.AppendUvarint(b, uint64(len(d))), d...)
	}
	w.chunk, w.records = b, w.records[:0]
	if len(w.chunk) >= fullChunk {
		w.endChunk()
	}
}

func (w *writer) endChunk() {
	if len(w.chunk) == 0 {
		return
	}
	w.done = append(w.done, chunk{posting: w.first, at: uint32(w.written),
		size: uint32(len(w.chunk)), sum: crc32.Checksum(w.chunk, castagnoli)})
	w.write(w.chunk)
	w.chunk = w.chunk[:0]
}

// finish writes what stands behind the chunks, and then the header. Only now has the file its name.
func (w *writer) finish(granules []granule, scopes map[scope]uint64) error {
	w.endEntry()
	w.endChunk()
	w.end = w.written
	w.granule = emptyGranule
	for _, g := range granules {
		w.granule.join(g)
	}
	all := slices.SortedFunc(maps.Keys(scopes), func(a, b scope) int {
		return strings.Compare(a.account+" "+a.region, b.account+" "+b.region)
	})
	g, s, c := encodeGranules(granules), encodeScopes(all), encodeChunks(w.done)
	w.granules, w.scopes, w.chunks = int64(len(g)), int64(len(s)), int64(len(c))
	behind := slices.Concat(g, s, c)
	w.sum = crc32.Checksum(behind, castagnoli)
	w.write(behind)
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err == nil {
		_, w.err = w.file.WriteAt(w.encode(), 0)
	}
	name := w.file.Name()
	if err := errors.Join(w.err, w.file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return os.Rename(name, strings.TrimSuffix(name, unfinished))
}

// giveUp leaves the file unwritten.
func (w *writer) giveUp(cause error) error {
	return errors.Join(cause, w.file.Close(), os.Remove(w.file.Name()))
}

// save writes a block that is complete.
func (b *block) save(dir string) error {
	w, err := newWriter(dir, header{at: b.place, seed: b.seed, last: b.last, print: b.print})
	if err != nil {
		return err
	}
	for _, p := range sorted(b.postings) {
		w.add(p)
	}
	return w.finish(b.granules, b.scopes)
}
