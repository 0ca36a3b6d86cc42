// Package logfile delivers events to files of the service's machine, each as a line. A rule names a
// file as a log group, and the configuration says which file that is: a caller names no path.
package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sys/unix"

	"claviger/events/rule"
	"claviger/internal/delivery"
)

// Receiver delivers to log files. [New] makes it.
type Receiver struct{ files map[string]*file }

// file is one file, which is opened for each line: whoever turns logs may move it away.
type file struct {
	mu   sync.Mutex
	path string
}

// New returns what delivers to files, whose paths are by the names of their log groups.
func New(paths map[string]string) *Receiver {
	r := &Receiver{files: map[string]*file{}}
	for name, path := range paths {
		r.files[name] = &file{path: path}
	}
	return r
}

// Deliver implements [delivery.Receiver]. With nil the line is on the disk.
func (r *Receiver) Deliver(_ context.Context, m delivery.Message) error {
	_, name, _, _ := rule.ReadTarget(m.Receiver)
	f := r.files[name]
	if f == nil {
		return &delivery.Failure{Code: delivery.NoResource, Permanent: true,
			Text: "the configuration declares no log group of this name"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.append(line(m.Body)); err != nil {
		return &delivery.Failure{Code: delivery.InternalError, Cause: err,
			Text: "the log group's file can't be written"}
	}
	return nil
}

// line is what is written of a body: JSON without white space between its parts, and anything else
// as a JSON text, since it may have line ends.
func line(body []byte) []byte {
	v := jsontext.Value(bytes.Clone(body))
	if v.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		v, _ = jsontext.AppendQuote(nil, body)
	}
	return append(v, '\n')
}

var errNoFile = errors.New("it is no regular file")

// append adds a line and waits until it is on the disk. What a crash or a full disk has left of
// another one gets an end before it, or is taken away again.
func (f *file) append(text []byte) (err error) {
	out, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK,
		0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := out.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", f.path, errNoFile)
	}
	size := info.Size()
	if size > 0 {
		last := make([]byte, 1)
		if _, err := out.ReadAt(last, size-1); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if last[0] != '\n' {
			text = append([]byte{'\n'}, text...)
		}
	}
	if _, err := out.Write(text); err != nil {
		return errors.Join(err, out.Truncate(size))
	}
	return out.Sync()
}
