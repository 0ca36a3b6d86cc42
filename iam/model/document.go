package model

import (
	"net/url"
	"strings"
)

// Document is the text of a policy as IAM answers it: percent-encoded by RFC 3986, every reserved
// character and each blank as %20.
type Document string

// DocumentOf encodes the text of a policy.
func DocumentOf(text string) Document {
	return Document(strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))
}
