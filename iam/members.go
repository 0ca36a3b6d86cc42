package iam

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. The OpenAPI document and the page
// show them.
var members = shape.Sentences{
	"Account": "The account that the caller belongs to.",
	"Arn":     "The caller as an ARN, as policies name it.",
	"UserId":  "The caller's id, which nobody else gets even when names are used again.",
}
