package events

import (
	"claviger/events/connection"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// ListConnectionsInput narrows the listing.
type ListConnectionsInput struct {
	NamePrefix      *string `shape:"ConnectionName"`
	ConnectionState *string `shape:"ConnectionState"`
	NextToken       *string `shape:"NextToken"`
	Limit           *int32  `shape:"LimitMax100"` // 1 to 100; absent: 100
	op.ByShape
}

// ListConnectionsOutput is a page in order of name. With a state it may be shorter than asked for
// and not the last.
type ListConnectionsOutput struct {
	Connections []Connection
	NextToken   string `json:",omitzero"`
}

// Connection is what a listing says of a connection.
type Connection struct {
	ConnectionArn      string
	Name               string
	ConnectionState    string
	StateReason        string `json:",omitzero"`
	AuthorizationType  string
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime *wire.Time `json:",omitzero"`
}

func (s *Events) listConnections(c *op.Call, in ListConnectionsInput) (out ListConnectionsOutput,
	err error) {
	prefix, state := domain.Or(in.NamePrefix, ""), domain.Or(in.ConnectionState, "")
	p, err := s.pages.Page(c, "ListConnections", prefix+" "+state,
		int(domain.Or(in.Limit, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	rows, err := s.connections.Connections(c, account, region, prefix, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	rows, out.NextToken = domain.Cut(p, rows, func(r *connection.Connection) string { return r.Name })
	out.Connections = []Connection{}
	for _, r := range rows {
		if state != "" && r.State != state {
			continue
		}
		out.Connections = append(out.Connections, Connection{ConnectionArn: r.ARN(), Name: r.Name,
			ConnectionState: r.State, StateReason: r.Reason, AuthorizationType: r.Type,
			CreationTime: wire.Time{Time: r.Created}, LastModifiedTime: wire.Time{Time: r.Modified},
			LastAuthorizedTime: wire.At(r.Authorized)})
	}
	return out, nil
}
