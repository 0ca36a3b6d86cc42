// Package model is EventBridge as its API model describes it: the service's names on the wire, the
// constraints of its shapes, what its members are for, and its errors.
package model

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// EventBridge is what the operations of this domain belong to.
var EventBridge = &op.Service{
	Name:     "events",
	Title:    "Amazon EventBridge",
	Target:   "AWSEvents",
	Version:  "2015-10-07",
	Message:  "message",
	Internal: "InternalException",
	Down:     "InternalException",
	NoStore:  true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,
	Records:  records,
	Refused:  refused,

	Contended: contended,
}

// contended is for those operations that the model has it for.
var contended = fault.New(fault.Conflict, "ConcurrentModificationException",
	"There is concurrent modification on a resource.")

// refused are members that belong to what isn't here.
var refused = op.Refused{
	"InvocationConnectivityParameters": "ValidationException",
	"EndpointId":                       "ValidationException",
}
