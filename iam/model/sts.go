package model

import (
	"claviger/internal/op"
	"claviger/internal/shape"
)

// STS is asked in the Region that a request is signed for.
var STS = &op.Service{
	Name: "sts", Title: "AWS Security Token Service", Version: "2011-06-15",
	XML:      "https://sts.amazonaws.com/doc/2011-06-15/",
	Internal: "InternalFailure", Down: "ServiceUnavailable", NoStore: true,
	Shapes: stsShapes, Members: stsMembers, Answers: stsAnswers,
}

// stsShapes are the constraints of STS's model, API version 2011-06-15, by AWS shape name.
var stsShapes = shape.Table{}

// stsMembers say what each member of STS is for, as members does for IAM.
var stsMembers = shape.Sentences{
	"Account": "The account that the caller belongs to.",
	"Arn":     "The caller as an ARN, as policies name it.",
	"UserId":  "The caller's id, which nobody else gets even when names are used again.",
}

// stsAnswers say which errors each operation of STS may answer, as answers does for IAM.
var stsAnswers = op.Answers{"GetCallerIdentity": ""}
