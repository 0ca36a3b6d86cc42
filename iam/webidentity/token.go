package webidentity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of WebIdentityToken in STS's model, in characters.
const (
	shortest = 4
	longest  = 20000
)

// algorithms are those that AWS takes (RFC 7518, section 3). All have a public key: one that is
// verified by a secret would be verified by what everybody knows.
var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// Token is a token as it describes itself: nothing of it is proven.
type Token struct {
	Issuer string // the claim iss, the URL of an issuer
	Name   string // Issuer without its scheme, as it is in the ARN of its provider

	text      string
	algorithm string
	keyID     string // empty: the token names none
	payload   []byte
	claims    claims
}

// Parse reads a JSON Web Token in its compact form (RFC 7515, section 7.1). An algorithm that isn't
// served, no signature at all among them, is refused here, before anybody is asked for keys.
func Parse(text string) (*Token, error) {
	t := &Token{text: text}
	if err := t.parse(); err != nil {
		return nil, errNotJWT.Because(err)
	}
	issuer, err := t.claims.text("iss")
	if err != nil {
		return nil, err
	}
	t.Issuer = issuer
	if t.Name, err = Name(issuer); err != nil {
		return nil, noProvider(shown(issuer)).Because(err)
	}
	return t, nil
}

func (t *Token) parse() error {
	if len(t.text) < shortest || len(t.text) > longest {
		return fmt.Errorf("it has %d characters", len(t.text))
	}
	parts := strings.Split(t.text, ".")
	if len(parts) != 3 {
		return fmt.Errorf("it has %d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = unbase64(part); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
	}
	if err := t.header(decoded[0]); err != nil {
		return err
	}
	t.payload = decoded[1]
	return read(t.payload, &t.claims)
}

// unbase64 takes one spelling of each value: Go's decoder alone would overlook line ends.
func unbase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("there is a line end in it")
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// read reads one JSON object strictly: no name twice, at any depth, and UTF-8 without repair.
func read(text []byte, into any) error {
	if jsontext.Value(text).Kind() != '{' {
		return errors.New("it is no JSON object")
	}
	return json.Unmarshal(text, into, json.MatchCaseInsensitiveNames(false),
		jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))
}

func (t *Token) header(text []byte) error {
	var h struct {
		Algorithm string         `json:"alg"`
		KeyID     string         `json:"kid"`
		Critical  jsontext.Value `json:"crit"`
	}
	if err := read(text, &h); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if !slices.Contains(algorithms, h.Algorithm) {
		return fmt.Errorf("the algorithm %q is not served", h.Algorithm)
	}
	// An extension that must be understood and isn't (RFC 7515, section 4.1.11).
	if h.Critical != nil {
		return errors.New("the header has critical extensions")
	}
	t.algorithm, t.keyID = h.Algorithm, h.KeyID
	return nil
}

// shown cuts what a stranger sent down to what an answer may repeat.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), longestURL)]
}
