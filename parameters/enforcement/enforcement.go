// Package enforcement does what parameter policies ask for when their time has come.
//
// # One job a parameter
//
// Every change of a parameter leaves its job at the time at which something is due next, in its own
// transaction, if that time alters ([Due]). The job reads the row and takes one step: all that is
// due, in one commit with the events that tell of it and the time of the next step, against the
// revision that was read. So a step that was cut off is either done or not, a process that comes
// after a crash or a long outage does each once, and somebody who changes the parameter meanwhile
// is heard.
//
// A step that ends in an Expiration deletes the parameter as DeleteParameter does. Any other marks
// in the row what it has told of.
//
// # In the trail
//
// AWS publishes no event of CloudTrail for any of this, neither of the service nor of a caller.
// Here an Expiration is recorded as DeleteParameter by the service's own principal, and
// notifications as NotifyByParameterPolicies, which is no operation of AWS's: it changes the row,
// and no change goes unrecorded.
package enforcement

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/policies"
	"claviger/parameters/target"
	"claviger/policy"
)

// Job is the kind of the job that acts on the policies of one parameter. Its subject is the
// parameter's name.
const Job = parameter.Service + ":ParameterPolicies"

// atOnce is how many parameters are acted on at the same time. Each is a few calls of the token and
// a commit, and commits that come together are one.
const atOnce = 16

// Enforcement acts on parameter policies. [New] makes it.
type Enforcement struct {
	rows *parameterrows.Rows

	expire, notify, fail op.Command[stepInput, op.None]
}

// New returns the enforcement of the policies of rows. The function describes an operation of the
// service's own.
func New(rows *parameterrows.Rows, operation func(name string) op.Info) *Enforcement {
	e := &Enforcement{rows: rows}
	e.expire = op.Write(operation("DeleteParameter"), e.find("DeleteParameter"), e.expired)
	e.notify = op.Write(operation("NotifyByParameterPolicies"), e.find("PutParameter"), e.notified)
	e.fail = op.Write(operation("NotifyByParameterPolicies"), e.find("PutParameter"), e.failed)
	return e
}

// Work is the job.
func (e *Enforcement) Work() domain.Job {
	return domain.Job{Work: e.work, AtOnce: atOnce, Destructive: true}
}

// work takes the step that is due, and ends with when the next one is. A step that fails is noted,
// if that can be, and is tried again.
func (e *Enforcement) work(c *op.Call, name string) error {
	account, region := c.Namespace()
	ref := parameter.Ref{Account: account, Region: region, Name: name}
	s, err := e.read(c, ref)
	if err != nil || s.parameter == nil {
		return err
	}
	if len(s.step.Actions) > 0 {
		by := e.notify
		if s.expires() {
			by = e.expire
		}
		in := stepInput{Name: name}
		if _, err := op.AsService(c, parameter.Service, account, by, in); err != nil {
			if c.Err() == nil {
				_, _ = op.AsService(c, parameter.Service, account, e.fail, in)
			}
			return err
		}
		if s, err = e.read(c, ref); err != nil || s.parameter == nil {
			return err
		}
	}
	due, err := s.parameter.Due()
	if err != nil || due.IsZero() {
		return err
	}
	return domain.Later{Due: due}
}

// stepInput names a parameter of which something may be due.
type stepInput struct {
	Name string `shape:"PSParameterName,required"`
	op.ByShape
}

// due is a parameter, and what its policies ask for now.
type due struct {
	ref       parameter.Ref
	action    string               // that the step needs to be allowed
	parameter *parameter.Parameter // nil if there is none any more
	step      policies.Step
	op.There
}

// Demands implements [op.Target].
func (d due) Demands() []policy.Demand {
	return []policy.Demand{domain.On(target.Action(d.action), d.ref.ARN(), "")}
}

// expires reports whether the step ends in an Expiration.
func (d due) expires() bool {
	n := len(d.step.Actions)
	return n > 0 && d.step.Actions[n-1].Policy.Type == policies.Expiration
}

func (e *Enforcement) find(action string) func(*op.Call, stepInput) (due, error) {
	return func(c *op.Call, in stepInput) (due, error) {
		account, region := c.Namespace()
		d, err := e.read(c, parameter.Ref{Account: account, Region: region, Name: in.Name})
		d.action = action
		return d, err
	}
}

// read reads the row and not the cache, because a deletion can't be taken back.
func (e *Enforcement) read(c *op.Call, ref parameter.Ref) (d due, err error) {
	d.ref = ref
	p, err := e.rows.Parameter(c, ref)
	if domain.IsNoRow(err) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	d.parameter = p
	d.step, err = p.Policies.Step(c.Time, p.Modified)
	return d, err
}

// expired deletes the parameter with all its versions, if that is still what is due.
func (e *Enforcement) expired(c *op.Call, _ stepInput, d due) (op.Commit[op.None], error) {
	// A clock that came to be in doubt this moment leaves all as it is: the job is begun again.
	if !d.expires() || !c.Settled().Reached(d.step.Actions[len(d.step.Actions)-1].Due) {
		return op.Unchanged(op.None{}), nil
	}
	return e.change(c, &parameterrows.Change{Before: d.parameter, Acted: d.step.Actions})
}

// notified tells of what is due, if nothing else is.
func (e *Enforcement) notified(c *op.Call, _ stepInput, d due) (op.Commit[op.None], error) {
	if len(d.step.Actions) == 0 || d.expires() {
		return op.Unchanged(op.None{}), nil
	}
	ch := become(d.parameter, d.step.Done)
	ch.Acted = d.step.Actions
	return e.change(c, ch)
}

// failed notes that what is due could not be done.
func (e *Enforcement) failed(c *op.Call, _ stepInput, d due) (op.Commit[op.None], error) {
	if len(d.step.Actions) == 0 {
		return op.Unchanged(op.None{}), nil
	}
	return e.change(c, become(d.parameter, d.step.Failed))
}

// become gives a parameter its policies in another state. Its dates stay.
func become(p *parameter.Parameter, set policies.Set) *parameterrows.Change {
	return &parameterrows.Change{Before: p,
		After: p.Next(func(n *parameter.Parameter) { n.Policies = set })}
}

func (e *Enforcement) change(c *op.Call, ch *parameterrows.Change) (op.Commit[op.None], error) {
	return domain.Planned(c, e.rows.Prepare, ch, op.None{})
}
