package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
)

// Tag is a tag of a secret. Its key has 1 to 128 characters, its value up to 256.
type Tag struct {
	Key   string `shape:"TagKeyType"`
	Value string `shape:"TagValueType"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

const maxTags = 50 // AWS's quota of tags on a secret

var tagRules = domain.TagRules{
	Most:     maxTags,
	NoKey:    invalidParameter("A tag needs a Key."),
	Reserved: invalidParameter("Tag keys that begin with aws: are reserved."),
	Duplicate: func(key string) error {
		return invalidParameter("The tag key " + key + " appears more than once.")
	},
	TooMany: fault.Newf(fault.Invalid, "InvalidParameterException",
		"A secret has at most %d tags.", maxTags),
}
