// Package model is IAM and STS as their API models describe them: the services' names on the wire,
// the constraints of their shapes, what their members are for, and their errors.
package model

import "claviger/internal/op"

// IAM has no Region of its own: what it records is recorded in us-east-1, as CloudTrail does.
var IAM = &op.Service{
	Name: "iam", Title: "AWS Identity and Access Management", Version: "2010-05-08",
	XML:      "https://iam.amazonaws.com/doc/2010-05-08/",
	Internal: "ServiceFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: shapes, Words: words, Members: members, Failures: failures, Answers: answers,
	Records: records,
}
