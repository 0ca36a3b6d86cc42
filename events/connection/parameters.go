package connection

// Parameters are how requests over a connection are authorized, with all secrets. They rest sealed,
// and are in clear only on their way to a request.
type Parameters struct {
	BasicAuthParameters      *BasicParameters          `json:",omitzero"`
	ApiKeyAuthParameters     *APIKeyParameters         `json:",omitzero"`
	OAuthParameters          *OAuthParameters          `json:",omitzero"`
	InvocationHttpParameters *ConnectionHttpParameters `json:",omitzero"`
}

// BasicParameters are a name and a password.
type BasicParameters struct{ Username, Password string }

// APIKeyParameters are a header and its value.
type APIKeyParameters struct{ ApiKeyName, ApiKeyValue string }

// OAuthParameters are credentials of a client, and where they are given for a token.
type OAuthParameters struct {
	ClientID, ClientSecret string
	AuthorizationEndpoint  string
	HttpMethod             string
	OAuthHttpParameters    *ConnectionHttpParameters `json:",omitzero"`
}

// ConnectionHttpParameters are added to requests. In requests to this service a member of a list
// may lack all of its own.
type ConnectionHttpParameters struct {
	HeaderParameters      []ConnectionHeaderParameter      `shape:"ConnectionHeaderParametersList" json:",omitempty"`
	QueryStringParameters []ConnectionQueryStringParameter `shape:"ConnectionQueryStringParametersList" json:",omitempty"`
	BodyParameters        []ConnectionBodyParameter        `shape:"ConnectionBodyParametersList" json:",omitempty"`
}

// ConnectionHeaderParameter is a header.
type ConnectionHeaderParameter struct {
	Key           *string `shape:"HeaderKey" json:",omitzero"`
	Value         *string `shape:"HeaderValueSensitive" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// ConnectionQueryStringParameter is a parameter behind the address.
type ConnectionQueryStringParameter struct {
	Key           *string `shape:"QueryStringKey" json:",omitzero"`
	Value         *string `shape:"QueryStringValueSensitive" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// ConnectionBodyParameter is a member of the body.
type ConnectionBodyParameter struct {
	Key           *string `shape:"String" json:",omitzero"`
	Value         *string `shape:"SensitiveString" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// ConnectionAuthResponseParameters is what of [Parameters] is no secret: AuthParameters of
// DescribeConnection.
type ConnectionAuthResponseParameters struct {
	BasicAuthParameters      *ConnectionBasicAuthResponseParameters  `json:",omitzero"`
	OAuthParameters          *ConnectionOAuthResponseParameters      `json:",omitzero"`
	ApiKeyAuthParameters     *ConnectionApiKeyAuthResponseParameters `json:",omitzero"`
	InvocationHttpParameters *ConnectionHttpParameters               `json:",omitzero"`
}

// ConnectionBasicAuthResponseParameters is a name without its password.
type ConnectionBasicAuthResponseParameters struct{ Username string }

// ConnectionApiKeyAuthResponseParameters is a header without its value.
type ConnectionApiKeyAuthResponseParameters struct{ ApiKeyName string }

// ConnectionOAuthResponseParameters is a client without its secret.
type ConnectionOAuthResponseParameters struct {
	ClientParameters      ConnectionOAuthClientResponseParameters
	AuthorizationEndpoint string
	HttpMethod            string
	OAuthHttpParameters   *ConnectionHttpParameters `json:",omitzero"`
}

// ConnectionOAuthClientResponseParameters is a client without its secret.
type ConnectionOAuthClientResponseParameters struct{ ClientID string }

// Type is the kind of authorization that the parameters are for, or nothing if they are for none or
// for several.
func (p *Parameters) Type() string {
	switch {
	case p.BasicAuthParameters != nil && p.ApiKeyAuthParameters == nil && p.OAuthParameters == nil:
		return Basic
	case p.BasicAuthParameters == nil && p.ApiKeyAuthParameters != nil && p.OAuthParameters == nil:
		return APIKey
	case p.BasicAuthParameters == nil && p.ApiKeyAuthParameters == nil && p.OAuthParameters != nil:
		return OAuth
	}
	return ""
}

// Shown leaves the secrets out.
func (p *Parameters) Shown() (s ConnectionAuthResponseParameters) {
	if b := p.BasicAuthParameters; b != nil {
		s.BasicAuthParameters = &ConnectionBasicAuthResponseParameters{Username: b.Username}
	}
	if a := p.ApiKeyAuthParameters; a != nil {
		s.ApiKeyAuthParameters = &ConnectionApiKeyAuthResponseParameters{ApiKeyName: a.ApiKeyName}
	}
	if o := p.OAuthParameters; o != nil {
		s.OAuthParameters = &ConnectionOAuthResponseParameters{
			ClientParameters:      ConnectionOAuthClientResponseParameters{ClientID: o.ClientID},
			AuthorizationEndpoint: o.AuthorizationEndpoint, HttpMethod: o.HttpMethod,
			OAuthHttpParameters: o.OAuthHttpParameters.shown()}
	}
	s.InvocationHttpParameters = p.InvocationHttpParameters.shown()
	return s
}

// shown leaves out the values that are secrets. AWS shows those that are not, and takes each that
// says nothing of it for one that is not.
func (h *ConnectionHttpParameters) shown() *ConnectionHttpParameters {
	if h == nil {
		return nil
	}
	s := &ConnectionHttpParameters{}
	for _, p := range h.HeaderParameters {
		p.Value = unlessSecret(p.Value, p.IsValueSecret)
		s.HeaderParameters = append(s.HeaderParameters, p)
	}
	for _, p := range h.QueryStringParameters {
		p.Value = unlessSecret(p.Value, p.IsValueSecret)
		s.QueryStringParameters = append(s.QueryStringParameters, p)
	}
	for _, p := range h.BodyParameters {
		p.Value = unlessSecret(p.Value, p.IsValueSecret)
		s.BodyParameters = append(s.BodyParameters, p)
	}
	return s
}

func unlessSecret(value *string, secret *bool) *string {
	if secret != nil && *secret {
		return nil
	}
	return value
}
