// Command proof checks a proof that `claviger audit prove` has made. It imports nothing of
// Claviger's: whoever doubts the site, its operators or their program reads these lines, or writes
// them anew in another language.
//
//	proof KEY < proof.json
//
// KEY is what `claviger audit key` printed when the installation was made. The one in the proof is
// not looked at: whoever makes up a proof makes up a key too.
package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// proof is what is read: the record of a number, the hashes beside its way up the tree, and what
// the token has signed over the tree.
type proof struct {
	Number     int64    `json:"number"`
	Record     string   `json:"record"`
	Path       [][]byte `json:"path"` // base64, as encoding/json has it
	Checkpoint string   `json:"checkpoint"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: proof KEY < proof.json")
		os.Exit(2)
	}
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = check(text, os.Args[1], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "NOT PROVED:", err)
		os.Exit(1)
	}
}

// check prints the record if it is proved, and says otherwise what doesn't hold.
func check(text []byte, key string, out io.Writer) error {
	var p proof
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	size, root, err := open(p.Checkpoint, key)
	if err != nil {
		return err
	}
	if p.Number < 1 || p.Number > size {
		return fmt.Errorf("there is no number %d among %d", p.Number, size)
	}
	if p.Record == "" { // it was removed for its age, and somebody may have kept it
		return errors.New(`the proof has no record: put the bytes that were kept of it into "record"`)
	}
	hash := sha256.Sum256(append([]byte{0}, p.Record...))
	if climb(hash, p.Path, p.Number-1, size-1) != root {
		return errors.New("the record is not in the tree that was signed")
	}
	_, err = fmt.Fprintf(out, "Record %d of %d, as it was signed:\n%s\n", p.Number, size, p.Record)
	return err
}

// climb is the root that a record's hash and the hashes beside its way lead to: RFC 9162, section
// 2.1.3.2. last is the number of the last leaf.
func climb(hash [32]byte, path [][]byte, leaf, last int64) [32]byte {
	for _, beside := range path {
		switch {
		case last == 0 || len(beside) != 32:
			return [32]byte{}
		case leaf&1 == 1 || leaf == last:
			hash = node(beside, hash[:])
			for leaf&1 == 0 && leaf != 0 {
				leaf, last = leaf>>1, last>>1
			}
		default:
			hash = node(hash[:], beside)
		}
		leaf, last = leaf>>1, last>>1
	}
	if last != 0 {
		return [32]byte{}
	}
	return hash
}

func node(left, right []byte) [32]byte {
	return sha256.Sum256(append(append([]byte{1}, left...), right...))
}

// open verifies the signature of a checkpoint (c2sp.org/tlog-checkpoint, a note of
// c2sp.org/signed-note) and returns size and root of its tree.
func open(checkpoint, key string) (size int64, root [32]byte, err error) {
	part := strings.SplitN(key, "+", 3) // its name, its id in hex, base64 of a type and its bytes
	if len(part) != 3 {
		return 0, root, errors.New("this is no key")
	}
	der, err := base64.StdEncoding.DecodeString(part[2])
	if err != nil || len(der) == 0 || der[0] != 2 {
		return 0, root, errors.New("this is no ECDSA key")
	}
	public, err := x509.ParsePKIXPublicKey(der[1:])
	if err != nil {
		return 0, root, err
	}
	ecdsaKey, ok := public.(*ecdsa.PublicKey)
	id := sha256.Sum256(der[1:])
	text, signatures, found := strings.Cut(checkpoint, "\n\n")
	line := strings.Split(text, "\n")
	if !ok || !found || len(line) != 3 || line[0] != part[0] {
		return 0, root, errors.New("this is no checkpoint of the log that the key is of")
	}
	digest := sha256.Sum256([]byte(text + "\n"))
	for signature := range strings.SplitSeq(signatures, "\n") {
		encoded, ours := strings.CutPrefix(signature, "— "+part[0]+" ")
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if !ours || err != nil || len(raw) < 4 || string(raw[:4]) != string(id[:4]) ||
			!ecdsa.VerifyASN1(ecdsaKey, digest[:], raw[4:]) {
			continue
		}
		hash, err := base64.StdEncoding.DecodeString(line[2])
		if err != nil || len(hash) != 32 {
			return 0, root, errors.New("the root is no hash")
		}
		size, err = strconv.ParseInt(line[1], 10, 64)
		return size, [32]byte(hash), err
	}
	return 0, root, errors.New("the key has not signed this checkpoint")
}
