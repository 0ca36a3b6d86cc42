package connection

// Parameters are how requests over a connection are authorized, with all secrets. They rest sealed,
// and are in clear only on their way to a request.
type Parameters struct {
	BasicAuthParameters      *BasicParameters  `json:",omitzero"`
	ApiKeyAuthParameters     *APIKeyParameters `json:",omitzero"`
	OAuthParameters          *OAuthParameters  `json:",omitzero"`
	InvocationHttpParameters *HTTPParameters   `json:",omitzero"`
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
	OAuthHttpParameters    *HTTPParameters `json:",omitzero"`
}

// HTTPParameters are added to requests. In requests to this service a member of a list may lack all
// of its own.
type HTTPParameters struct {
	HeaderParameters      []HeaderParameter `shape:"ConnectionHeaderParametersList" json:",omitempty"`
	QueryStringParameters []QueryParameter  `shape:"ConnectionQueryStringParametersList" json:",omitempty"`
	BodyParameters        []BodyParameter   `shape:"ConnectionBodyParametersList" json:",omitempty"`
}

// HeaderParameter is a header.
type HeaderParameter struct {
	Key           *string `shape:"HeaderKey" json:",omitzero"`
	Value         *string `shape:"HeaderValueSensitive" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// QueryParameter is a parameter behind the address.
type QueryParameter struct {
	Key           *string `shape:"QueryStringKey" json:",omitzero"`
	Value         *string `shape:"QueryStringValueSensitive" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// BodyParameter is a member of the body.
type BodyParameter struct {
	Key           *string `shape:"String" json:",omitzero"`
	Value         *string `shape:"SensitiveString" json:",omitzero"`
	IsValueSecret *bool   `shape:"Boolean" json:",omitzero"`
}

// Shown is what of [Parameters] is no secret: AuthParameters of DescribeConnection.
type Shown struct {
	BasicAuthParameters      *ShownBasic     `json:",omitzero"`
	OAuthParameters          *ShownOAuth     `json:",omitzero"`
	ApiKeyAuthParameters     *ShownAPIKey    `json:",omitzero"`
	InvocationHttpParameters *HTTPParameters `json:",omitzero"`
}

// ShownBasic is a name without its password.
type ShownBasic struct{ Username string }

// ShownAPIKey is a header without its value.
type ShownAPIKey struct{ ApiKeyName string }

// ShownOAuth is a client without its secret.
type ShownOAuth struct {
	ClientParameters      ShownClient
	AuthorizationEndpoint string
	HttpMethod            string
	OAuthHttpParameters   *HTTPParameters `json:",omitzero"`
}

// ShownClient is a client without its secret.
type ShownClient struct{ ClientID string }

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
func (p *Parameters) Shown() (s Shown) {
	if b := p.BasicAuthParameters; b != nil {
		s.BasicAuthParameters = &ShownBasic{Username: b.Username}
	}
	if a := p.ApiKeyAuthParameters; a != nil {
		s.ApiKeyAuthParameters = &ShownAPIKey{ApiKeyName: a.ApiKeyName}
	}
	if o := p.OAuthParameters; o != nil {
		s.OAuthParameters = &ShownOAuth{ClientParameters: ShownClient{ClientID: o.ClientID},
			AuthorizationEndpoint: o.AuthorizationEndpoint, HttpMethod: o.HttpMethod,
			OAuthHttpParameters: o.OAuthHttpParameters.shown()}
	}
	s.InvocationHttpParameters = p.InvocationHttpParameters.shown()
	return s
}

// shown leaves out the values that are secrets. AWS shows those that are not, and takes each that
// says nothing of it for one that is not.
func (h *HTTPParameters) shown() *HTTPParameters {
	if h == nil {
		return nil
	}
	s := &HTTPParameters{}
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
