package key

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// MaterialIDSize is how many bytes the id of a material stands for.
const MaterialIDSize = 32

// MultiRegionPrefix is what the ids of multi-Region keys begin with. 32 hex digits follow.
const MultiRegionPrefix = "mrk-"

// NewMultiRegionID returns an id that no key had before.
func NewMultiRegionID() string {
	id := make([]byte, 16)
	rand.Read(id)
	return MultiRegionPrefix + hex.EncodeToString(id)
}

// IsID reports whether s has the form of a key id: a lower-case UUID with dashes, or mrk- and 32
// lower-case hex digits.
func IsID(s string) bool {
	if len(s) != 36 || s != strings.ToLower(s) {
		return false
	}
	if digits, ok := strings.CutPrefix(s, MultiRegionPrefix); ok {
		_, err := hex.DecodeString(digits)
		return err == nil
	}
	_, err := uuid.Parse(s)
	return err == nil
}

// NewMaterialID returns the id of a material that is yet to be made: 64 hex digits, as AWS's are.
func NewMaterialID() string {
	id := make([]byte, MaterialIDSize)
	rand.Read(id)
	return hex.EncodeToString(id)
}
