package disk

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// kind is what an operation did.
type kind uint32

const (
	named kind = iota + 1 // a file was opened, and perhaps made
	written
	truncated
	syncBegun
	synced
	unlinked
	renamed
)

// operation is one record of the log. Operations that had no effect are none.
type operation struct {
	end     int64 // position after it
	kind    kind
	inode   uint64 // 0: the directory
	offset  int64  // of a write; the size of a truncation; the number of a sync
	errno   syscall.Errno
	created bool
	path    string // below the directory
	data    []byte // of a write; of a rename the new path
}

// Log is what a process did to the files of a directory, and what they were when it began.
type Log struct {
	base map[string][]byte
	all  []operation
}

const (
	headerSize = 40
	magic      = 0x6b736964
)

// Record has all processes recorded that start under the library from now on, one after the other.
// What is in the directory now counts as durable. Nobody else may write there meanwhile.
func (d *Disk) Record() {
	d.t.Helper()
	if d.log != "" {
		d.t.Fatal("the disk has a record already")
	}
	d.log = filepath.Join(d.own, "log")
	d.base = map[string][]byte{}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		if d.base[e.Name()], err = os.ReadFile(filepath.Join(d.dir, e.Name())); err != nil {
			d.t.Fatal(err)
		}
	}
}

// Log reads the log, which may be going on. A record that is not whole is left out with all that
// follows it.
func (d *Disk) Log() *Log {
	d.t.Helper()
	raw, err := os.ReadFile(d.log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	l := &Log{base: d.base}
	for at := 0; ; {
		op, size := parse(raw[at:])
		if size == 0 {
			return l
		}
		at += size
		op.end = int64(at)
		l.all = append(l.all, op)
	}
}

// parse reads the first operation of raw, whose size is 0 if there is none.
func parse(raw []byte) (op operation, size int) {
	if len(raw) < headerSize || binary.NativeEndian.Uint32(raw) != magic {
		return op, 0
	}
	path := int(binary.NativeEndian.Uint32(raw[32:]))
	data := int(binary.NativeEndian.Uint32(raw[36:]))
	if size = headerSize + path + data; size > len(raw) {
		return op, 0
	}
	return operation{
		kind:    kind(binary.NativeEndian.Uint32(raw[4:])),
		inode:   binary.NativeEndian.Uint64(raw[8:]),
		offset:  int64(binary.NativeEndian.Uint64(raw[16:])),
		errno:   syscall.Errno(binary.NativeEndian.Uint32(raw[24:])),
		created: binary.NativeEndian.Uint32(raw[28:]) != 0,
		path:    string(raw[headerSize : headerSize+path]),
		data:    raw[headerSize+path : size],
	}, size
}

// Cuts returns the positions between operations, at each of which the power may go, in order.
func (l *Log) Cuts() []int64 {
	cuts := make([]int64, len(l.all)+1)
	for i, op := range l.all {
		cuts[i+1] = op.end
	}
	return cuts
}

// Around returns the cuts after operations on a kind of file other than syncs, such as the Database
// while a checkpoint moves the log into it.
func (l *Log) Around(f File) (cuts []int64) {
	inodes := map[uint64]bool{}
	for _, op := range l.all {
		switch op.kind {
		case named:
			inodes[op.inode] = fileOf(op.path) == f
		case written, truncated:
			if inodes[op.inode] {
				cuts = append(cuts, op.end)
			}
		}
	}
	return cuts
}

// fileOf goes by the name's end, as the library does.
func fileOf(path string) File {
	switch {
	case strings.HasSuffix(path, "-wal"):
		return WAL
	case strings.HasSuffix(path, "-shm"):
		return SharedMemory
	case strings.HasSuffix(path, "-journal"):
		return Journal
	}
	return Database
}
