package replication

import (
	"errors"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets/events"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// work makes one copy what its primary is, or removes it if no primary wants it. What came of it
// is in the primary's row; an error is one of the service's own, and has the job tried again.
func (r *Replication) work(c *op.Call, subject string) error {
	tail, region, _ := strings.Cut(subject, " ")
	to := r.regions[region]
	sec, err := r.rows.Named(c, c.Caller.Account, c.Region, tail)
	if err != nil && !domain.IsNoRow(err) {
		return err
	}
	if err != nil || sec.IsReplica() {
		return r.remove(c, to, tail, region)
	}
	copy, ok := sec.Replica(region)
	if !ok {
		return r.remove(c, to, tail, region)
	}
	due := sec.CopyDue(copy, c.Time)
	switch {
	case due.IsZero():
		return nil
	case due.After(c.Time):
		return domain.Later{Due: due}
	}
	in := noteInput{Subject: tail, Region: region, Revision: sec.Rev}
	if err := r.store(c, to, sec, copy); err != nil {
		if in.Message = reason(err); in.Message == "" {
			return err
		}
		c.Log().Warn("a secret can't be copied", "secret", sec.ARN(), "region", region, "error", err)
	}
	_, err = op.AsService(c.Anew(), secret.Service, sec.Account, r.note, in)
	return err
}

var errNotServedNow = fault.New(fault.State, "InvalidParameterException",
	"The Region isn't served by this service.")

func (r *Replication) store(c *op.Call, to Region, sec *secret.Secret, copy secret.Replica) error {
	if to == nil {
		return errNotServedNow
	}
	is, err := r.copyOf(c, sec, copy)
	if err != nil {
		return err
	}
	return to.Store(c, is)
}

// reason is what the status of a copy says of an error. It is empty for the service's own
// trouble.
func reason(err error) string {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Internal, fault.Unavailable, fault.Uncertain, fault.Conflict, fault.Throttled:
		return ""
	}
	var cause *fault.Error
	if errors.As(f.Err, &cause) {
		return f.Message + " " + cause.Message
	}
	return f.Message
}

// noteInput says what came of an attempt at a copy, as of a revision of the primary.
type noteInput struct {
	Subject  string `shape:"Subject,required"`
	Region   string `shape:"Subject,required"`
	Revision int64  `shape:"Subject"`
	Message  string `shape:"Subject"` // why it failed; empty: it didn't
	op.ByShape
}

func (r *Replication) findNote(c *op.Call, in noteInput) (target.Owned, error) {
	return r.finder.FindOwned(c, "ReplicateSecretToRegions", in.Subject)
}

// noted stores what came of an attempt. If the primary has changed meanwhile, that change has
// left the job anew, and this attempt was one at something older.
func (r *Replication) noted(c *op.Call, in noteInput, o target.Owned) (op.Commit[op.None], error) {
	if o.Secret == nil || o.Secret.Rev != in.Revision {
		return op.Unchanged(op.None{}), nil
	}
	of, ok := o.Secret.Replica(in.Region)
	if !ok {
		return op.Unchanged(op.None{}), nil
	}
	next := o.Secret.Next(c, func(n *secret.Secret) {
		n.Changed = o.Secret.Changed // of the secret itself nothing is
		of.Seen, of.Message = n.Rev, in.Message
		if in.Message == "" {
			of.Status, of.Overwrite, of.Attempts = secret.InSync, false, 0
		} else {
			of.Status, of.Retry = secret.Failed, c.Time.Add(pause(of.Attempts))
			of.Attempts++
		}
		n.PutReplica(of)
	})
	if in.Message == "" {
		events.Replication(c, next, in.Region, events.ReplicationSucceeded, "")
	} else {
		events.Replication(c, next, in.Region, events.ReplicationFailed, in.Message)
	}
	return domain.Done(r.rows.Prepare(c, &secretrows.Change{Secret: next}))
}

// cleanInput names a copy that no primary wants.
type cleanInput struct {
	Subject string `shape:"Subject,required"`
	Region  string `shape:"Subject,required"`
	op.ByShape
}

// remove deletes a copy that was removed while it was being made, if that has happened.
func (r *Replication) remove(c *op.Call, to Region, tail, region string) error {
	if to == nil {
		return nil
	}
	_, err := op.AsService(c, secret.Service, c.Caller.Account, r.clean,
		cleanInput{Subject: tail, Region: region})
	return err
}

func (r *Replication) findClean(c *op.Call, in cleanInput) (target.Owned, error) {
	return r.finder.FindOwned(c, "RemoveRegionsFromReplication", in.Subject)
}

func (r *Replication) cleaned(c *op.Call, in cleanInput,
	o target.Owned) (op.Commit[op.None], error) {
	if o.Secret != nil {
		if _, ok := o.Secret.Replica(in.Region); ok {
			return op.Unchanged(op.None{}), nil // it is wanted again
		}
	}
	account, region := c.Namespace()
	return domain.Done(r.regions[in.Region].Remove(c,
		Place{Account: account, Tail: in.Subject, PrimaryRegion: region}))
}
