package events

import (
	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// UpdateConnectionInput says what shall be different of a connection.
type UpdateConnectionInput struct {
	Name              string                                 `shape:"ConnectionName,required"`
	Description       *string                                `shape:"ConnectionDescription"`
	AuthorizationType *string                                `shape:"ConnectionAuthorizationType"`
	AuthParameters    *UpdateConnectionAuthRequestParameters `shape:"UpdateConnectionAuthRequestParameters"`
	KmsKeyIdentifier  *string                                `shape:"KmsKeyIdentifier"`

	InvocationConnectivityParameters *ConnectivityResourceParameters `shape:"ConnectivityResourceParameters"` // refused
}

// Validate implements [op.Input].
func (in UpdateConnectionInput) Validate() error {
	var token *ConnectivityResourceParameters
	if in.AuthParameters != nil {
		token = in.AuthParameters.ConnectivityParameters
	}
	return publicly(in.InvocationConnectivityParameters, token)
}

// UpdateConnectionAuthRequestParameters have what is to be different of the parameters.
type UpdateConnectionAuthRequestParameters struct {
	BasicAuthParameters      *UpdateConnectionBasicAuthRequestParameters  `shape:"UpdateConnectionBasicAuthRequestParameters"`
	OAuthParameters          *UpdateConnectionOAuthRequestParameters      `shape:"UpdateConnectionOAuthRequestParameters"`
	ApiKeyAuthParameters     *UpdateConnectionApiKeyAuthRequestParameters `shape:"UpdateConnectionApiKeyAuthRequestParameters"`
	InvocationHttpParameters *connection.ConnectionHttpParameters         `shape:"ConnectionHttpParameters"`
	ConnectivityParameters   *ConnectivityResourceParameters              `shape:"ConnectivityResourceParameters"` // refused
}

// UpdateConnectionBasicAuthRequestParameters are a name and a password.
type UpdateConnectionBasicAuthRequestParameters struct {
	Username *string `shape:"AuthHeaderParameters"`
	Password *string `shape:"AuthHeaderParametersSensitive"`
}

// UpdateConnectionApiKeyAuthRequestParameters are a header and its value.
type UpdateConnectionApiKeyAuthRequestParameters struct {
	ApiKeyName  *string `shape:"AuthHeaderParameters"`
	ApiKeyValue *string `shape:"AuthHeaderParametersSensitive"`
}

// UpdateConnectionOAuthRequestParameters are a client, and where it gets a token.
type UpdateConnectionOAuthRequestParameters struct {
	ClientParameters      *UpdateConnectionOAuthClientRequestParameters `shape:"UpdateConnectionOAuthClientRequestParameters"`
	AuthorizationEndpoint *string                                       `shape:"HttpsEndpoint"`
	HttpMethod            *string                                       `shape:"ConnectionOAuthHttpMethod"`
	OAuthHttpParameters   *connection.ConnectionHttpParameters          `shape:"ConnectionHttpParameters"`
}

// UpdateConnectionOAuthClientRequestParameters are a client's id and secret.
type UpdateConnectionOAuthClientRequestParameters struct {
	ClientID     *string `shape:"AuthHeaderParameters"`
	ClientSecret *string `shape:"AuthHeaderParametersSensitive"`
}

func (in UpdateConnectionInput) connectionName() string { return in.Name }

// UpdateConnectionOutput is the connection's state.
type UpdateConnectionOutput struct {
	ConnectionArn      string
	ConnectionState    string
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime *wire.Time `json:",omitzero"`
}

func stateOf(c *connection.Connection, state string) UpdateConnectionOutput {
	return UpdateConnectionOutput{ConnectionArn: c.ARN(), ConnectionState: state,
		CreationTime: wire.Time{Time: c.Created}, LastModifiedTime: wire.Time{Time: c.Modified},
		LastAuthorizedTime: wire.At(c.Authorized)}
}

// updateConnection changes what is given. Of parameters of the same kind the rest stays as it was,
// which takes opening them as the caller.
func (s *Events) updateConnection(c *op.Call, in UpdateConnectionInput,
	t *connectionTarget) (op.Commit[UpdateConnectionOutput], error) {
	before := t.connection
	after := before.Next(func(n *connection.Connection) {
		n.Description = domain.Or(in.Description, n.Description)
		n.Type = domain.Or(in.AuthorizationType, n.Type)
		n.KeyID = domain.Or(in.KmsKeyIdentifier, n.KeyID)
		n.Modified = c.Time
	})
	if in.AuthParameters == nil && after.Type != before.Type {
		return nil, eventfault.BadParameter("AuthParameters",
			"Another AuthorizationType takes parameters of its own.")
	}
	if in.AuthParameters != nil || after.KeyID != before.KeyID && before.KeyARN != "" {
		if err := s.reseal(c, in.AuthParameters, before, after); err != nil {
			return nil, err
		}
	}
	change, err := s.connections.ChangeConnection(c, before, after)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, stateOf(after, after.State)), nil
}

