package parameter

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"claviger/internal/domain"
	"claviger/parameters/ssmfault"
)

// Sharing is the resource policy of a parameter, by which other accounts read it. The zero value is
// none. A parameter has one at most.
type Sharing struct {
	PolicyID string `json:",omitzero"` // new for every policy that is put where none is
	Policy   string `json:",omitzero"` // its text as it is stored: principals by their unique ids
}

// There reports whether there is a policy.
func (s Sharing) There() bool { return s.PolicyID != "" }

// Hash tells a policy from those that were there before: SHA-256 of the text as it is stored, in
// hexadecimal. It is empty if there is none.
func (s Sharing) Hash() string {
	if !s.There() {
		return ""
	}
	sum := sha256.Sum256([]byte(s.Policy))
	return hex.EncodeToString(sum[:])
}

// Check holds the id and the hash that a request knows the policy by to what there is. Both are
// empty in the request of who takes it for none.
func (s Sharing) Check(id, hash string) error {
	switch {
	case id == "" && hash == "":
		if s.There() {
			return ssmfault.PolicyConflict
		}
		return nil
	case id == "":
		return ssmfault.NoPolicyID
	case hash == "":
		return ssmfault.NoPolicyHash
	case id != s.PolicyID:
		return ssmfault.NoPolicy
	case hash != s.Hash():
		return ssmfault.PolicyConflict
	}
	return nil
}

// ReadResource reads the ARN of a parameter that is called a resource: without a selector.
func ReadResource(text string) (a Asked, err error) {
	trimmed := strings.TrimSpace(text)
	if _, ok := domain.ParseARN(trimmed); !ok {
		return a, ssmfault.BadResourceARN
	}
	if a, err = readARN(text, trimmed); err != nil || a.Selector != (Selector{}) {
		return a, ssmfault.BadResourceARN
	}
	return a, nil
}
