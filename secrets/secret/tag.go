package secret

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/secrets/smfault"
)

// Tag is a tag of a secret. Its key has 1 to 128 characters, its value up to 256.
type Tag struct {
	Key   string `shape:"TagKeyType"`
	Value string `shape:"TagValueType"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

const maxTags = 50 // AWS's quota of tags on a secret

// TagRules are what holds for tags of secrets.
var TagRules = domain.TagRules{
	Most:     maxTags,
	NoKey:    smfault.InvalidParameter("A tag needs a Key."),
	Reserved: smfault.InvalidParameter("Tag keys that begin with aws: are reserved."),
	Duplicate: func(key string) error {
		return smfault.InvalidParameter("The tag key " + key + " appears more than once.")
	},
	TooMany: fault.Newf(fault.Invalid, "InvalidParameterException",
		"A secret has at most %d tags.", maxTags),
}
