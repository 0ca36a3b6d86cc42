package rotation

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/events"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"

	"github.com/google/uuid"
)

// ForService is a rotation that another service asks for: an event has matched a rule whose target
// is the secret.
type ForService struct {
	Service   string // events, by its principal's name without .amazonaws.com
	Account   string // on whose behalf
	Source    string // ARN of the rule, which the secret's policy may turn on
	SecretARN string
	Token     string // ClientRequestToken: what comes again begins nothing again

	// ReadAt is when the value was read, in RFC 3339, if that is why it is to be another one. A
	// rotation that ended since has made it that. Empty: it is to be rotated whatever was before.
	ReadAt string
}

var errOff = smfault.InvalidRequest("Rotation of the secret is turned off, or never was turned " +
	"on: turn it on by RotateSecret.")

// RotateFor begins a rotation as a service, which the secret's resource policy has to let in:
// within the account, too. How the secret is rotated stays as it is.
func (r *Rotation) RotateFor(c *op.Call, f ForService) error {
	_, err := op.AsService(c, f.Service, f.Account, r.own.forService, forServiceInput{
		SecretId: f.SecretARN, ClientRequestToken: f.Token, SourceArn: f.Source, ReadAt: f.ReadAt})
	return err
}

// forServiceInput is [ForService] on the road.
type forServiceInput struct {
	SecretId           string `shape:"SecretIdType,required"`
	ClientRequestToken string `shape:"ClientRequestTokenType,required"`
	SourceArn          string `shape:"Subject,required"`
	ReadAt             string `shape:"Subject"`
	op.ByShape
}

// Conditions implements [domain.Conditional].
func (in forServiceInput) Conditions(v policy.Values) {
	v["aws:SourceArn"] = []string{in.SourceArn}
	if a, ok := domain.ParseARN(in.SourceArn); ok {
		v["aws:SourceAccount"] = []string{a.Account}
	}
}

// byPolicy is a secret that nothing but its policy lets a service rotate. That there is none is no
// secret before who acts within its account.
type byPolicy struct{ *target.Target }

// Demands implements [op.Target].
func (t byPolicy) Demands() []policy.Demand {
	all := t.Target.Demands()
	all[0].Resource.PolicyOpens = t.Entry != nil
	return all
}

func (r *Rotation) findForService(c *op.Call, in forServiceInput) (byPolicy, error) {
	t, err := r.finder.Find(c, "RotateSecret", in.SecretId, in, r.rows.WithoutValue)
	return byPolicy{t}, err
}

func (r *Rotation) rotateForService(c *op.Call, in forServiceInput, t byPolicy) (
	op.Commit[op.None], error) {
	ch, err := r.begunFor(c, in, t.Entry.Secret)
	if err != nil {
		return nil, err
	}
	return domain.Planned(c, r.rows.Prepare, ch, op.None{})
}

// begunFor returns the secret with the rotation begun, or nil if that was done before.
func (r *Rotation) begunFor(c *op.Call, in forServiceInput, sec *secret.Secret) (
	*secretrows.Change, error) {
	token, run := in.ClientRequestToken, sec.Rotation.Run
	if run != nil && run.Version == token || sec.Rotation.Ended == token {
		return nil, nil
	}
	if taken, err := r.taken(c, sec, token); err != nil || taken {
		return nil, err
	}
	switch {
	case !sec.Rotation.Enabled:
		return nil, errOff
	case r.rotators.of(sec) == nil:
		return nil, ErrNotInvokable
	}
	if in.ReadAt != "" {
		replaced, err := in.isReplaced(sec)
		if err != nil || replaced {
			return nil, err
		}
	}
	if sec.RotationPending() {
		return nil, ErrIncomplete
	}
	next := sec.Next(c, func(n *secret.Secret) {
		n.BeginRotation(token, uuid.NewString(), secret.Now(c))
		n.Schedule(secret.Now(c))
	})
	events.RotationStarted(c, next, next.Rotation.Run)
	return &secretrows.Change{Secret: next, Also: r.due(next, c.Time)}, nil
}

// isReplaced reports whether what was read is no longer the value, or will not be when the rotation
// in progress ends. Whoever rotates a secret reads it: so a rotation doesn't ask for the next one.
// Records have whole seconds.
func (in forServiceInput) isReplaced(sec *secret.Secret) (bool, error) {
	at, err := time.Parse(time.RFC3339, in.ReadAt)
	if err != nil {
		return false, fault.Of(err)
	}
	if run := sec.Rotation.Run; run != nil {
		return !run.Test, nil
	}
	return !at.After(sec.Rotation.Last), nil
}
