package policy

import "slices"

// Resource policies in the words of Secrets Manager.
const (
	ErrSecretSyntax    Malformed = "This resource policy contains a syntax error."
	ErrSecretPrincipal Malformed = "This resource policy contains an unsupported principal."
	ErrSecretService   Malformed = "This resource policy contains an invalid service principal."
)

// ParseSecret reads the resource policy of a secret: each statement names its principals. Its texts
// are those of PutResourcePolicy. A principal that doesn't exist is [ErrSecretPrincipal], which is
// for the caller to find out.
func ParseSecret(text string) (*Document, error) {
	raw, err := decode(text)
	if err != nil || !isPrintable(text) {
		return nil, ErrSecretSyntax
	}
	for _, s := range raw.Statement {
		for _, p := range []*Principals{s.Principal, s.NotPrincipal} {
			kind, _ := p.invalid()
			switch {
			case kind == "SERVICE":
				return nil, ErrSecretService
			case kind != "", p != nil && slices.ContainsFunc(p.AWS, IsUniqueID):
				return nil, ErrSecretPrincipal
			}
		}
		if s.Principal == nil && s.NotPrincipal == nil {
			return nil, ErrSecretSyntax
		}
	}
	d, err := raw.document(false)
	if err != nil || raw.checkLegacy() != nil || raw.checkResources() != nil {
		return nil, ErrSecretSyntax
	}
	return d, nil
}
