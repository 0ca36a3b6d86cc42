package secrets

import (
	"strconv"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/secrets/model"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
	"claviger/store"
)

// The recovery window of the Secrets Manager API reference, in days.
const (
	shortestWindow = 7
	longestWindow  = 30
)

// DeleteSecretInput asks for a recovery window of 7 to 30 days, or for none. Without either it is
// 30 days.
type DeleteSecretInput struct {
	SecretId                   string `shape:"SecretIdType,required"`
	RecoveryWindowInDays       *int64 `shape:"RecoveryWindowInDaysType"`
	ForceDeleteWithoutRecovery *bool  `shape:"BooleanType"` // excludes RecoveryWindowInDays
}

// Validate holds the recovery window to what AWS takes.
func (in DeleteSecretInput) Validate() error {
	switch d := in.window(); {
	case in.RecoveryWindowInDays != nil && in.force():
		return errForcedWindow
	case d < shortestWindow || d > longestWindow:
		return errWindow
	}
	return nil
}

// Conditions implements [domain.Conditional]: what was left out is not there, its default neither.
func (in DeleteSecretInput) Conditions(v policy.Values) {
	domain.Set(v, model.Window, in.RecoveryWindowInDays, func(days int64) string {
		return strconv.FormatInt(days, 10)
	})
	domain.Set(v, model.Force, in.ForceDeleteWithoutRecovery, strconv.FormatBool)
}

var (
	errForcedWindow = smfault.InvalidParameter(
		"You can't use ForceDeleteWithoutRecovery in conjunction " +
			"with RecoveryWindowInDays.",
	)
	errWindow = smfault.InvalidParameter("The RecoveryWindowInDays value must be between 7 " +
		"and 30 days (inclusive).")
)

func (in DeleteSecretInput) window() int64 {
	return domain.Or(in.RecoveryWindowInDays, longestWindow)
}

func (in DeleteSecretInput) force() bool { return domain.Or(in.ForceDeleteWithoutRecovery, false) }

// DeleteSecretOutput says when the secret is gone: the end of the recovery window, or the present
// if there is none.
type DeleteSecretOutput struct {
	ARN, Name    string
	DeletionDate wire.Time
}

// deletion is a secret that shall go. Without recovery it may be gone already, or be
// scheduled for deletion.
type deletion struct {
	target.Target
	force bool
}

// Missing implements [op.Target]. That a secret of another Region is gone, nobody here can say.
func (t *deletion) Missing() error {
	if t.force && t.Unread == nil && !t.OtherRegion {
		return nil
	}
	return t.Target.Missing()
}

// Ready implements [op.Target]. Copies go before their primary, without recovery too.
func (t *deletion) Ready() error {
	if err := t.Primary(); err != nil {
		return err
	}
	if t.Entry != nil && len(t.Entry.Replicas) > 0 {
		return smfault.HasReplicas(t.Entry.ARN(), t.Entry.ReplicaRegions())
	}
	if t.force {
		return nil
	}
	return t.Target.Ready()
}

func (s *Secrets) findDelete(c *op.Call, in DeleteSecretInput) (*deletion, error) {
	t, err := s.finder.Find(c, "DeleteSecret", in.SecretId, in, s.rows.WithoutValue)
	if err != nil {
		return nil, err
	}
	return &deletion{Target: *t, force: in.force()}, nil
}

// deleteSecret closes the secret at once and puts its end off. The row and its job are one
// transaction: no secret waits for a job that is not there.
func (s *Secrets) deleteSecret(c *op.Call, in DeleteSecretInput,
	t *deletion) (op.Commit[DeleteSecretOutput], error) {
	if t.force {
		return s.deleteWithoutRecovery(c, t)
	}
	if err := s.tellOfVersions(c, t.Entry.Secret, secret.StartVersionDelete); err != nil {
		return nil, err
	}
	date := c.Latest().UTC().Truncate(time.Millisecond).AddDate(0, 0, int(in.window()))
	sec := t.Entry.Next(c, func(n *secret.Secret) { n.DeletionDate = date })
	apply, err := s.rows.Prepare(c, &secretrows.Change{Secret: sec, Also: func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, deleteSecretJob, sec.Account, sec.Region, sec.Tail(), date)
	}})
	if err != nil {
		return nil, err
	}
	return op.Apply(apply, DeleteSecretOutput{ARN: sec.ARN(), Name: sec.Name,
		DeletionDate: wire.Time{Time: date}}), nil
}

