// Package backup makes backups of a database, proves what they are, and puts them in its place.
//
// A backup is one file: a plain SQLite database, and behind its last page, where SQLite doesn't
// look, a manifest that the token's authenticator signs. So nothing of it can be lost by itself,
// and the file can be opened, or put in place by hand, like any other database.
package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"claviger/store"

	"github.com/go-json-experiment/json"
)

// ErrUnfit says that a file is no backup that can be restored here, and why.
var ErrUnfit = errors.New("this backup can't be restored")

// purpose is what the authenticator signs manifests for.
const purpose = "claviger backup"

// format is that of the manifests which this program makes, and the only one that it reads.
const format = 1

// Manifest says what a backup holds.
type Manifest struct {
	Format       int              `json:"format"`
	Installation string           `json:"installation"` // its UUID
	Root         string           `json:"root"`         // that its keys are wrapped by
	Schema       string           `json:"schema"`       // the newest migration
	Made         time.Time        `json:"made"`
	Version      string           `json:"version"` // of the program that made it
	Commit       string           `json:"commit"`
	Size         int64            `json:"size"`   // of the database, in bytes; the manifest follows
	SHA256       string           `json:"sha256"` // of these bytes, in hex
	Trail        End              `json:"trail"`
	Rows         map[string]int64 `json:"rows"` // by table
}

// End is the newest batch of a trail.
type End struct {
	Batch  int64     `json:"batch"`  // 0: there is none
	Record int64     `json:"record"` // the number of the newest record, the last one of that batch
	At     time.Time `json:"at"`
	SHA256 string    `json:"sha256"` // of number, time and records, in hex
}

// Sealed is a manifest as it stands in a file, to be believed once its MAC is verified.
type Sealed struct {
	Manifest
	Text []byte // what is signed
	MAC  []byte
}

// The lines around a manifest: what it is, the document, and its MAC in hex.
const (
	firstLine = "claviger backup\n"
	mostText  = 64 << 10 // bytes of all three
)

// seal returns the three lines.
func seal(text, mac []byte) []byte {
	return fmt.Appendf(nil, "%s%s\n%x\n", firstLine, text, mac)
}

// Decode reads a manifest. One of a later format is [store.ErrNewer].
func Decode(text []byte) (m Manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: its manifest can't be read: %w", ErrUnfit, err)
	}
	if m.Format != format {
		return m, fmt.Errorf("%w: version %s made it", store.ErrNewer, m.Version)
	}
	return m, nil
}

// ReadManifest finds the manifest of a backup. Nothing in it is to be believed yet.
func ReadManifest(path string) (*Sealed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pages, err := databaseSize(f)
	if err != nil {
		return nil, err
	}
	behind := io.NewSectionReader(f, pages, mostText+1)
	lines, err := io.ReadAll(behind)
	if err != nil {
		return nil, err
	}
	s, err := unseal(lines)
	if err != nil {
		return nil, err
	}
	if s.Size != pages {
		return nil, fmt.Errorf("%w: its manifest is of another, of %d bytes. Take another copy of it",
			ErrUnfit, s.Size)
	}
	return s, nil
}

// databaseSize is that of the database's pages, which its first page tells (sqlite.org/fileformat).
func databaseSize(f io.ReaderAt) (int64, error) {
	var head [100]byte
	if _, err := f.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.HasPrefix(head[:], []byte("SQLite format 3\x00")) {
		return 0, fmt.Errorf("%w: it is no database. Name a file that `claviger backup` has made",
			ErrUnfit)
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 { // for 65,536, which has no room there
		page = 1 << 16
	}
	return page * int64(binary.BigEndian.Uint32(head[28:])), nil
}

// unseal reads the three lines.
func unseal(lines []byte) (*Sealed, error) {
	rest, begins := bytes.CutPrefix(lines, []byte(firstLine))
	text, rest, has := bytes.Cut(rest, []byte("\n"))
	line, rest, ends := bytes.Cut(rest, []byte("\n"))
	mac, err := hex.DecodeString(string(line))
	if !begins || !has || !ends || err != nil || len(rest) > 0 || len(lines) > mostText {
		return nil, fmt.Errorf("%w: it has no manifest at its end. It was cut off, or not made by "+
			"`claviger backup`: take another copy of it, or another backup", ErrUnfit)
	}
	s := &Sealed{Text: text, MAC: mac}
	s.Manifest, err = Decode(text)
	return s, err
}

// digestOf reads a file's first bytes, and copies them to w if it isn't nil. each is told how many
// it has read.
func digestOf(f io.Reader, size int64, w io.Writer, each func(done int64) error) (string, error) {
	sum := sha256.New()
	to := io.Writer(sum)
	if w != nil {
		to = io.MultiWriter(sum, w)
	}
	const piece = 1 << 20
	for done := int64(0); done < size; {
		n, err := io.CopyN(to, f, min(piece, size-done))
		done += n
		if errors.Is(err, io.EOF) {
			break // it is too short, which its digest tells
		}
		if err == nil {
			err = each(done)
		}
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
