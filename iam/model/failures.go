package model

import "claviger/internal/op"

// failures are the errors of IAM by AWS's names.
var failures = op.Failures{}

// answers say which of the errors each operation may answer. What isn't said fails the tests that
// see it, and what is said has to be seen by one: package servicetest.
var answers = op.Answers{}
