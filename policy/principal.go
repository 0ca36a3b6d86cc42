package policy

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Principals is a Principal or NotPrincipal element.
type Principals struct {
	Everyone  bool     // "*"
	AWS       []string // "*", numbers of accounts, ARNs
	Service   []string // names of services
	Federated []string // names or ARNs of identity providers
}

// What is wrong with a principal.
const (
	ErrPrincipal    Malformed = "Policy contains a statement with one or more invalid principals."
	ErrPrincipalARN Malformed = "A principal's ARN is invalid."
)

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (p *Principals) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '"' {
		t, err := d.ReadToken()
		p.Everyone = true
		if err == nil && t.String() != "*" {
			p.AWS = []string{t.String()} // no form of the element: check refuses it
		}
		return err
	}
	if d.PeekKind() != '{' {
		return errType
	}
	var raw struct{ AWS, Service, Federated many[word] }
	err := json.UnmarshalDecode(d, &raw)
	p.AWS, p.Service, p.Federated = texts(raw.AWS), texts(raw.Service), texts(raw.Federated)
	return err
}

// check holds the principals to their forms. That they exist is not looked at.
func (p *Principals) check() error {
	switch {
	case p == nil:
		return nil
	case !p.Everyone && len(p.AWS)+len(p.Service)+len(p.Federated) == 0:
		return ErrNoPrincipal
	case p.Everyone && p.AWS != nil:
		return ErrPrincipal
	}
	for _, a := range p.AWS {
		switch {
		case strings.HasPrefix(a, "arn:") && !IsPrincipal(a):
			return ErrPrincipalARN
		case !strings.HasPrefix(a, "arn:") && a != "*" && !isAccount(a):
			return ErrPrincipal
		}
	}
	if slices.ContainsFunc(p.Service, func(s string) bool { return !IsService(s) }) ||
		slices.Contains(p.Federated, "") {
		return ErrPrincipal
	}
	return nil
}

// IsPrincipal reports whether arn is the ARN of an account, a user, a role, or a session of one:
// what may be named in a policy or be given a grant. A group is no principal.
func IsPrincipal(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[3] != "" ||
		!isAccount(parts[4]) {
		return false
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	switch parts[2] + ":" + kind {
	case "iam:root":
		return parts[5] == "root"
	case "iam:user", "iam:role", "sts:federated-user":
		return isName(name)
	case "sts:assumed-role":
		return isName(name) && strings.Count(name, "/") == 1
	}
	return false
}

// isName reports whether s is a name of IAM with its path: no part of it empty.
func isName(s string) bool {
	return consists(s, "_+=,.@-/") && !slices.Contains(strings.Split(s, "/"), "")
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// IsService reports whether s has the form of a service's name: secretsmanager.amazonaws.com.
func IsService(s string) bool {
	return consists(s, ".-") && strings.Count(s, ".") >= 2 &&
		!slices.Contains(strings.Split(s, "."), "")
}

// rootARN is the ARN that stands for an account as a whole.
func rootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

// include reports whether c is one of the principals: by itself, by its account, or as everybody.
func (p *Principals) include(c *Caller) bool {
	if c.Type == Service {
		return p.Everyone || slices.Contains(p.Service, c.PrincipalID)
	}
	return p.Everyone || slices.ContainsFunc(p.AWS, func(a string) bool {
		return a == "*" || a == c.ARN || a == c.Account || a == rootARN(c.Account)
	})
}
