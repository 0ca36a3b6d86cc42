package audit

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// NewEventID returns the id of an event at a time: a UUID of version 7 (RFC 9562, section 5.7),
// whose first 48 bits are that time in milliseconds. So the place of an event in the trail is found
// by its id alone, as by its time.
//
// CloudTrail's ids are of version 4, and nothing needs that. AWS calls them GUIDs; its tools and
// SDKs take them for text; its models bound neither the EventId of LookupEvents nor the
// CloudTrailEventId of GetKeyLastUsage to a form; and whoever may read an id reads the time beside
// it. Nothing is kept secret by an id that can't be guessed, and 74 random bits keep two events
// apart.
func NewEventID(at time.Time) string {
	var id uuid.UUID
	_, _ = rand.Read(id[6:]) // it never fails: package crypto/rand
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id[6] = id[6]&0x0f | 7<<4
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id.String()
}

// EventTime returns when the event of an id was, to the millisecond. Without ok the id is none of
// [NewEventID].
func EventTime(id string) (at time.Time, ok bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || len(id) != 36 {
		return at, false
	}
	var ms [8]byte
	copy(ms[2:], u[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC(), true
}
