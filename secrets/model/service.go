// Package model is Secrets Manager as its API model describes it: the service's names on the wire,
// the constraints of its shapes, what its members are for, and its errors.
package model

import "claviger/internal/op"

// SecretsManager is what the operations of this domain belong to.
var SecretsManager = &op.Service{
	Name:     "secretsmanager",
	Title:    "AWS Secrets Manager",
	Target:   "secretsmanager",
	Version:  "2017-10-17",
	Message:  "Message",
	Internal: "InternalServiceError",
	Down:     "InternalServiceError",
	NoStore:  true,
	Shapes:   shapes,
	Members:  members,
	Failures: failures,
	Answers:  answers,
	Records:  records,
}
