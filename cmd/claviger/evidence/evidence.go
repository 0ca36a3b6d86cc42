// Package evidence reads what an auditor has in files, and says what was found in it.
package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"claviger/audit/tree"
	"claviger/audit/verify"
)

// ReadCheckpoints reads the checkpoints in a file, one behind the other with an empty line between.
func ReadCheckpoints(name string) ([][]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	notes := Notes(text)
	if len(notes) == 0 {
		return nil, fmt.Errorf("%s holds no checkpoint", name)
	}
	return notes, nil
}

// Notes parts a text into its notes: each is a text, an empty line, and signatures.
func Notes(text []byte) (notes [][]byte) {
	parts := bytes.Split(bytes.Trim(text, "\n"), []byte("\n\n"))
	for i := 0; i+1 < len(parts); i += 2 {
		notes = append(notes, fmt.Appendf(nil, "%s\n\n%s\n", parts[i], parts[i+1]))
	}
	return notes
}

// Lines are records as they were printed, one a line. It is a trail without a tree of its own.
type Lines struct {
	From  io.Reader
	First int64 // number of the first of them
	// what has the tree and its checkpoints, such as the database that the records were removed from;
	// nil: nothing, and the checkpoints come from elsewhere
	Beside verify.Trail
}

// atOnce is how many lines are handed on together.
const atOnce = 1000

// Batches implements [verify.Trail].
func (l *Lines) Batches(each func(first int64, records []byte) error) error {
	in := bufio.NewReaderSize(l.From, 1<<20)
	first := l.First
	for ended := false; !ended; {
		var lines []byte
		n := int64(0)
		for n < atOnce {
			line, err := in.ReadBytes('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 || err == nil {
				if n > 0 {
					lines = append(lines, '\n')
				}
				lines = append(lines, line...)
				n++
			}
			if ended = err != nil; ended {
				break
			}
		}
		if n == 0 {
			return nil
		}
		if err := each(first, lines); err != nil {
			return err
		}
		first += n
	}
	return nil
}

// Tile implements [verify.Trail].
func (l *Lines) Tile(level int, number int64) ([]byte, error) {
	if l.Beside == nil {
		return nil, nil
	}
	return l.Beside.Tile(level, number)
}

// Checkpoints implements [verify.Trail].
func (l *Lines) Checkpoints(each func(size int64, signed []byte) error) error {
	if l.Beside == nil {
		return nil
	}
	return l.Beside.Checkpoints(each)
}

// Show says what was found.
func Show(w io.Writer, r *verify.Report, key *tree.Key, took time.Duration) {
	others := 0
	for _, f := range r.Faults {
		if f.Kind == verify.OtherKey {
			others++
		}
		if f.Kind != verify.OtherKey || others == 1 {
			fmt.Fprintln(w, "WRONG:", f)
		}
	}
	if others > 1 {
		fmt.Fprintf(w, "WRONG: %d checkpoints more are signed by another key\n", others-1)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "WRONG: %d faults more\n", r.More)
	}
	fmt.Fprintf(w, "  log           %s, key %08x\n", key.Name(), key.KeyHash())
	fmt.Fprintf(w, "  checkpoint    of %d records, %s; %d were looked at\n", r.Checkpoint.Size,
		r.Checkpoint.Root, r.Checkpoints)
	there := "none is there"
	if r.Records > 0 {
		there = fmt.Sprintf("%d to %d are there", r.First, r.Last)
	}
	fmt.Fprintf(w, "  records       %s, looked at in %s\n", there, took.Round(time.Millisecond))
	if r.Removed > 0 {
		fmt.Fprintf(w, "  removed       1 to %d, for their age; the tree has their hashes\n", r.Removed)
	}
	if r.Unproved > 0 {
		fmt.Fprintf(w, "  unproved      %d to %d are behind the checkpoint: nothing says yet what they are\n",
			r.Last-r.Unproved+1, r.Last)
	}
	fmt.Fprintln(w, strings.TrimSpace(verdict(r)))
}

// verdict is the sentence that counts.
func verdict(r *verify.Report) string {
	if r.OK() {
		return fmt.Sprintf("Proved: %d records are what was signed.", r.Records-r.Unproved)
	}
	return "NOT PROVED: the trail is not what was signed."
}