// reseal seals the parameters anew, with what is to be different.
func (s *Events) reseal(c *op.Call, given *UpdateConnectionAuthRequestParameters,
	before, after *connection.Connection) error {
	p := connection.Parameters{}
	if before.KeyARN != "" {
		opened, err := s.unseal(c, before)
		if err != nil {
			return err
		}
		p = *opened
	}
	if after.Type != before.Type {
		p = connection.Parameters{InvocationHttpParameters: p.InvocationHttpParameters}
	}
	if given != nil {
		given.over(&p)
	}
	if err := checkParameters(&p, after.Type); err != nil {
		return err
	}
	if !complete(&p) {
		return eventfault.BadParameter("AuthParameters",
			"What the connection has not yet can't be left out.")
	}
	after.State, after.Reason, after.Authorized = connection.Authorized, "", c.Time
	return s.seal(c, after, &p)
}

// over puts what is given over what there is.
func (a *UpdateConnectionAuthRequestParameters) over(p *connection.Parameters) {
	if b := a.BasicAuthParameters; b != nil {
		was := domain.Or(p.BasicAuthParameters, connection.BasicParameters{})
		p.BasicAuthParameters = &connection.BasicParameters{
			Username: domain.Or(b.Username, was.Username), Password: domain.Or(b.Password, was.Password)}
	}
	if k := a.ApiKeyAuthParameters; k != nil {
		was := domain.Or(p.ApiKeyAuthParameters, connection.APIKeyParameters{})
		p.ApiKeyAuthParameters = &connection.APIKeyParameters{
			ApiKeyName:  domain.Or(k.ApiKeyName, was.ApiKeyName),
			ApiKeyValue: domain.Or(k.ApiKeyValue, was.ApiKeyValue)}
	}
	if o := a.OAuthParameters; o != nil {
		is := domain.Or(p.OAuthParameters, connection.OAuthParameters{})
		if o.ClientParameters != nil {
			is.ClientID = domain.Or(o.ClientParameters.ClientID, is.ClientID)
			is.ClientSecret = domain.Or(o.ClientParameters.ClientSecret, is.ClientSecret)
		}
		is.AuthorizationEndpoint = domain.Or(o.AuthorizationEndpoint, is.AuthorizationEndpoint)
		is.HttpMethod = domain.Or(o.HttpMethod, is.HttpMethod)
		if o.OAuthHttpParameters != nil {
			is.OAuthHttpParameters = o.OAuthHttpParameters
		}
		p.OAuthParameters = &is
	}
	if a.InvocationHttpParameters != nil {
		p.InvocationHttpParameters = a.InvocationHttpParameters
	}
}

// complete reports whether nothing lacks that a kind of authorization needs.
func complete(p *connection.Parameters) bool {
	switch {
	case p.BasicAuthParameters != nil:
		return p.BasicAuthParameters.Username != "" && p.BasicAuthParameters.Password != ""
	case p.ApiKeyAuthParameters != nil:
		return p.ApiKeyAuthParameters.ApiKeyName != "" && p.ApiKeyAuthParameters.ApiKeyValue != ""
	case p.OAuthParameters != nil:
		o := p.OAuthParameters
		return o.ClientID != "" && o.ClientSecret != "" && o.AuthorizationEndpoint != "" &&
			o.HttpMethod != ""
	}
	return false
}
