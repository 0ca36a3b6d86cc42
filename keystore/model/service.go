// Package model is KMS as its API model describes it: the service's names on the wire, and the
// constraints of its shapes.
package model

import "claviger/internal/op"

// KMS is what the operations of this domain belong to.
var KMS = &op.Service{
	Name: "kms", Title: "AWS Key Management Service", Target: "TrentService", Version: "2014-11-01",
	Message:  "message",
	Internal: "KMSInternalException", Down: "KeyUnavailableException", NoStore: true, Shapes: Shapes,
}
