// Package model is Parameter Store as its API model describes it: the service's names on the wire,
// the constraints of its shapes, what its members are for, and its errors.
package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

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
	Object:   true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,
	Records:  records,

	Contended: tooManyUpdates,
}

// tooManyUpdates is for those operations that the model has it for. Where it has it not, to delete
// for one, others who were faster are ThrottlingException. Settings are overwritten whatever they
// were, so that nobody loses a race there.
var tooManyUpdates = fault.New(fault.Conflict, "TooManyUpdates", "There are concurrent updates "+
	"for a resource that supports one update at a time.")
