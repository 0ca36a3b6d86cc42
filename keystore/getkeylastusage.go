package keystore

import (
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
)

// GetKeyLastUsageOutput: Uses are tracked from the key's creation on.
type GetKeyLastUsageOutput struct {
	KeyId             string
	KeyLastUsage      KeyLastUsageData
	TrackingStartDate wire.Time
	KeyCreationDate   wire.Time
}

// KeyLastUsageData is a successful use of a key: the last one, or one in the minute before it;
// after a crash perhaps an earlier one. CloudTrailEventId is the eventID of its record in the audit
// trail. It is empty if there was none.
type KeyLastUsageData struct {
	Operation         string     `json:",omitzero"`
	Timestamp         *wire.Time `json:",omitzero"`
	CloudTrailEventId string     `json:",omitzero"`
	KmsRequestId      string     `json:",omitzero"`
}

// getKeyLastUsage reads a row of its own, beside that of the key: a use that is noted must not make
// the cached facts of the key stale.
func (s *Keys) getKeyLastUsage(_ *op.Call, _ KeyInput, k *key.Key) (GetKeyLastUsageOutput, error) {
	created := wire.Time{Time: k.Created}
	out := GetKeyLastUsageOutput{KeyId: k.ID, TrackingStartDate: created, KeyCreationDate: created}
	last, err := s.rows.LastUse(k.Ref())
	out.KeyLastUsage = KeyLastUsageData{Operation: last.Operation, Timestamp: wire.At(last.At),
		CloudTrailEventId: last.EventID, KmsRequestId: last.RequestID}
	return out, err
}
