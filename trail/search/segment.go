package search

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
)

// A segment file is a header, chunks of postings, and three tables behind them: granules, scopes
// and the directory of chunks. All numbers are little-endian. A chunk is entries, in order of hash
// and first record: the hash (8 bytes), the first record and how many there are (uvarints), and if
// it isn't one alone the length of what follows and the distances to the others (uvarints).
const (
	magic       = "clvrsrch"
	format      = 1
	headerSize  = 128
	granuleRoom = 32
	chunkRoom   = 24
	mostInEntry = 512 // records
	fullChunk   = 4096
)

var errDamaged = errors.New("search: a segment is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the first bytes of a segment file.
type header struct {
	at       place
	seed     seed
	last     int64  // the newest record in it
	print    uint64 // the hash of that record's line, by which it is known whose trail this is of
	granule         // of all records
	end      int64  // of the chunks, where the tables begin
	granules int64  // how many bytes each table has
	scopes   int64
	chunks   int64
	sum      uint32 // of the tables
}

// numbers are the members of a header that are numbers, in order.
func (h *header) numbers() []*int64 {
	return []*int64{&h.at.index, &h.last, &h.events.from, &h.events.to, &h.ids.from, &h.ids.to,
		&h.end, &h.granules, &h.scopes, &h.chunks}
}

func (h *header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = append(b, format, byte(h.at.level), 0, 0)
	b = binary.LittleEndian.AppendUint32(b, h.sum)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.seed))
	b = binary.LittleEndian.AppendUint64(b, h.print)
	for _, n := range h.numbers() {
		b = binary.LittleEndian.AppendUint64(b, uint64(*n))
	}
	b = b[:headerSize-4]
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (h *header) decode(b []byte) error {
	sum := binary.LittleEndian.Uint32(b[headerSize-4:])
	if string(b[:8]) != magic || crc32.Checksum(b[:headerSize-4], castagnoli) != sum {
		return errDamaged
	}
	if b[8] != format {
		return fmt.Errorf("%w: it has format %d", errDamaged, b[8])
	}
	h.at.level = int(b[9])
	h.sum = binary.LittleEndian.Uint32(b[12:])
	h.seed = seed(binary.LittleEndian.Uint64(b[16:]))
	h.print = binary.LittleEndian.Uint64(b[24:])
	for i, n := range h.numbers() {
		*n = int64(binary.LittleEndian.Uint64(b[32+8*i:]))
	}
	return nil
}

var segmentName = regexp.MustCompile(`^([0-2])-([0-9]{12})\.segment$`)

// name is the name of a segment's file.
func (p place) name() string { return fmt.Sprintf("%d-%012d.segment", p.level, p.index) }

// placeOf reads the name of a file.
func placeOf(name string) (p place, ok bool) {
	m := segmentName.FindStringSubmatch(name)
	if m == nil {
		return place{}, false
	}
	p.level, _ = strconv.Atoi(m[1])
	p.index, _ = strconv.ParseInt(m[2], 10, 64)
	return p, true
}

// segment is an open segment file. Its tables are read when they are needed first: at a start there
// are hundreds of files.
type segment struct {
	header
	file    *os.File
	tables  func() (*tables, error)
	spoiled atomic.Bool // something in it was damaged
}

// tables are what stands behind the chunks.
type tables struct {
	granules []granule
	scopes   []scope
	chunks   []chunk
}

// chunk is where some entries are, and the first of them.
type chunk struct {
	posting
	at   uint32 // in the file
	size uint32
	sum  uint32
}

func openSegment(dir string, at place) (*segment, error) {
	f, err := os.Open(filepath.Join(dir, at.name()))
	if err != nil {
		return nil, err
	}
	s := &segment{file: f}
	b := make([]byte, headerSize)
	if _, err = f.ReadAt(b, 0); err == nil {
		err = s.decode(b)
	} else if errors.Is(err, io.EOF) {
		err = errDamaged
	}
	if err == nil && s.at != at {
		err = errDamaged
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s.tables = sync.OnceValues(s.readTables)
	return s, nil
}

func (s *segment) readTables() (*tables, error) {
	size := s.granules + s.scopes + s.chunks
	info, err := s.file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != s.end+size {
		return nil, errDamaged
	}
	b := make([]byte, size)
	if _, err := s.file.ReadAt(b, s.end); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != s.sum {
		return nil, errDamaged
	}
	t := &tables{granules: decodeGranules(b[:s.granules])}
	b = b[s.granules:]
	t.scopes, b = decodeScopes(b[:s.scopes]), b[s.scopes:]
	for ; len(b) > 0; b = b[chunkRoom:] {
		t.chunks = append(t.chunks, chunk{
			posting: posting{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])},
			at:      binary.LittleEndian.Uint32(b[12:]), size: binary.LittleEndian.Uint32(b[16:]),
			sum: binary.LittleEndian.Uint32(b[20:])})
	}
	return t, nil
}

// before reports whether a posting stands before another.
func (p posting) before(q posting) bool {
	return p.hash < q.hash || p.hash == q.hash && p.record < q.record
}

// find returns the chunk in which the newest posting of a hash is that isn't above a record, if
// there is one; else -1, or a chunk that hasn't got it.
func (t *tables) find(hash uint64, record uint32) int {
	sought := posting{hash, record}
	behind := func(i int) bool { return sought.before(t.chunks[i].posting) }
	return sort.Search(len(t.chunks), behind) - 1
}

// read returns the entries of a chunk.
func (s *segment) read(c *chunk) ([]byte, error) {
	b := make([]byte, c.size)
	if _, err := s.file.ReadAt(b, int64(c.at)); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if crc32.Checksum(b, castagnoli) != c.sum {
		return nil, errDamaged
	}
	return b, nil
}

// entry is the numbers of records that have the value of one hash, or some of them.
type entry struct {
	posting        // the first one
	count   uint64 // of records, the first one included
	others  []byte // the distances
}

// next takes the first entry of a chunk. The chunk's checksum was right.
func next(b []byte) (e entry, rest []byte, err error) {
	if len(b) < 10 {
		return e, nil, errDamaged
	}
	e.hash, b = binary.LittleEndian.Uint64(b), b[8:]
	first, n := binary.Uvarint(b)
	if n <= 0 {
		return e, nil, errDamaged
	}
	b = b[n:]
	if e.count, n = binary.Uvarint(b); n <= 0 {
		return e, nil, errDamaged
	}
	b = b[n:]
	e.record = uint32(first)
	if e.count > 1 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return e, nil, errDamaged
		}
		e.others, b = b[n:n+int(size)], b[n+int(size):]
	}
	return e, b, nil
}

// numbers appends the records of an entry.
func (e *entry) numbers(to []uint32) []uint32 {
	to = append(to, e.record)
	at, b := e.record, e.others
	for len(b) > 0 {
		distance, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		at += uint32(distance)
		to, b = append(to, at), b[n:]
	}
	return to
}
