package parameter

import (
	"claviger/internal/domain"
	"claviger/parameters/ssmfault"
)

// Tag is a tag of a parameter. Its key has 1 to 128 characters, its value up to 256.
type Tag struct {
	Key   string `shape:"TagKey,required"`
	Value string `shape:"TagValue,required"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

const maxTags = 50 // AWS's quota of tags on a parameter

// TagRules are what holds for tags of parameters.
var TagRules = domain.TagRules{
	Most:     maxTags,
	Reserved: ssmfault.Invalid("Tag keys that begin with aws: are reserved."),
	Duplicate: func(key string) error {
		return ssmfault.Invalid("The tag key " + key + " appears more than once.")
	},
	TooMany: ssmfault.TooManyTags,
}
