package op

import (
	"errors"

	"claviger/policy"
)

// Changer is a [Target] that says itself what a Write changes, where that isn't the resources of
// its demands: more, others, or nothing that anybody else changes.
type Changer interface {
	Target
	// Changes names what is changed, so that changes of it are made one after the other. A name is
	// the same however a request spells it.
	Changes() []string
}

// changes names what a Write changes: by the ARNs of what its caller was allowed, which find has
// made of whatever the request said.
func (s *Service) changes(t Target, demands []policy.Demand) (names []string) {
	if o, ok := t.(Changer); ok {
		return o.Changes()
	}
	for i := range demands {
		arn := demands[i].Resource.ARN
		if arn == "" || arn == "*" {
			continue
		}
		if s.Changed != nil {
			arn = s.Changed(arn)
		}
		names = append(names, arn)
	}
	return names
}

// errAgain has the road start again at find: what was found is old.
var errAgain = errors.New("op: others changed what was found")

// turn waits until nobody else in this process changes what a Write is about to change, and keeps
// that until all attempts at it are over. Only those get here who may make the change, and are told
// of no absence and no wrong state: who may not neither waits nor is waited for. With errAgain
// others were there, and with any other error the request's time was over first.
func (c *Call) turn(n *Info, t Target, demands []policy.Demand) (err error) {
	if n.ReadOnly {
		return nil
	}
	names := n.Service.changes(t, demands)
	if c.held.Try(names...) {
		return nil
	}
	c.idle(func() { err = c.held.Await(c, names...) })
	if err != nil {
		return n.contended()
	}
	return errAgain
}

// idle waits in f for others. Meanwhile nobody's commit has to reckon with this request.
func (c *Call) idle(f func()) {
	if c.counted {
		c.run.Ledger.Leave()
		defer c.run.Ledger.Enter()
	}
	f()
}