// deleteWithoutRecovery removes a secret at once. One that is not there is as good as removed, so
// that a request can be repeated. That the deletion began was told already if there is a window.
func (s *Secrets) deleteWithoutRecovery(c *op.Call,
	t *deletion) (op.Commit[DeleteSecretOutput], error) {
	out := DeleteSecretOutput{ARN: t.Asked.ARN, Name: t.Asked.Name,
		DeletionDate: wire.Time{Time: secret.Now(c)}}
	if t.Entry == nil {
		return op.Unchanged(out), nil
	}
	sec := t.Entry.Secret
	out.ARN = sec.ARN()
	events := []string{secret.StartVersionDelete, secret.EndVersionDelete}
	if sec.ScheduledForDeletion() {
		events = events[1:]
	}
	if err := s.tellOfVersions(c, sec, events...); err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(s.cancelDeletion(sec), s.rows.Remove(sec)), out), nil
}

// cancelDeletion takes back the job that would end a secret, if there is one.
func (s *Secrets) cancelDeletion(sec *secret.Secret) domain.Change {
	if !sec.ScheduledForDeletion() {
		return domain.Nothing
	}
	return func(tx *store.Tx) error {
		return s.jobs.Cancel(tx, deleteSecretJob, sec.Account, sec.Region, sec.Tail())
	}
}

// endRecoveryInput names a secret whose recovery window is over, by the last part of its ARN.
type endRecoveryInput struct {
	Subject string `shape:"Subject,required"`
	op.ByShape
}

// expired is a secret whose recovery window may be over, or that may be gone already.
type expired struct {
	arn    string
	secret *secret.Secret
	op.There
}

// Demands implements [op.Target].
func (e expired) Demands() []policy.Demand {
	return []policy.Demand{domain.On(target.Action("DeleteSecret"), e.arn, "")}
}

// findExpired reads the secret that the job is for. A younger one of the same name has another
// suffix, and is left alone.
func (s *Secrets) findExpired(c *op.Call, in endRecoveryInput) (expired, error) {
	account, region := c.Namespace()
	e := expired{arn: secret.ARN(account, region, in.Subject)}
	i := strings.LastIndexByte(in.Subject, '-')
	if i < 0 {
		return e, smfault.BadName
	}
	// The row and not the cache, because this can't be taken back.
	sec, err := s.rows.Secret(c, secret.Ref{Account: account, Region: region, Name: in.Subject[:i]})
	switch {
	case domain.IsNoRow(err):
		return e, nil
	case err != nil:
		return e, err
	case sec.Tail() == in.Subject:
		e.secret = sec
	}
	return e, nil
}

// deleteExpired removes a secret for good. For one that is gone, or was restored, the job has
// nothing to do. Where the time has not come, because the clock was set back, the job fails: it
// must stay, or the secret would be scheduled for deletion for ever.
func (s *Secrets) deleteExpired(c *op.Call, _ endRecoveryInput,
	e expired) (op.Commit[op.None], error) {
	switch {
	case e.secret == nil || !e.secret.ScheduledForDeletion():
		return op.Unchanged(op.None{}), nil
	case !c.Settled().Reached(e.secret.DeletionDate):
		return nil, smfault.NotExpired
	}
	if err := s.tellOfVersions(c, e.secret, secret.EndVersionDelete); err != nil {
		return nil, err
	}
	return op.Apply(s.rows.Remove(e.secret), op.None{}), nil
}

// deleteDue deletes the secret whose recovery window is over. It is the work of a
// [deleteSecretJob]; subject is the last part of the secret's ARN.
func (s *Secrets) deleteDue(c *op.Call, subject string) error {
	_, err := op.AsService(c, secret.Service, c.Caller.Account, s.endRecovery,
		endRecoveryInput{Subject: subject})
	return err
}
