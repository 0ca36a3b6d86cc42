// Package model is Parameter Store as its API model describes it: the service's names on the wire,
// the constraints of its shapes, what its members are for, and its errors.
package model

import "claviger/internal/op"

// ParameterStore is what the operations of this domain belong to. On the wire it is AWS Systems
// Manager, of which there is nothing else here.
var ParameterStore = &op.Service{
	Name:     "ssm",
	Title:    "AWS Systems Manager Parameter Store",
	Target:   "AmazonSSM",
	Version:  "2014-11-06",
	Message:  "message",
	Spelled:  spelled,
	Internal: "InternalServerError",
	Down:     "InternalServerError",
	NoStore:  true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,

	Contended: tooManyUpdates,
}
