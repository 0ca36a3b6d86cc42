package trail

import (
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// ListPublicKeysInput asks for keys that signed something in a time.
type ListPublicKeysInput struct {
	StartTime *wire.Time `shape:"Date"` // absent: now
	EndTime   *wire.Time `shape:"Date"` // absent: now
	NextToken *string    `shape:"String"`
	op.ByShape
}

// ListPublicKeysOutput has all keys of the time.
type ListPublicKeysOutput struct {
	PublicKeyList []PublicKey
}

// PublicKey is what digests are verified by. A key has no end here: its ValidityEndTime is what can
// be said today.
type PublicKey struct {
	Value             []byte
	ValidityStartTime wire.Time
	ValidityEndTime   wire.Time
	Fingerprint       string
}

var (
	badRange = fault.New(fault.Invalid, "InvalidTimeRangeException",
		"The specified time range is invalid: the end time is before the start time.")
	badToken = fault.New(fault.Invalid, "InvalidTokenException", "The specified token is not valid.")
)

// assured is how long a key is said to be used from now on.
const assured = 365 * 24 * time.Hour

func (s *Trails) listPublicKeys(c *op.Call, in ListPublicKeysInput) (out ListPublicKeysOutput,
	err error) {
	start, end := c.Time, c.Time
	if in.StartTime != nil {
		start = in.StartTime.Time
	}
	if in.EndTime != nil {
		end = in.EndTime.Time
	}
	switch {
	case in.NextToken != nil:
		return out, badToken
	case end.Before(start):
		return out, badRange
	}
	keys, err := s.exports.PublicKeys()
	out.PublicKeyList = []PublicKey{}
	until := c.Time.Add(assured).Truncate(24 * time.Hour)
	for _, k := range keys {
		if !k.Since.After(end) && !until.Before(start) {
			out.PublicKeyList = append(out.PublicKeyList, PublicKey{
				Value:             k.Public,
				ValidityStartTime: wire.Time{Time: k.Since.Truncate(time.Second)},
				ValidityEndTime:   wire.Time{Time: until},
				Fingerprint:       k.Fingerprint,
			})
		}
	}
	return out, err
}
