package export

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// longestFile is what a log file holds uncompressed, in bytes, before the next one begins.
	// CloudTrail's have 50 MB at most, compressed.
	longestFile = 32 << 20

	// mostHeld is what all that are begun hold together. The longest is written out then.
	mostHeld = 256 << 20
)

// pair is whose records are in one file.
type pair struct{ account, region string }

func (p pair) compare(q pair) int {
	return cmp.Or(cmp.Compare(p.account, q.account), cmp.Compare(p.region, q.region))
}

// logs are the log files of the time at hand.
type logs struct {
	trail Trail
	start time.Time // of that time
	write func(object string, content []byte) error
	open  map[pair]*logFile
	done  map[pair][]LogFile
	held  int
}

// logFile is one that is begun.
type logFile struct {
	text           bytes.Buffer
	oldest, newest time.Time
}

func (l *logs) begin(start time.Time) {
	l.start, l.held = start, 0
	l.open, l.done = map[pair]*logFile{}, map[pair][]LogFile{}
}

// add takes one record, a JSON object on one line.
func (l *logs) add(of pair, at time.Time, record []byte) error {
	f := l.open[of]
	if f == nil {
		f = new(logFile)
		l.open[of] = f
		f.text.WriteString(`{"Records":[`)
		f.oldest, f.newest = at, at
	} else {
		f.text.WriteByte(',')
	}
	f.text.Write(record)
	l.held += len(record) + 1
	if at.Before(f.oldest) {
		f.oldest = at
	}
	if at.After(f.newest) {
		f.newest = at
	}
	if f.text.Len() >= longestFile {
		return l.end(of)
	}
	if l.held >= mostHeld {
		return l.end(l.longest())
	}
	return nil
}

// longest is the pair whose file holds most; of several, always the same one.
func (l *logs) longest() (longest pair) {
	most := 0
	for _, of := range slices.SortedFunc(maps.Keys(l.open), pair.compare) {
		if n := l.open[of].text.Len(); n > most {
			longest, most = of, n
		}
	}
	return longest
}

// end writes out the file of a pair.
func (l *logs) end(of pair) error {
	f := l.open[of]
	if f == nil {
		return nil
	}
	delete(l.open, of)
	l.held -= f.text.Len()
	f.text.WriteString(`]}`)
	content := f.text.Bytes()
	sum := sha256.Sum256(content)
	id := base32.StdEncoding.EncodeToString(sum[:10]) // 16 letters and digits
	made := LogFile{Object: l.trail.logObject(of.account, of.region, l.start, id),
		Hash: hashOf(content), Oldest: f.oldest, Newest: f.newest}
	packed, err := compressed(content)
	if err != nil {
		return err
	}
	l.done[of] = append(l.done[of], made)
	return l.write(made.Object, packed)
}

// finish writes out all that is begun, and returns the files of the time by whose they are.
func (l *logs) finish() (map[pair][]LogFile, error) {
	for _, of := range slices.SortedFunc(maps.Keys(l.open), pair.compare) {
		if err := l.end(of); err != nil {
			return nil, err
		}
	}
	return l.done, nil
}

// facts are what is read of a record.
type facts struct {
	pair
	at time.Time
}

// read reads what it needs of a record, and no more: a record may be long.
func read(d *jsontext.Decoder, record []byte) (f facts, err error) {
	d.Reset(bytes.NewReader(record))
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return f, fmt.Errorf("it is no JSON object: %w", err)
	}
	for d.PeekKind() != jsontext.KindEndObject {
		token, err := d.ReadToken()
		if err != nil {
			return f, err
		}
		name := token.String() // which it holds until the next one is read
		member := f.member(name)
		if member == nil {
			if err := d.SkipValue(); err != nil {
				return f, err
			}
			continue
		}
		value, err := d.ReadToken()
		if err == nil && value.Kind() != jsontext.KindString {
			err = fmt.Errorf("its %s is no text", name)
		}
		if err == nil {
			err = member(value.String())
		}
		if err != nil {
			return f, err
		}
	}
	_, err = d.ReadToken()
	return f, err
}

// member returns what takes a member's value, or nil for one that doesn't matter here.
func (f *facts) member(name string) func(value string) error {
	switch name {
	case "recipientAccountId":
		return func(value string) error { f.account = value; return nil }
	case "awsRegion":
		return func(value string) error { f.region = value; return nil }
	case "eventTime":
		return func(value string) (err error) {
			f.at, err = time.Parse(time.RFC3339, value)
			return err
		}
	}
	return nil
}
