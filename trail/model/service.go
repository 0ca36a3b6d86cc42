// Package model is CloudTrail as its API model describes it: the service's names on the wire, the
// constraints of its shapes, what its members are for, and its errors.
package model

import "claviger/internal/op"

// CloudTrail is what the operations of this domain belong to.
var CloudTrail = &op.Service{
	Name:     "cloudtrail",
	Title:    "AWS CloudTrail",
	Target:   "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
	Version:  "2013-11-01",
	Message:  "Message",
	Internal: "InternalFailure",
	Down:     "ServiceUnavailable",
	NoStore:  true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,
	Records:  records,
}
