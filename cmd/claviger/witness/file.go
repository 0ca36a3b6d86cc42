package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/syslog"
	"os"

	"claviger/audit/tree"
	"claviger/cmd/claviger/evidence"
)

// File is a file to which checkpoints are added: on another machine, or where what is written can't
// be changed. `claviger audit verify --checkpoint` reads it.
type File struct {
	Path string
	Key  *tree.Key
}

// String implements [Place].
func (f *File) String() string { return "file:" + f.Path }

// newest bounds what is read of the end of a file. A note has less than a KiB.
const newest = 64 << 10

// Hand implements [Place].
func (f *File) Hand(_ context.Context, o *Offer) error {
	held, err := f.held()
	if err == nil && held.Size > 0 {
		err = o.goesOnFrom(held)
	}
	if err != nil || held.Size == o.Size {
		return err
	}
	file, err := os.OpenFile(f.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(bytes.Clone(o.Note), '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// held is the newest checkpoint in the file; zero: there is none. One that was cut off by a crash
// is passed over, and one that somebody has changed is an alarm.
func (f *File) held() (c tree.Checkpoint, err error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return c, err
	}
	text := make([]byte, min(size, newest))
	if _, err := file.ReadAt(text, size-int64(len(text))); err != nil {
		return c, err
	}
	begin := []byte(f.Key.Name() + "\n")
	if size > newest { // it begins in the midst of a note
		if _, rest, ok := bytes.Cut(text, append([]byte("\n\n"), begin...)); ok {
			text = append(bytes.Clone(begin), rest...)
		}
	}
	notes := evidence.Notes(text)
	for i := len(notes) - 1; i >= 0; i-- {
		if c, err = tree.Open(notes[i], f.Key); err == nil {
			return c, nil
		}
	}
	if len(notes) > 0 {
		return c, fmt.Errorf("%w: it holds no checkpoint of this trail: %w", ErrAlarm, err)
	}
	if isCut := bytes.HasPrefix(text, begin) || bytes.HasPrefix(begin, text); !isCut {
		return c, fmt.Errorf("%w: it holds something else than checkpoints", ErrAlarm)
	}
	return tree.Checkpoint{}, nil
}

// Syslog is a syslog that keeps what it is told. It can't be asked: what it has is what was handed
// to it since the start.
type Syslog struct {
	Network, Address string // both empty: this machine's

	held tree.Checkpoint
}

// String implements [Place].
func (s *Syslog) String() string {
	if s.Network == "" {
		return "syslog"
	}
	return "syslog:" + s.Network + ":" + s.Address
}

// Hand implements [Place].
func (s *Syslog) Hand(_ context.Context, o *Offer) error {
	if s.held.Size > 0 {
		if err := o.goesOnFrom(s.held); err != nil || s.held.Size == o.Size {
			return err
		}
	}
	if o.Size == 0 {
		return nil
	}
	w, err := syslog.Dial(s.Network, s.Address, syslog.LOG_NOTICE|syslog.LOG_AUTHPRIV, "claviger")
	if err != nil {
		return err
	}
	// In one line: the note is made of it again by printf '%b'.
	line := bytes.ReplaceAll(bytes.TrimSuffix(o.Note, []byte("\n")), []byte("\n"), []byte(`\n`))
	err = errors.Join(w.Notice("trail checkpoint: "+string(line)+`\n`), w.Close())
	if err == nil {
		s.held = o.Checkpoint
	}
	return err
}
