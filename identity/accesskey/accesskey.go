// Package accesskey makes the ids and secrets of access keys in AWS's form. An id carries the
// account that it belongs to, which is no secret: whoever sees the id in a record or a log can ask
// whose it is.
package accesskey

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// The first letters of an id ("IAM identifiers" of the IAM user guide).
const (
	LongTerm  = "AKIA"
	Temporary = "ASIA"
)

// Behind its prefix an id has 80 bits in base32: one that is set, the account's number in 40, and
// 39 drawn at random. AWS's ids are made so, and tools for AWS read the account from ours.
const (
	size         = 10 // bytes
	accountShift = 7  // of the first six bytes
	accountMask  = 1<<40 - 1
	mark         = 1 << 47
	mostAccounts = 1_000_000_000_000
)

// NewID draws an id for an account of 12 digits. The bits that are drawn are too few to never come
// twice: whoever stores an id looks whether it is there.
func NewID(prefix, account string) string {
	var b [size]byte
	rand.Read(b[:])
	number, err := strconv.ParseUint(account, 10, 64)
	if err != nil || number >= mostAccounts {
		panic("accesskey: no account: " + account)
	}
	const drawn = 1<<accountShift - 1
	head := mark | number<<accountShift | uint64(b[5])&drawn
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], head)
	copy(b[:6], first[2:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

// Account returns the account that an id carries; ok is false if it carries none.
func Account(id string) (account string, ok bool) {
	text, long := strings.CutPrefix(id, LongTerm)
	if !long {
		var temporary bool
		if text, temporary = strings.CutPrefix(id, Temporary); !temporary {
			return "", false
		}
	}
	b, err := base32.StdEncoding.DecodeString(text)
	if err != nil || len(b) != size {
		return "", false
	}
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...))
	number := head >> accountShift & accountMask
	if head&mark == 0 || number >= mostAccounts {
		return "", false
	}
	return fmt.Sprintf("%012d", number), true
}

// SecretSize is how many bytes a secret is drawn of.
const SecretSize = 30

// Secret is a secret access key as it was drawn. It prints as nothing, and travels by pointer only,
// because the stack that a panic prints shows the arguments that are passed by value.
type Secret [SecretSize]byte

// NewSecret draws a secret of 240 bits.
func NewSecret() *Secret {
	s := new(Secret)
	rand.Read(s[:])
	return s
}

// Text is a secret as its holder has it: 40 characters of base64.
func (s *Secret) Text() []byte { return base64.StdEncoding.AppendEncode(nil, s[:]) }

// Format keeps the secret out of logs, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { f.Write([]byte("accesskey.Secret{}")) }
