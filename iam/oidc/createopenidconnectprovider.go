package oidc

import (
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/iam/webidentity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// CreateOpenIDConnectProviderInput is AWS's. Unlike there the URL may have a port, and plain http
// serves on loopback.
type CreateOpenIDConnectProviderInput struct {
	Url            string       `shape:"OpenIDConnectProviderUrlType,required"`
	ClientIDList   []string     `shape:"clientIDListType"`
	ThumbprintList []string     `shape:"thumbprintListType"`
	Tags           []entity.Tag `shape:"tagListType"`
}

// Validate implements [op.Input].
func (in CreateOpenIDConnectProviderInput) Validate() error {
	if err := tags.Check(in.Tags); err != nil {
		return err
	}
	if err := checkURL(in.Url); err != nil {
		return err
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return err
	}
	return checkClientIDs(in.ClientIDList)
}

// checkURL says in AWS's words what is wrong with an issuer's URL.
func checkURL(url string) error {
	const bad = "Invalid Open ID Connect Provider URL"
	scheme, _, ok := strings.Cut(url, "://")
	if !ok {
		return model.Invalid(bad)
	}
	_, err := webidentity.Name(url)
	switch {
	case err == nil:
		return nil
	case scheme != "https":
		return model.InvalidInput(bad + ". The URL must begin with https://.")
	}
	return model.InvalidInput(bad + ".").Because(err)
}

type CreateOpenIDConnectProviderOutput struct {
	OpenIDConnectProviderArn string
	Tags                     []entity.Tag `json:",omitempty"`
}

func (s *Providers) findCreate(c *op.Call, in CreateOpenIDConnectProviderInput) (provider, error) {
	values := model.TagValues(in.Tags)
	asked := []target.Asked{{Action: "CreateOpenIDConnectProvider", Values: values}}
	if len(in.Tags) > 0 {
		asked = append(asked, target.Asked{Action: "TagOpenIDConnectProvider", Values: values})
	}
	_, name, _ := strings.Cut(in.Url, "://")
	return s.kind.New(c, "/", name, asked...)
}

// create fetches nothing of the issuer: without thumbprints it is known by the authorities that are
// trusted for it.
func (s *Providers) create(c *op.Call, in CreateOpenIDConnectProviderInput, t provider) (
	op.Commit[CreateOpenIDConnectProviderOutput], error) {
	if t.Row != nil {
		return nil, model.EntityAlreadyExists("Provider with url %s already exists.", in.Url)
	}
	n, err := s.Directory.Providers.Count(c.Caller.Account)
	if err != nil {
		return nil, err
	}
	if n >= mostProviders {
		return nil, model.CannotExceed("OpenIdConnectProvidersPerAccount", mostProviders)
	}
	scheme, name, _ := strings.Cut(in.Url, "://")
	p := entity.NewProvider(c.Caller.Account, scheme, name, c.Time)
	p.ClientIDs, p.Thumbprints = once(in.ClientIDList), once(lower(in.ThumbprintList))
	p.Tags = domain.SortTags(in.Tags)
	insert, err := s.Directory.Providers.Insert(c, p)
	if err != nil {
		return nil, err
	}
	return op.Apply(insert, CreateOpenIDConnectProviderOutput{p.ARN(), p.Tags}), nil
}
