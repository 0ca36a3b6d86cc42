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
	AWS       []string // "*", numbers of accounts, ARNs, unique ids of users and roles
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
	kind, name := p.invalid()
	switch {
	case kind == "":
		return nil
	case p.isEmpty():
		return ErrNoPrincipal
	case kind == "AWS" && !p.Everyone && strings.HasPrefix(name, "arn:"):
		return ErrPrincipalARN
	}
	return ErrPrincipal
}

// isEmpty reports whether nobody is named.
func (p *Principals) isEmpty() bool {
	return !p.Everyone && len(p.AWS)+len(p.Service)+len(p.Federated) == 0
}

// invalid returns the first principal that has no form of one, and its kind; no kind if all do.
func (p *Principals) invalid() (kind, name string) {
	switch {
	case p == nil:
		return "", ""
	case p.Everyone && p.AWS != nil:
		return "AWS", p.AWS[0]
	case p.isEmpty():
		return "AWS", ""
	}
	for _, a := range p.AWS {
		if a != "*" && !isAccount(a) && !IsUniqueID(a) && !IsPrincipal(a) {
			return "AWS", a
		}
	}
	for _, s := range p.Service {
		if !IsService(s) {
			return "SERVICE", s
		}
	}
	if slices.Contains(p.Federated, "") {
		return "FEDERATED", ""
	}
	return "", ""
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

// hasUniqueID reports whether somebody is named by unique id.
func (p *Principals) hasUniqueID() bool {
	return p != nil && slices.ContainsFunc(p.AWS, IsUniqueID)
}

// IsUniqueID reports whether s has the form of a user's or role's unique id.
func IsUniqueID(s string) bool {
	return len(s) >= 20 && len(s) <= 128 && (strings.HasPrefix(s, "AIDA") || strings.HasPrefix(s,
		"AROA")) && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
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

// name says in which ways the principals name a caller; zero if they don't. A principal is named by
// its unique id, too: that is what a stored policy holds of it.
func (p *Principals) name(c *Caller) namedBy {
	var by namedBy
	if p.Everyone {
		by = byEveryone
	}
	if c.Type == Service {
		if slices.Contains(p.AWS, "*") {
			by = byEveryone
		}
		if slices.Contains(p.Service, c.PrincipalID) {
			by |= byItself
		}
		return by
	}
	for _, a := range p.AWS {
		switch a {
		case "*":
			by |= byEveryone
		case c.Account:
			by |= byAccount
		case c.ARN:
			by |= c.byARN()
		case c.Role:
			by |= byRole
		case c.UniqueID:
			by |= c.byUniqueID()
		default:
			if isRootOf(a, c.Account) {
				by |= byAccount
			}
		}
	}
	if c.Session != nil && c.Session.Provider != "" &&
		slices.Contains(p.Federated, c.Session.Provider) {
		by |= byProvider
	}
	return by
}

// byARN: root's own ARN is that of its account.
func (c *Caller) byARN() namedBy {
	if c.Type == Root {
		return byAccount
	}
	return byItself
}

// byUniqueID: the unique id of a session is its role's. A federated user is not the user whose
// token it has.
func (c *Caller) byUniqueID() namedBy {
	switch c.Type {
	case AssumedRole:
		return byRole
	case IAMUser:
		return byItself
	}
	return 0
}

// isRootOf reports whether arn is that of an account as a whole, without making one.
func isRootOf(arn, account string) bool {
	const prefix, suffix = "arn:aws:iam::", ":root"
	return len(arn) == len(prefix)+len(account)+len(suffix) && strings.HasPrefix(arn, prefix) &&
		strings.HasSuffix(arn, suffix) && arn[len(prefix):len(prefix)+len(account)] == account
}
