package events

import (
	"cmp"
	"net/url"
	"strings"

	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/policy"

	"github.com/go-json-experiment/json"
)

// namedTarget is the connection or API destination of a name, there or not.
type namedTarget struct {
	ref       connection.Ref
	kind      string // in ARNs
	operation string
	arn       string // empty: there is none
	unread    error
	absent    error // what is said where there is none; nil: it will be made
}

// Demands implements [op.Target].
func (t *namedTarget) Demands() []policy.Demand {
	arn := cmp.Or(t.arn, t.ref.UnnamedARN(t.kind))
	return []policy.Demand{domain.On(action(t.operation), arn, t.ref.Account)}
}

// Changes implements [op.Changer]: who makes it and who changes it take turns, whatever its ARN
// will be.
func (t *namedTarget) Changes() []string { return []string{t.ref.UnnamedARN(t.kind)} }

// Missing implements [op.Target].
func (t *namedTarget) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.arn == "":
		return t.absent
	}
	return nil
}

// Ready implements [op.Target].
func (t *namedTarget) Ready() error { return nil }

// refOf is what a name stands for in the caller's account and Region.
func refOf(c *op.Call, name string) connection.Ref {
	account, region := c.Namespace()
	return connection.Ref{Account: account, Region: region, Name: name}
}

// checkRoom refuses another connection, or API destination, where there are as many as may be.
func (s *Events) checkRoom(at connection.Ref, destinations bool) error {
	full, err := s.connections.Full(at.Account, at.Region, destinations)
	if err == nil && full {
		return eventfault.TooMany
	}
	return err
}

// connectionTarget is a connection that an operation touches.
type connectionTarget struct {
	namedTarget
	connection *connection.Connection // nil if there is none
}

func (s *Events) findConnectionOf(c *op.Call, operation, name string) *connectionTarget {
	t := &connectionTarget{namedTarget: namedTarget{ref: refOf(c, name), kind: "connection",
		operation: operation, absent: eventfault.NoConnection(name)}}
	t.connection, t.unread = s.connections.Connection(c, t.ref)
	if t.connection != nil {
		t.arn = t.connection.ARN()
	}
	return t
}

// ofConnection is an input that names a connection.
type ofConnection interface {
	op.Input
	connectionName() string
}

func findConnection[I ofConnection](s *Events,
	operation string) func(*op.Call, I) (*connectionTarget, error) {
	return func(c *op.Call, in I) (*connectionTarget, error) {
		return s.findConnectionOf(c, operation, in.connectionName()), nil
	}
}

// checkEndpoint refuses addresses that are not those of https.
func checkEndpoint(member, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.Contains(u.Host, "*") ||
		u.User != nil || u.Fragment != "" {
		return eventfault.BadParameter(member, "It has to be an https address, with no * in its host.")
	}
	return nil
}

// seal has the parameters of a connection sealed by KMS as the caller, and puts them into it.
func (s *Events) seal(c *op.Call, to *connection.Connection, p *connection.Parameters) error {
	plain, err := json.Marshal(p)
	if err != nil {
		return err
	}
	defer clear(plain)
	e, err := s.keys.Seal(c, rule.Service, to.KeyID, to.EncryptionContext(), plain)
	if err != nil {
		return sealError(err)
	}
	to.KeyARN, to.Epoch, to.Sealed, to.Shown = e.KeyARN, e.Epoch, e.Sealed, p.Shown()
	return nil
}

// unseal opens the parameters of a connection by KMS as the caller.
func (s *Events) unseal(c *op.Call, of *connection.Connection) (*connection.Parameters, error) {
	plain, err := s.keys.Unseal(c, rule.Service, envelope.Envelope{KeyARN: of.KeyARN, Epoch: of.Epoch,
		Sealed: of.Sealed}, of.EncryptionContext())
	if err != nil {
		return nil, sealError(err)
	}
	defer clear(plain)
	var p connection.Parameters
	if err := json.Unmarshal(plain, &p); err != nil {
		return nil, err
	}
	return &p, nil
}

// openInput names a connection that a request is to be authorized by.
type openInput struct {
	Name string `shape:"ConnectionName,required"`
	op.ByShape
}

// opened is a connection with its secrets.
type opened struct {
	connection *connection.Connection
	parameters *connection.Parameters
}

func (s *Events) findOpen(c *op.Call, in openInput) (*connectionTarget, error) {
	return s.findConnectionOf(c, "DescribeConnection", in.Name), nil
}

func (s *Events) open(c *op.Call, _ openInput, t *connectionTarget) (out opened, err error) {
	out.connection = t.connection
	if t.connection.State == connection.Deauthorized {
		return out, nil
	}
	out.parameters, err = s.unseal(c, t.connection)
	return out, err
}

// Credentials returns a connection of the call's account and Region with its secrets, which are
// nil if it has none any more. It is for deliveries: the service opens them as itself, and the use
// of the KMS key is recorded.
func (s *Events) Credentials(c *op.Call, name string) (*connection.Connection,
	*connection.Parameters, error) {
	out, err := op.AsService(c, rule.Service, c.Caller.Account, s.own.open, openInput{Name: name})
	return out.connection, out.parameters, err
}
