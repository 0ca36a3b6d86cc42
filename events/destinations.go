package events

import (
	"context"
	"strings"

	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// destinationTarget is an API destination that an operation touches.
type destinationTarget struct {
	namedTarget
	destination *connection.APIDestination // nil if there is none
}

func (s *Events) findDestinationOf(c *op.Call, operation, name string) *destinationTarget {
	t := &destinationTarget{namedTarget: namedTarget{ref: refOf(c, name), kind: "api-destination",
		operation: operation, absent: eventfault.NoDestination(name)}}
	t.destination, t.unread = s.connections.Destination(c, t.ref)
	if t.destination != nil {
		t.arn = t.destination.ARN()
	}
	return t
}

// ofDestination is an input that names an API destination.
type ofDestination interface {
	op.Input
	destinationName() string
}

func findDestination[I ofDestination](s *Events,
	operation string) func(*op.Call, I) (*destinationTarget, error) {
	return func(c *op.Call, in I) (*destinationTarget, error) {
		return s.findDestinationOf(c, operation, in.destinationName()), nil
	}
}

// connectionOf returns the connection that an ARN names, or nil if it isn't there: its last part
// tells it from others that have had the name.
func (s *Events) connectionOf(ctx context.Context, account, region,
	arn string) (*connection.Connection, error) {
	at, ok := domain.ParseARN(arn)
	rest, isConnection := strings.CutPrefix(at.Resource, "connection/")
	if !ok || !isConnection || at.Service != rule.Service || at.Account != account ||
		at.Region != region {
		return nil, nil
	}
	name, _, _ := strings.Cut(rest, "/")
	found, err := s.connections.Connection(ctx,
		connection.Ref{Account: account, Region: region, Name: name})
	if err != nil || found == nil || found.ARN() != arn {
		return nil, err
	}
	return found, nil
}

// checkConnection refuses a connection that isn't there.
func (s *Events) checkConnection(c *op.Call, arn string) error {
	account, region := c.Namespace()
	found, err := s.connectionOf(c, account, region, arn)
	if err != nil {
		return err
	}
	if found == nil {
		return eventfault.NoConnection(arn)
	}
	return nil
}

// stateOfDestination is ACTIVE while the connection has credentials.
func (s *Events) stateOfDestination(ctx context.Context,
	d *connection.APIDestination) (string, error) {
	found, err := s.connectionOf(ctx, d.Account, d.Region, d.ConnectionARN)
	if err != nil {
		return "", err
	}
	if found == nil || found.State != connection.Authorized {
		return connection.Inactive, nil
	}
	return connection.Active, nil
}

// Destination returns the API destination that an ARN names, or nil if it isn't there, and its
// connection, which is nil if that is not there any more; [Events.Credentials] opens it.
func (s *Events) Destination(ctx context.Context, arn string) (*connection.APIDestination,
	*connection.Connection, error) {
	kind, name, at, ok := rule.ReadTarget(arn)
	if !ok || kind != rule.Destination {
		return nil, nil, nil
	}
	name, _, _ = strings.Cut(name, "/")
	d, err := s.connections.Destination(ctx,
		connection.Ref{Account: at.Account, Region: at.Region, Name: name})
	if err != nil || d == nil || d.ARN() != arn {
		return nil, nil, err
	}
	by, err := s.connectionOf(ctx, d.Account, d.Region, d.ConnectionARN)
	return d, by, err
}
