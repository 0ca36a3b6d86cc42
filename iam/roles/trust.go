package roles

import (
	"errors"
	"slices"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/policy/principals"
)

// trust checks a trust policy and returns it as it is stored. Whom it names has to be there.
func (s *Roles) trust(c *op.Call, text string) (string, error) {
	d, err := policy.ParseTrust(text)
	if err != nil {
		return "", model.MalformedPolicyDocument(err)
	}
	if err := s.CheckKeys(c, d); err != nil {
		return "", err
	}
	for i := range d.Statements {
		for _, p := range []*policy.Principals{d.Statements[i].Principal,
			d.Statements[i].NotPrincipal} {
			if err := s.federated(c, p); err != nil {
				return "", err
			}
		}
	}
	stored, err := principals.Store(text, func(arn string) (string, error) {
		id, err := s.UniqueID(c, arn)
		if errors.Is(err, domain.ErrNobody) {
			err = model.MalformedPolicyDocument(policy.InvalidTrust("AWS", arn))
		}
		return id, err
	})
	if err == nil && policy.Size(text) > policy.TrustLimit {
		err = model.CannotExceed("ACLSizePerRole", policy.TrustLimit)
	}
	return stored, err
}

// wellKnown are identity providers that need no entity.
var wellKnown = []string{"accounts.google.com", "www.amazon.com", "graph.facebook.com",
	"cognito-identity.amazonaws.com"}

// federated refuses a provider that isn't there. None of SAML is. Another account's could vouch for
// nobody here, so that whether it is there is not looked at: nobody is told.
func (s *Roles) federated(c *op.Call, p *policy.Principals) error {
	if p == nil {
		return nil
	}
	for _, provider := range p.Federated {
		if slices.Contains(wellKnown, provider) {
			continue
		}
		account, kind, _, name, ok := entity.ParseARN(provider)
		if ok && kind == "oidc-provider" && account == c.Caller.Account {
			found, err := s.Providers.ByName(c, account, name)
			if err != nil {
				return err
			}
			if found != nil && found.ARN() == provider {
				continue
			}
		}
		return model.MalformedPolicyDocument(policy.InvalidTrust("FEDERATED", provider))
	}
	return nil
}
