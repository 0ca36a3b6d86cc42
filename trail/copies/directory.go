package copies

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"claviger/internal/follow"
)

// Directory writes records to files, one a line. A file is ended when it is long or old enough, and
// is called by when it was begun and by the number of its first record, so that names are in the
// order of the trail.
type Directory struct {
	Path string
	Size int64         // bytes after which a file is ended; 0: 64 MiB
	Age  time.Duration // 0: an hour

	file  *os.File
	out   *bufio.Writer
	size  int64
	begun time.Time
}

const (
	usualSize  = 64 << 20
	usualAge   = time.Hour
	suffix     = ".jsonl"
	fileForm   = "20060102T150405.000000Z"
	directory  = 0o750
	fileAccess = 0o640
)

// Every implements [Receiver].
func (d *Directory) Every() time.Duration { return time.Second }

// Send implements [Receiver].
func (d *Directory) Send(_ context.Context, b follow.Batch) error {
	if d.file != nil && (d.size >= orUsual(d.Size, usualSize) ||
		time.Since(d.begun) >= orUsual(d.Age, usualAge)) {
		if err := d.end(); err != nil {
			return err
		}
	}
	if d.file == nil {
		if err := d.begin(b.First); err != nil {
			return err
		}
	}
	n, err := d.out.Write(b.Records)
	if err == nil {
		err = d.out.WriteByte('\n')
	}
	d.size += int64(n) + 1
	return err
}

func orUsual[T int | int64 | time.Duration](set, usual T) T {
	if set == 0 {
		return usual
	}
	return set
}

// Confirm implements [Receiver]: what is in a file is on the disk.
func (d *Directory) Confirm(context.Context) error {
	if d.file == nil {
		return nil
	}
	if err := d.out.Flush(); err != nil {
		return err
	}
	return d.file.Sync()
}

// Close implements [Receiver].
func (d *Directory) Close() {
	if d.file != nil {
		d.file.Close()
		d.file = nil
	}
}

// begin makes a file. What an end in the middle of a line left in the last one is cut off first: it
// comes again in this one.
func (d *Directory) begin(first int64) error {
	if err := os.MkdirAll(d.Path, directory); err != nil {
		return err
	}
	if err := d.mend(); err != nil {
		return err
	}
	d.begun = time.Now()
	name := fmt.Sprintf("%s-%020d%s", d.begun.UTC().Format(fileForm), first, suffix)
	file, err := os.OpenFile(filepath.Join(d.Path, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY,
		fileAccess)
	if err != nil {
		return err
	}
	dir, err := os.Open(d.Path)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	d.file, d.out, d.size = file, bufio.NewWriterSize(file, 1<<16), 0
	return nil
}

func (d *Directory) end() error {
	err := d.Confirm(context.Background())
	d.Close()
	return err
}

// mend cuts off what follows the last whole line of the newest file.
func (d *Directory) mend() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(d.Path, slices.Max(names)), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	whole, err := wholeLines(file)
	if err == nil {
		err = file.Truncate(whole)
	}
	return errors.Join(err, file.Close())
}

// wholeLines returns how much of a file is lines that end.
func wholeLines(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	block := make([]byte, 1<<16)
	for err == nil && end > 0 {
		begin := max(end-int64(len(block)), 0)
		part := block[:end-begin]
		if _, err = f.ReadAt(part, begin); err != nil {
			break
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return begin + int64(i) + 1, nil
		}
		end = begin
	}
	return 0, err
}
