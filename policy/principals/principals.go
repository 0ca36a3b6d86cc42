// Package principals rewrites the names of principals in the text of a policy. A policy is stored
// with the unique ids of users and roles, so that who is made again under a name of before is
// somebody else, and read with their names.
package principals

import (
	"errors"
	"io"
	"strings"

	"claviger/policy"

	"github.com/go-json-experiment/json/jsontext"
)

// Store returns a policy as it is stored: with a unique id in the place of the ARN of
// each user and role that is a principal, as id tells it. Every other byte stays.
func Store(text string, id func(arn string) (string, error)) (string, error) {
	return eachPrincipal(text, func(name string) (string, error) {
		if !HaveUniqueID(name) {
			return name, nil
		}
		return id(name)
	})
}

// Show returns a stored policy as it is read: arn tells what to call who has a unique id.
func Show(text string, arn func(id string) (string, error)) (string, error) {
	return eachPrincipal(text, func(name string) (string, error) {
		if !policy.IsUniqueID(name) {
			return name, nil
		}
		return arn(name)
	})
}

// HaveUniqueID reports whether a principal is named by the ARN of a user or a role: they have
// unique ids.
func HaveUniqueID(name string) bool {
	parts := strings.SplitN(name, ":", 6)
	return policy.IsPrincipal(name) && parts[2] == "iam" && parts[5] != "root"
}

// errText says that a text is no document. Whoever parsed it before does not see this.
var errText = errors.New("the text of the policy is no JSON")

// eachPrincipal puts other names in the place of the AWS principals of a document, and leaves the
// rest of the text as it was written.
func eachPrincipal(text string, name func(string) (string, error)) (string, error) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	var out strings.Builder
	written := 0
	for {
		if d.PeekKind() != '"' {
			if _, err := d.ReadToken(); errors.Is(err, io.EOF) {
				out.WriteString(text[written:])
				return out.String(), nil
			} else if err != nil {
				return "", errText
			}
			continue
		}
		raw, err := d.ReadValue()
		if err != nil {
			return "", errText
		}
		if !namesPrincipal(d) {
			continue
		}
		old, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return "", errText
		}
		changed, err := name(string(old))
		if err != nil {
			return "", err
		}
		if changed == string(old) {
			continue
		}
		quoted, err := jsontext.AppendQuote(nil, changed)
		if err != nil {
			return "", err
		}
		end := int(d.InputOffset())
		out.WriteString(text[written : end-len(raw)])
		out.Write(quoted)
		written = end
	}
}

// namesPrincipal reports whether the text that was read last is an AWS principal. Within an object
// an odd number of texts means that the last one is a name.
func namesPrincipal(d *jsontext.Decoder) bool {
	if kind, n := d.StackIndex(d.StackDepth()); kind == '{' && n%2 == 1 {
		return false
	}
	var path []string
	for token := range d.StackPointer().Tokens() {
		if strings.Trim(token, "0123456789") != "" { // a place in a list is no name
			path = append(path, token)
		}
	}
	return len(path) == 3 && path[0] == "Statement" &&
		(path[1] == "Principal" || path[1] == "NotPrincipal") && path[2] == "AWS"
}
