package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Algorithm is how digests are signed, by the name that CloudTrail has for it.
const Algorithm = "SHA256withRSA"

const hashAlgorithm = "SHA-256"

// LogFile is a log file as a digest names it.
type LogFile struct {
	Object         string
	Hash           string // SHA-256 of what it holds uncompressed, in lower-case hexadecimal digits
	Oldest, Newest time.Time
}

// Digest is what there is to say of one account's log files of one Region and time.
type Digest struct {
	Start, End time.Time
	Files      []LogFile // may be none
}

// Link is what a digest says of the one before it.
type Link struct {
	Object    string `json:"object"`
	Hash      string `json:"hash"`      // as that of a LogFile
	Signature string `json:"signature"` // in lower-case hexadecimal digits
}

// Chain is digests of one account and Region in their order, to be signed.
type Chain struct {
	Account, Region string
	Previous        *Link // what the first follows on; nil: nothing
	Digests         []Digest
}

// Signed is a digest in its final form.
type Signed struct {
	Link
	End      time.Time
	Document []byte // what the file holds uncompressed
}

// Key signs digests.
type Key struct {
	Fingerprint string // by which ListPublicKeys has the public half
	// Sign makes a signature by RSASSA-PKCS1-v1_5 (RFC 8017) over a SHA-256 digest.
	Sign func(ctx context.Context, digest []byte) ([]byte, error)
}

// document is a digest file, with CloudTrail's members in the order in which it writes them.
type document struct {
	Account           string        `json:"awsAccountId"`
	Start             string        `json:"digestStartTime"`
	End               string        `json:"digestEndTime"`
	Bucket            string        `json:"digestS3Bucket"`
	Object            string        `json:"digestS3Object"`
	Fingerprint       string        `json:"digestPublicKeyFingerprint"`
	Algorithm         string        `json:"digestSignatureAlgorithm"`
	Newest            *string       `json:"newestEventTime"`
	Oldest            *string       `json:"oldestEventTime"`
	PreviousBucket    *string       `json:"previousDigestS3Bucket"`
	PreviousObject    *string       `json:"previousDigestS3Object"`
	PreviousHash      *string       `json:"previousDigestHashValue"`
	PreviousAlgorithm *string       `json:"previousDigestHashAlgorithm"`
	PreviousSignature *string       `json:"previousDigestSignature"`
	Files             []logDocument `json:"logFiles"` // without any an empty list
}

type logDocument struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
	Newest    string `json:"newestEventTime"`
	Oldest    string `json:"oldestEventTime"`
}

var errOrder = errors.New("digests of a chain follow on one another in time")

// Sign makes the digests of a chain. What is signed is a digest of this trail by its form, so that
// nobody gets a signature over anything else.
func (c Chain) Sign(ctx context.Context, t Trail, by Key) ([]Signed, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	var all []Signed
	before := c.Previous
	for i, d := range c.Digests {
		if !d.Start.Before(d.End) || i > 0 && !d.Start.Equal(c.Digests[i-1].End) {
			return nil, fmt.Errorf("%w, and these don't at %s", errOrder, d.Start)
		}
		made, err := c.sign(ctx, t, by, d, before)
		if err != nil {
			return nil, err
		}
		all = append(all, made)
		before = &made.Link
	}
	return all, nil
}

func (c Chain) sign(ctx context.Context, t Trail, by Key, d Digest, before *Link) (
	s Signed, err error) {
	s.End, s.Object = d.End.UTC(), t.digestObject(c.Account, c.Region, d.End.UTC())
	doc := document{
		Account:     c.Account,
		Start:       d.Start.UTC().Format(timeForm),
		End:         s.End.Format(timeForm),
		Bucket:      t.Bucket,
		Object:      s.Object,
		Fingerprint: by.Fingerprint,
		Algorithm:   Algorithm,
		Files:       []logDocument{},
	}
	doc.list(t, d.Files)
	previous := "null" // stands in what is signed where there is none
	if before != nil {
		algorithm := hashAlgorithm
		doc.PreviousBucket, doc.PreviousObject = &t.Bucket, &before.Object
		doc.PreviousHash, doc.PreviousAlgorithm = &before.Hash, &algorithm
		doc.PreviousSignature, previous = &before.Signature, before.Signature
	}
	if s.Document, err = json.Marshal(doc); err != nil {
		return s, err
	}
	s.Hash = hashOf(s.Document)
	text := sha256.Sum256([]byte(doc.End + "\n" + doc.Bucket + "/" + doc.Object + "\n" + s.Hash +
		"\n" + previous))
	signature, err := by.Sign(ctx, text[:])
	s.Signature = hex.EncodeToString(signature)
	return s, err
}

// list puts the log files into the document, and the times of their records.
func (doc *document) list(t Trail, files []LogFile) {
	var oldest, newest time.Time
	for _, f := range files {
		doc.Files = append(doc.Files, logDocument{
			Bucket:    t.Bucket,
			Object:    f.Object,
			Hash:      f.Hash,
			Algorithm: hashAlgorithm,
			Newest:    f.Newest.UTC().Format(timeForm),
			Oldest:    f.Oldest.UTC().Format(timeForm),
		})
		if oldest.IsZero() || f.Oldest.Before(oldest) {
			oldest = f.Oldest
		}
		if f.Newest.After(newest) {
			newest = f.Newest
		}
	}
	if len(files) > 0 {
		first, last := oldest.UTC().Format(timeForm), newest.UTC().Format(timeForm)
		doc.Oldest, doc.Newest = &first, &last
	}
}

// metadata is what belongs to the object in the bucket beside what is in the file.
func (s Signed) metadata() ([]byte, error) {
	return json.Marshal(struct {
		Signature string `json:"signature"`
		Algorithm string `json:"signature-algorithm"`
	}{s.Signature, Algorithm})
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// compressed returns content as gzip, always the same bytes for the same content.
func compressed(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}
