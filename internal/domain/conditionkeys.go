package domain

import (
	"strings"

	"claviger/internal/op"
	"claviger/policy"

	"github.com/go-json-experiment/json"
)

// UnknownKeys is what becomes of a policy that is to be saved and asks for condition keys that no
// request here has a value for: those of services and features that aren't here, and misspelt ones.
// AWS takes them, and policies that come from there have some. The zero value takes them, too, and
// tells of them.
type UnknownKeys struct {
	Refuse bool // no such policy is saved
}

// mostNamed and longestNamed bound what a policy brings into a record.
const (
	mostNamed    = 20
	longestNamed = 128
)

// Check looks at a policy that is to be saved. If its keys are refused the error is
// [policy.Malformed], as of a parser. If they are taken, log and record say which they are.
func (u UnknownKeys) Check(c *op.Call, d *policy.Document) error {
	keys := d.Unknown()
	if len(keys) == 0 {
		return nil
	}
	more := ""
	if len(keys) > mostNamed {
		keys, more = keys[:mostNamed], ", ..."
	}
	for i, key := range keys {
		keys[i] = op.Clip(key, longestNamed)
	}
	if u.Refuse {
		return policy.Malformed("The policy contains condition keys that no request here has: " +
			strings.Join(keys, ", ") + more)
	}
	names, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	c.Note(`{"unknownConditionKeys":` + string(names) + `}`)
	c.Log().Warn("a policy asks for condition keys that no request here has", "keys", keys)
	return nil
}
