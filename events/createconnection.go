package events

import (
	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/google/uuid"
)

// CreateConnectionInput says how requests over a connection are authorized.
type CreateConnectionInput struct {
	Name              string                                `shape:"ConnectionName,required"`
	Description       *string                               `shape:"ConnectionDescription"`
	AuthorizationType string                                `shape:"ConnectionAuthorizationType,required"`
	AuthParameters    CreateConnectionAuthRequestParameters `shape:"CreateConnectionAuthRequestParameters,required"`
	KmsKeyIdentifier  *string                               `shape:"KmsKeyIdentifier"` // absent: the service's

	InvocationConnectivityParameters *ConnectivityResourceParameters `shape:"ConnectivityResourceParameters"` // refused
}

// CreateConnectionAuthRequestParameters have one of the first three.
type CreateConnectionAuthRequestParameters struct {
	BasicAuthParameters      *CreateConnectionBasicAuthRequestParameters  `shape:"CreateConnectionBasicAuthRequestParameters"`
	OAuthParameters          *CreateConnectionOAuthRequestParameters      `shape:"CreateConnectionOAuthRequestParameters"`
	ApiKeyAuthParameters     *CreateConnectionApiKeyAuthRequestParameters `shape:"CreateConnectionApiKeyAuthRequestParameters"`
	InvocationHttpParameters *connection.ConnectionHttpParameters         `shape:"ConnectionHttpParameters"`
	ConnectivityParameters   *ConnectivityResourceParameters              `shape:"ConnectivityResourceParameters"` // refused
}

// ConnectivityResourceParameters lead through VPC Lattice, which there is not.
type ConnectivityResourceParameters struct {
	ResourceParameters ConnectivityResourceConfigurationArn `shape:"ConnectivityResourceConfigurationArn,required"`
}

// ConnectivityResourceConfigurationArn names a resource configuration of VPC Lattice.
type ConnectivityResourceConfigurationArn struct {
	ResourceConfigurationArn string `shape:"ResourceConfigurationArn,required"`
}

// publicly refuses what would be reached through VPC Lattice.
func publicly(invocation, token *ConnectivityResourceParameters) error {
	if invocation != nil || token != nil {
		return eventfault.NoLattice
	}
	return nil
}

// CreateConnectionBasicAuthRequestParameters are a name and a password.
type CreateConnectionBasicAuthRequestParameters struct {
	Username string `shape:"AuthHeaderParameters,required"`
	Password string `shape:"AuthHeaderParametersSensitive,required"`
}

// CreateConnectionApiKeyAuthRequestParameters are a header and its value.
type CreateConnectionApiKeyAuthRequestParameters struct {
	ApiKeyName  string `shape:"AuthHeaderParameters,required"`
	ApiKeyValue string `shape:"AuthHeaderParametersSensitive,required"`
}

// CreateConnectionOAuthRequestParameters are a client, and where it gets a token.
type CreateConnectionOAuthRequestParameters struct {
	ClientParameters      CreateConnectionOAuthClientRequestParameters `shape:"CreateConnectionOAuthClientRequestParameters,required"`
	AuthorizationEndpoint string                                       `shape:"HttpsEndpoint,required"`
	HttpMethod            string                                       `shape:"ConnectionOAuthHttpMethod,required"`
	OAuthHttpParameters   *connection.ConnectionHttpParameters         `shape:"ConnectionHttpParameters"`
}

// CreateConnectionOAuthClientRequestParameters are a client's id and secret.
type CreateConnectionOAuthClientRequestParameters struct {
	ClientID     string `shape:"AuthHeaderParameters,required"`
	ClientSecret string `shape:"AuthHeaderParametersSensitive,required"`
}

// Validate implements [op.Input].
func (in CreateConnectionInput) Validate() error {
	if err := publicly(in.InvocationConnectivityParameters,
		in.AuthParameters.ConnectivityParameters); err != nil {
		return err
	}
	p := in.AuthParameters.parameters()
	return checkParameters(&p, in.AuthorizationType)
}

// checkParameters holds parameters to the kind of authorization that they are for.
func checkParameters(p *connection.Parameters, kind string) error {
	if p.Type() != kind {
		return eventfault.BadParameter("AuthParameters",
			"They have to have the parameters of "+kind+" and no other.")
	}
	if p.OAuthParameters != nil {
		return checkEndpoint("AuthorizationEndpoint", p.OAuthParameters.AuthorizationEndpoint)
	}
	return nil
}

func (a *CreateConnectionAuthRequestParameters) parameters() (p connection.Parameters) {
	if b := a.BasicAuthParameters; b != nil {
		p.BasicAuthParameters = &connection.BasicParameters{Username: b.Username, Password: b.Password}
	}
	if k := a.ApiKeyAuthParameters; k != nil {
		p.ApiKeyAuthParameters = &connection.APIKeyParameters{ApiKeyName: k.ApiKeyName,
			ApiKeyValue: k.ApiKeyValue}
	}
	if o := a.OAuthParameters; o != nil {
		p.OAuthParameters = &connection.OAuthParameters{ClientID: o.ClientParameters.ClientID,
			ClientSecret:          o.ClientParameters.ClientSecret,
			AuthorizationEndpoint: o.AuthorizationEndpoint, HttpMethod: o.HttpMethod,
			OAuthHttpParameters: o.OAuthHttpParameters}
	}
	p.InvocationHttpParameters = a.InvocationHttpParameters
	return p
}

// CreateConnectionOutput is the connection's ARN and state.
type CreateConnectionOutput struct {
	ConnectionArn    string
	ConnectionState  string
	CreationTime     wire.Time
	LastModifiedTime wire.Time
}

func (s *Events) findNewConnection(c *op.Call,
	in CreateConnectionInput) (*connectionTarget, error) {
	t := s.findConnectionOf(c, "CreateConnection", in.Name)
	t.absent = nil // it is made
	return t, nil
}

func (s *Events) createConnection(c *op.Call, in CreateConnectionInput,
	t *connectionTarget) (op.Commit[CreateConnectionOutput], error) {
	if t.connection != nil {
		return nil, eventfault.ConnectionExists(in.Name)
	}
	if err := s.checkRoom(t.ref, false); err != nil {
		return nil, err
	}
	made := &connection.Connection{Ref: t.ref, ID: uuid.NewString(), Rev: 1,
		Description: domain.Or(in.Description, ""), Type: in.AuthorizationType,
		State: connection.Authorized, KeyID: domain.Or(in.KmsKeyIdentifier, ""),
		Created: c.Time, Modified: c.Time, Authorized: c.Time}
	p := in.AuthParameters.parameters()
	if err := s.seal(c, made, &p); err != nil {
		return nil, err
	}
	change, err := s.connections.ChangeConnection(c, nil, made)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, CreateConnectionOutput{ConnectionArn: made.ARN(),
		ConnectionState: made.State, CreationTime: wire.Time{Time: made.Created},
		LastModifiedTime: wire.Time{Time: made.Modified}}), nil
}
