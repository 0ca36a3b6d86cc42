// Package oidc performs IAM's operations on identity providers of OpenID Connect: which issuers an
// account trusts, and for which audiences. Their tokens are verified in package webidentity.
package oidc

import (
	"encoding/hex"
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Providers performs the operations. [New] makes it.
type Providers struct {
	target.Entities
	kind target.Kind[entity.Provider]
}

// New returns the identity providers among entities.
func New(e target.Entities) *Providers {
	return &Providers{Entities: e, kind: target.Kind[entity.Provider]{
		Word: "oidc-provider",
		Find: func(c *op.Call, name string) (*entity.Provider, error) {
			return e.Providers.ByName(c, c.Caller.Account, name)
		},
		Facts: func(p *entity.Provider) target.Facts {
			return target.Facts{ARN: p.ARN(), Tags: p.Tags}
		},
		Absent: func(arn string) error {
			return model.NoSuchEntity("OpenIDConnect Provider not found for arn %s", arn)
		},
	}}
}

// Operations is the table of contents.
func (s *Providers) Operations() []op.Operation {
	const all = "/v1/iam/oidc-providers"
	const one = all + "/{OpenIDConnectProviderArn...}"
	iam := domain.Routes{Service: model.IAM}
	providers := iam.Of(all, "OpenIDConnectProviderArn")
	return []op.Operation{
		op.Write(iam.Post("CreateOpenIDConnectProvider", all,
			"Makes an issuer of tokens known, whose tokens roles may then be assumed with.").
			Makes(all+"/{OpenIDConnectProviderArn}"), s.findCreate, s.create),
		op.Read(iam.Get("GetOpenIDConnectProvider", one, "Returns an identity provider."),
			s.findGet, s.get),
		domain.ReadAccount(iam.Get("ListOpenIDConnectProviders", all,
			"Lists the identity providers of the account."), s.list),
		op.Write(iam.Delete("DeleteOpenIDConnectProvider", one,
			"Deletes an identity provider: no role is assumed with its tokens any more."),
			s.findDelete, s.delete),
		op.Write(providers.Post("AddClientIDToOpenIDConnectProvider", "client-ids",
			"Trusts an identity provider's tokens for one more audience."), s.findAdd, s.add),
		op.Write(providers.Delete("RemoveClientIDFromOpenIDConnectProvider", "client-ids",
			"Trusts an identity provider's tokens for an audience no longer."),
			s.findRemove, s.remove),
		op.Write(providers.Put("UpdateOpenIDConnectProviderThumbprint", "thumbprints",
			"Replaces the certificates that an identity provider is known by."),
			s.findThumbprints, s.updateThumbprints),
		op.Write(providers.Post("TagOpenIDConnectProvider", "tags",
			"Puts tags on an identity provider."), s.findTag, s.tag),
		op.Write(providers.Delete("UntagOpenIDConnectProvider", "tags",
			"Takes tags off an identity provider."), s.findUntag, s.untag),
		op.Read(providers.Get("ListOpenIDConnectProviderTags", "tags",
			"Lists the tags of an identity provider."), s.findTags, s.listTags),
	}
}

// provider is the target of an operation on one provider.
type provider = target.Entity[entity.Provider]

// named is the provider of an ARN.
func (s *Providers) named(c *op.Call, action, arn string, values policy.Values) (provider, error) {
	return s.kind.ByARN(c, arn, target.Asked{Action: action, Values: values})
}

// tags are the rules of providers' tags.
var tags = model.Tags{}

// AWS's quotas.
const (
	mostProviders   = 100
	mostClientIDs   = 100
	mostThumbprints = 5
)

// checkClientIDs holds audiences to the quota.
func checkClientIDs(ids []string) error {
	if len(ids) > mostClientIDs {
		return model.CannotExceed("ClientIdsPerOpenIdConnectProvider", mostClientIDs)
	}
	return nil
}

// once returns a list without what stands in it twice.
func once(list []string) []string {
	out := []string{}
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// checkThumbprints holds a list of thumbprints to AWS's rules.
func checkThumbprints(list []string) error {
	for _, t := range list {
		if _, err := hex.DecodeString(t); err != nil {
			return model.InvalidInput("Thumbprint must be exactly 40 characters.")
		}
	}
	if len(list) > mostThumbprints {
		return model.InvalidInput("Thumbprint list must contain fewer than 5 entries.")
	}
	return nil
}

// lower returns thumbprints as they are kept.
func lower(list []string) []string {
	out := []string{}
	for _, t := range list {
		out = append(out, strings.ToLower(t))
	}
	return out
}
