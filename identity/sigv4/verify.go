package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"sync"
)

// unsignedPayload stands in the place of a body's hash where the body is not signed.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// scratch is the memory of one verification. The canonical request is kept in two parts, because
// only the first differs between the forms of a path.
type scratch struct {
	hash   hash.Hash
	head   []byte // method and path, then the string to sign
	tail   []byte // query, headers, names of headers, hash of the payload
	key    []byte // a header's name in net/http's form
	query  []byte // query parameters, encoded
	params []param
}

var scratches = sync.Pool{New: func() any { return &scratch{hash: sha256.New()} }}

// Verify reports whether key made this signature over r and body, the body as received. It returns
// nil, or [ErrMismatch] with a cause for the operator where there is one to give, or says which
// x-amz- header is not signed. It compares in constant time and tells nobody the canonical request.
// r must be the request that p was parsed from.
func (p *Presented) Verify(r *http.Request, body []byte, key *SigningKey) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if err := s.build(p, r, body); err != nil {
		return err
	}
	var paths [maxPaths]string
	for _, path := range canonicalPaths(paths[:0], r.URL.EscapedPath(), p.rules.PathIgnored) {
		if s.signedWith(p, key, r.Method, path) {
			return nil
		}
	}
	return ErrMismatch
}

// build makes the canonical request from the query on.
func (s *scratch) build(p *Presented, r *http.Request, body []byte) error {
	s.tail = s.tail[:0]
	if err := s.appendQuery(r.URL.RawQuery, p.Presigned); err != nil {
		return err
	}
	s.tail = append(s.tail, '\n')
	if err := s.appendHeaders(r, p.signedHeaders); err != nil {
		return err
	}
	s.tail = append(s.tail, '\n')
	s.tail = append(s.tail, p.signedHeaders...)
	s.tail = append(s.tail, '\n')
	return s.appendPayload(p, body)
}

// appendPayload adds the hash of the body, which must be the claimed one if one is claimed.
func (s *scratch) appendPayload(p *Presented, body []byte) error {
	if p.payload == unsignedPayload && p.Presigned && p.rules.UnsignedPayload {
		s.tail = append(s.tail, unsignedPayload...)
		return nil
	}
	sum := sha256.Sum256(body)
	start := len(s.tail)
	s.tail = hex.AppendEncode(s.tail, sum[:])
	if p.payload != "" && p.payload != string(s.tail[start:]) {
		return ErrMismatch.Because(errors.New("x-amz-content-sha256 is not the hash of the body"))
	}
	return nil
}

// signedWith signs the canonical request with this path and compares.
func (s *scratch) signedWith(p *Presented, key *SigningKey, method, path string) bool {
	s.head = append(append(s.head[:0], method...), '\n')
	s.head = append(append(s.head, path...), '\n')
	s.hash.Reset()
	s.hash.Write(s.head)
	s.hash.Write(s.tail)
	var sum [sha256.Size]byte
	s.hash.Sum(sum[:0])

	// The string to sign: algorithm, time, scope, hash of the canonical request.
	b := append(s.head[:0], Algorithm+"\n"...)
	b = append(append(b, p.stamp...), '\n')
	b = append(append(b, p.Credential.Date...), '/')
	b = append(append(b, p.Credential.Region...), '/')
	b = append(append(b, p.Credential.Service...), "/"+terminator+"\n"...)
	s.head = hex.AppendEncode(b, sum[:])

	var want [2 * sha256.Size]byte
	hex.Encode(want[:], mac(key.key[:], s.head))
	return subtle.ConstantTimeCompare(want[:], []byte(p.signature)) == 1
}

// appendHeaders adds a line for each signed header and refuses x-amz- headers that are not signed.
func (s *scratch) appendHeaders(r *http.Request, signed string) error {
	var last string
	var amz int
	for name := range strings.SplitSeq(signed, ";") {
		// Strict order also makes the names distinct, which counting relies on.
		if name <= last {
			return ErrMismatch.Because(errors.New("SignedHeaders are not sorted"))
		}
		last = name
		s.tail = append(append(s.tail, name...), ':')
		if !s.appendValues(r, name) {
			return ErrMismatch.Because(fmt.Errorf("signed header %q is not in the request", echo(name)))
		}
		s.tail = append(s.tail, '\n')
		if mustSign(name) {
			amz++
		}
	}
	return s.allSigned(r.Header, signed, amz)
}

// appendValues adds the values of a header as they are signed, and reports whether the request has
// it. net/http keeps the host and, sometimes, the content length elsewhere.
func (s *scratch) appendValues(r *http.Request, name string) bool {
	if name == "host" {
		s.tail = appendValue(s.tail, r.Host)
		return true
	}
	s.key = appendHeaderKey(s.key[:0], name)
	values, ok := r.Header[string(s.key)]
	if !ok && name == "content-length" && r.ContentLength >= 0 {
		s.tail = fmt.Appendf(s.tail, "%d", r.ContentLength)
		return true
	}
	for i, v := range values {
		if i > 0 {
			s.tail = append(s.tail, ',')
		}
		s.tail = appendValue(s.tail, v)
	}
	return ok
}

// allSigned refuses a request with x-amz- headers of which only some, amz of them, are signed.
// Counting is enough, because the signed ones are distinct and present.
func (s *scratch) allSigned(h http.Header, signed string, amz int) error {
	for key := range h {
		if mustSign(key) {
			amz--
		}
	}
	if amz == 0 {
		return nil
	}
	// At most as many searches as there are signed headers, and one: linear.
	for key := range h {
		if name := strings.ToLower(key); mustSign(name) && !names(signed, name) {
			return invalid("There were headers present in the request which were not signed: %s", echo(name))
		}
	}
	return ErrMismatch
}

// mustSign reports whether a header, named in any case, has to be signed where it is present. See
// the package comment.
func mustSign(name string) bool {
	const prefix = "x-amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) &&
		!strings.EqualFold(name, "x-amz-security-token") &&
		!strings.EqualFold(name, "x-amz-user-agent")
}

// names reports whether a list of signed headers names one.
func names(signed, name string) bool {
	for n := range strings.SplitSeq(signed, ";") {
		if n == name {
			return true
		}
	}
	return false
}
