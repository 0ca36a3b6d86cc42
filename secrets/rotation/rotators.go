package rotation

import (
	"slices"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

// Rotator is one that the server's configuration declares. It changes credentials by itself, or is
// a function of the site's own: one of Target and Function is set.
type Rotator struct {
	Name     string   // in arn:aws:lambda:REGION:ACCOUNT:function:NAME
	Accounts []string // whose secrets it rotates
	Type     string   // of the managed external secrets that it rotates, or nothing

	Target     rotator.Target
	Superusers []string // ARNs of the secrets that masterarn may name

	Function rotator.Function
}

// Rotators are all that are declared.
type Rotators []Rotator

// ErrNotInvokable is AWS's answer to a function that isn't there, and to one that Secrets Manager
// may not invoke.
var ErrNotInvokable = fault.New(fault.Denied, "AccessDeniedException", "Secrets Manager cannot "+
	"invoke the specified Lambda function. Ensure that the function policy grants access to the "+
	"principal secretsmanager.amazonaws.com.")

// functionPrefix stands before a function's name in its ARN.
const functionPrefix = "function:"

// named returns the rotator that an ARN names for a secret, or nil. A qualifier behind the name, of
// a version or an alias, is the function's own affair.
func (r Rotators) named(arn string, s *secret.Secret) *Rotator {
	a, ok := domain.ParseARN(arn)
	if !ok || a.Service != "lambda" {
		return nil
	}
	name, ok := strings.CutPrefix(a.Resource, functionPrefix)
	name, _, _ = strings.Cut(name, ":")
	if !ok || a.Region != s.Region || a.Account != s.Account {
		return nil
	}
	return r.find(s, func(r *Rotator) bool { return r.Name == name })
}

// ofType returns the rotator of a type of managed external secrets, or nil.
func (r Rotators) ofType(s *secret.Secret) *Rotator {
	return r.find(s, func(r *Rotator) bool { return s.Type != "" && r.Type == s.Type })
}

// Has reports whether there is a rotator for a type of managed external secrets in an account.
func (r Rotators) Has(account, kind string) bool {
	return r.ofType(&secret.Secret{Account: account, Type: kind}) != nil
}

func (r Rotators) find(s *secret.Secret, is func(*Rotator) bool) *Rotator {
	for i := range r {
		if is(&r[i]) && slices.Contains(r[i].Accounts, s.Account) {
			return &r[i]
		}
	}
	return nil
}

// of returns the rotator that a secret is rotated by, or nil if the configuration has it no more.
func (r Rotators) of(s *secret.Secret) *Rotator {
	if s.Rotation.Function != "" {
		return r.named(s.Rotation.Function, s)
	}
	return r.ofType(s)
}
