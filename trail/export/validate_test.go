package export_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The validator is written from AWS's documents alone ("Custom implementations of CloudTrail log
// file integrity validation"), and knows nothing of the package but its public key.

// digest is a digest file as the documents have it.
type digest struct {
	AWSAccountID               string    `json:"awsAccountId"`
	DigestStartTime            string    `json:"digestStartTime"`
	DigestEndTime              string    `json:"digestEndTime"`
	DigestS3Bucket             string    `json:"digestS3Bucket"`
	DigestS3Object             string    `json:"digestS3Object"`
	DigestPublicKeyFingerprint string    `json:"digestPublicKeyFingerprint"`
	DigestSignatureAlgorithm   string    `json:"digestSignatureAlgorithm"`
	NewestEventTime            *string   `json:"newestEventTime"`
	OldestEventTime            *string   `json:"oldestEventTime"`
	PreviousDigestS3Bucket     *string   `json:"previousDigestS3Bucket"`
	PreviousDigestS3Object     *string   `json:"previousDigestS3Object"`
	PreviousDigestHashValue    *string   `json:"previousDigestHashValue"`
	PreviousDigestSignature    *string   `json:"previousDigestSignature"`
	PreviousHashAlgorithm      *string   `json:"previousDigestHashAlgorithm"`
	LogFiles                   []logFile `json:"logFiles"`
}

type logFile struct {
	S3Bucket        string `json:"s3Bucket"`
	S3Object        string `json:"s3Object"`
	HashValue       string `json:"hashValue"`
	HashAlgorithm   string `json:"hashAlgorithm"`
	NewestEventTime string `json:"newestEventTime"`
	OldestEventTime string `json:"oldestEventTime"`
}

// validator reads a bucket that lies in a directory.
type validator struct {
	dir, bucket string
	keys        map[string][]byte // RSAPublicKey in DER by fingerprint
}

// outcome is what was found valid.
type outcome struct {
	digests []digest // the newest first
	records []string // ids of events, in the order of digests from the oldest
}

func (v validator) read(object string) ([]byte, error) {
	packed, err := os.ReadFile(filepath.Join(v.dir, object))
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// newest is the last digest by its name of an account and Region.
func (v validator) newest(prefix string) (string, error) {
	var all []string
	root := os.DirFS(v.dir)
	err := fs.WalkDir(root, prefix, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".json.gz") {
			all = append(all, name)
		}
		return err
	})
	if len(all) == 0 {
		return "", fmt.Errorf("no digests: %w", err)
	}
	return slices.Max(all), err
}

// chain walks from the newest digest back to the first, and says what is wrong.
func (v validator) chain(prefix string) (o outcome, err error) {
	object, err := v.newest(prefix)
	if err != nil {
		return o, err
	}
	wanted, isWanted := "", false // the hash that the digest after it has
	end := ""
	for object != "" {
		content, err := v.read(object)
		if err != nil {
			return o, err
		}
		sum := sha256.Sum256(content)
		if isWanted && hex.EncodeToString(sum[:]) != wanted {
			return o, fmt.Errorf("%s is not the digest that the next one follows on", object)
		}
		d, err := v.digest(object, content)
		if err != nil {
			return o, err
		}
		if end != "" && d.DigestEndTime != end {
			return o, fmt.Errorf("%s ends at %s, and the next one starts at %s", object, d.DigestEndTime, end)
		}
		ids, err := v.logs(d)
		if err != nil {
			return o, err
		}
		o.digests, o.records = append(o.digests, d), append(ids, o.records...)
		end, object = d.DigestStartTime, ""
		if d.PreviousDigestS3Object != nil {
			object, wanted, isWanted = *d.PreviousDigestS3Object, *d.PreviousDigestHashValue, true
		}
	}
	return o, nil
}

func (v validator) digest(object string, content []byte) (d digest, err error) {
	if err := json.Unmarshal(content, &d); err != nil {
		return d, fmt.Errorf("%s: %w", object, err)
	}
	if d.DigestS3Bucket != v.bucket || d.DigestS3Object != object {
		return d, fmt.Errorf("%s was moved from its place", object)
	}
	text, err := os.ReadFile(filepath.Join(v.dir, object+".metadata.json"))
	if err != nil {
		return d, err
	}
	var beside map[string]string
	if err := json.Unmarshal(text, &beside); err != nil {
		return d, err
	}
	if beside["signature-algorithm"] != "SHA256withRSA" ||
		d.DigestSignatureAlgorithm != "SHA256withRSA" {
		return d, fmt.Errorf("%s is signed by %q", object, beside["signature-algorithm"])
	}
	signature, err := hex.DecodeString(beside["signature"])
	if err != nil {
		return d, err
	}
	der, ok := v.keys[d.DigestPublicKeyFingerprint]
	if !ok {
		return d, fmt.Errorf("%s: no key has the fingerprint %s", object, d.DigestPublicKeyFingerprint)
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		return d, err
	}
	previous := "null"
	if d.PreviousDigestSignature != nil {
		previous = *d.PreviousDigestSignature
	}
	sum := sha256.Sum256(content)
	signed := sha256.Sum256([]byte(strings.Join([]string{d.DigestEndTime,
		d.DigestS3Bucket + "/" + d.DigestS3Object, hex.EncodeToString(sum[:]), previous}, "\n")))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, signed[:], signature); err != nil {
		return d, fmt.Errorf("%s: %w", object, err)
	}
	return d, nil
}

// logs looks at the log files of a digest, and returns the ids of their events.
func (v validator) logs(d digest) (ids []string, err error) {
	for _, f := range d.LogFiles {
		content, err := v.read(f.S3Object)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		if f.HashAlgorithm != "SHA-256" || hex.EncodeToString(sum[:]) != f.HashValue {
			return nil, fmt.Errorf("%s was changed", f.S3Object)
		}
		var log struct {
			Records []struct{ EventID, EventTime, RecipientAccountID, AWSRegion string }
		}
		if err := json.Unmarshal(content, &log); err != nil {
			return nil, err
		}
		for _, r := range log.Records {
			if at := r.EventTime[:19] + "Z"; at < f.OldestEventTime || at > f.NewestEventTime ||
				at < *d.OldestEventTime || at > *d.NewestEventTime {
				return nil, fmt.Errorf("%s says that it has no event of %s", f.S3Object, at)
			}
			if !strings.Contains(f.S3Object, "/"+r.RecipientAccountID+"/CloudTrail/"+r.AWSRegion+"/") {
				return nil, fmt.Errorf("%s has an event of %s in %s", f.S3Object, r.RecipientAccountID,
					r.AWSRegion)
			}
			ids = append(ids, r.EventID)
		}
	}
	return ids, nil
}

// mustBe fails unless a chain is valid and has just these events, in any order.
func (v validator) mustBe(t *testing.T, prefix string, digests int, events ...string) {
	t.Helper()
	o, err := v.chain(prefix)
	if err != nil {
		t.Fatalf("%s is not valid: %v", prefix, err)
	}
	slices.Sort(events)
	slices.Sort(o.records)
	if len(o.digests) != digests || !slices.Equal(o.records, events) {
		t.Errorf("%s: %d digests with %q, want %d with %q", prefix, len(o.digests), o.records, digests,
			events)
	}
	if first := o.digests[len(o.digests)-1]; first.PreviousDigestS3Bucket != nil ||
		first.PreviousHashAlgorithm != nil {
		t.Errorf("the first digest follows on something: %+v", first)
	}
}

// hour is a full hour of the day on which the tests' records are.
func hour(n int) time.Time { return time.Date(2026, 3, 1, n, 0, 0, 0, time.UTC) }
