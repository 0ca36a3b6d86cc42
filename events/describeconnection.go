package events

import (
	"claviger/events/connection"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// DescribeConnectionInput names a connection.
type DescribeConnectionInput struct {
	Name string `shape:"ConnectionName,required"`
	op.ByShape
}

func (in DescribeConnectionInput) connectionName() string { return in.Name }

// DescribeConnectionOutput is a connection, its secrets left out.
type DescribeConnectionOutput struct {
	ConnectionArn      string
	Name               string
	Description        string `json:",omitzero"`
	ConnectionState    string
	StateReason        string `json:",omitzero"`
	AuthorizationType  string
	KmsKeyIdentifier   string `json:",omitzero"`
	AuthParameters     connection.ConnectionAuthResponseParameters
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime *wire.Time `json:",omitzero"`
}

func (s *Events) describeConnection(_ *op.Call, _ DescribeConnectionInput,
	t *connectionTarget) (DescribeConnectionOutput, error) {
	c := t.connection
	return DescribeConnectionOutput{ConnectionArn: c.ARN(), Name: c.Name, Description: c.Description,
		ConnectionState: c.State, StateReason: c.Reason, AuthorizationType: c.Type,
		KmsKeyIdentifier: c.KeyID, AuthParameters: c.Shown, CreationTime: wire.Time{Time: c.Created},
		LastModifiedTime: wire.Time{Time: c.Modified}, LastAuthorizedTime: wire.At(c.Authorized)}, nil
}
