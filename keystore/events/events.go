// Package events is what KMS tells EventBridge: that a key has another material, that imported
// material is gone because its time was over, and that a key is gone.
//
// Members, their order and the words for them are those of the KMS developer guide ("Monitor KMS
// keys with Amazon EventBridge"). An event names the materials of a symmetric key alone, as all of
// KMS does.
package events

import (
	"time"

	"claviger/internal/outbox"
	"claviger/keystore/key"
)

const source = "aws.kms"

// The detail-types, by AWS's names, which still say CMK.
const (
	rotationType   = "KMS CMK Rotation"
	expirationType = "KMS Imported Key Material Expiration"
	deletionType   = "KMS CMK Deletion"
)

// rotation is the detail of a [rotationType].
type rotation struct {
	KeyID    string `json:"key-id"`
	Origin   string `json:"key-origin"`
	Type     string `json:"rotation-type"` // AUTOMATIC or ON_DEMAND
	Previous string `json:"previous-key-material-id"`
	Current  string `json:"current-key-material-id"`
}

// expiration is the detail of an [expirationType].
type expiration struct {
	KeyID    string `json:"key-id"`
	Material string `json:"key-material-id,omitzero"`
}

// deletion is the detail of a [deletionType].
type deletion struct {
	KeyID string `json:"key-id"`
}

// Rotated tells of the change of a key that gives it another current material, if this one does:
// the first material is no rotation. A related key follows its primary without an event of its own,
// as AWS's, whose trail calls that SynchronizeMultiRegionKey.
func Rotated(from, to *key.Key) []outbox.Event {
	m := to.Materials[to.MaterialID]
	isRotated := m.RotationType == key.RotationAutomatic || m.RotationType == key.RotationOnDemand
	if from.MaterialID == "" || from.MaterialID == to.MaterialID || !isRotated {
		return nil
	}
	return []outbox.Event{about(to, m.Rotated, rotationType, rotation{KeyID: to.ID,
		Origin: to.Origin, Type: m.RotationType, Previous: from.MaterialID, Current: to.MaterialID})}
}

// Expired tells that imported material was deleted at a moment, since its time was over.
func Expired(k *key.Key, m key.Material, at time.Time) outbox.Event {
	detail := expiration{KeyID: k.ID}
	if k.IsSymmetric() {
		detail.Material = m.ID
	}
	return about(k, at, expirationType, detail)
}

// Deleted tells that a key was deleted at a moment: its window is over.
func Deleted(k *key.Key, at time.Time) outbox.Event {
	return about(k, at, deletionType, deletion{KeyID: k.ID})
}

func about(k *key.Key, at time.Time, detailType string, detail any) outbox.Event {
	return outbox.Event{Account: k.Account, Region: k.Region, Source: source, DetailType: detailType,
		Resources: []string{k.ARN()}, Time: at, Detail: detail}
}
