// Package model is KMS as its API model describes it: the service's names on the wire, and the
// constraints of its shapes.
package model

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

// KMS is what the operations of this domain belong to. SDKs decode a typed error by the exact
// spelling of its message member, which is small here and not so everywhere. They try again after
// what Internal and Down say. Answers hold plaintexts and keys, so that no cache may keep them.
var KMS = &op.Service{
	Name: "kms", Title: "AWS Key Management Service", Target: "TrentService", Version: "2014-11-01",
	Message:  "message",
	Internal: "KMSInternalException", Down: "KeyUnavailableException",
	Uncertain: "DependencyTimeoutException", NoStore: true, Shapes: Shapes,
	Failures: failures, Answers: answers, Refused: refused,
	Members: members, Changed: key.Changed, Records: records,
}
