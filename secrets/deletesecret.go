package secrets

import (
	"strings"
	"time"

	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/store"
)

// The recovery window of the Secrets Manager API reference, in days.
const (
	shortestWindow = 7
	longestWindow  = 30
)

// DeleteSecretInput is DeleteSecretRequest of AWS. Without a window of its own a secret waits for 30 days; at once
// and a window exclude one another.
type DeleteSecretInput struct {
	SecretId                   string `shape:"SecretIdType,required"`
	RecoveryWindowInDays       *int64 `shape:"RecoveryWindowInDaysType"` // 7 to 30
	ForceDeleteWithoutRecovery *bool  `shape:"BooleanType"`
}

// Validate holds the window to what the service takes.
func (in DeleteSecretInput) Validate() error {
	switch d := or(in.RecoveryWindowInDays, longestWindow); {
	case in.RecoveryWindowInDays != nil && in.force():
		return invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case d < shortestWindow || d > longestWindow:
		return invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	return nil
}

func (in DeleteSecretInput) force() bool { return or(in.ForceDeleteWithoutRecovery, false) }

// DeleteSecretOutput is DeleteSecretResponse of AWS.
type DeleteSecretOutput struct {
	ARN, Name    string
	DeletionDate wire.Time // the end of the recovery window; the present, if there is none
}

// deletion is a secret that shall go. At once means that it may be gone already, or be waiting for its end.
type deletion struct {
	target
	atOnce bool
}

// Missing implements [op.Target]. That a secret of another Region is gone, nobody here can say.
func (t *deletion) Missing() error {
	if t.atOnce && !t.elsewhere {
		return nil
	}
	return t.target.Missing()
}

// Ready implements [op.Target].
func (t *deletion) Ready() error {
	if t.atOnce {
		return nil
	}
	return t.target.Ready()
}

func (s *Secrets) findDelete(c *op.Call, in DeleteSecretInput) (*deletion, error) {
	t, err := s.find(c, "DeleteSecret", in.SecretId, s.light)
	if err != nil {
		return nil, err
	}
	return &deletion{*t, in.force()}, nil
}

// deleteSecret closes the secret at once and puts its removal off. The row and its job are one transaction: no secret
// waits for a job that is not there.
func (s *Secrets) deleteSecret(c *op.Call, in DeleteSecretInput, t *deletion) (op.Commit[DeleteSecretOutput], error) {
	if t.atOnce {
		return s.deleteAtOnce(c, t), nil
	}
	due := now(c).AddDate(0, 0, int(or(in.RecoveryWindowInDays, longestWindow)))
	sec := t.line.changed(c, func(n *Secret) { n.Deletes = due })
	apply, err := s.prepare(c, &change{secret: sec, also: func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, DeleteSecretJob, sec.Account, sec.Region, sec.tail(), due)
	}})
	out := DeleteSecretOutput{sec.ARN(), sec.Name, wire.Time{Time: due}}
	return func(tx *store.Tx) (DeleteSecretOutput, error) { return out, apply(tx) }, err
}

// deleteAtOnce removes a secret without a window. One that is not there is as good as removed, so that a request can be repeated.
func (s *Secrets) deleteAtOnce(c *op.Call, t *deletion) op.Commit[DeleteSecretOutput] {
	out := DeleteSecretOutput{t.arn(), t.named.name, wire.Time{Time: now(c)}}
	return func(tx *store.Tx) (DeleteSecretOutput, error) {
		if t.line == nil {
			return out, nil
		}
		sec := t.line.Secret
		if !sec.Deletes.IsZero() {
			if err := s.jobs.Cancel(tx, DeleteSecretJob, sec.Account, sec.Region, sec.tail()); err != nil {
				return out, err
			}
		}
		return out, s.remove(tx, sec)
	}
}

// restoreSecret opens a secret again. One that was not marked is as it should be, and nothing is written.
func (s *Secrets) restoreSecret(c *op.Call, _ SecretInput, sec *Secret) (*change, SecretOutput, error) {
	if sec.Deletes.IsZero() {
		return nil, outputOf(sec), nil
	}
	return &change{
		secret: sec.changed(c, func(n *Secret) { n.Deletes = time.Time{} }),
		also: func(tx *store.Tx) error {
			return s.jobs.Cancel(tx, DeleteSecretJob, sec.Account, sec.Region, sec.tail())
		},
	}, outputOf(sec), nil
}

// purgeInput names a secret whose recovery window is over, by the last part of its ARN.
type purgeInput struct {
	Subject string `shape:"Subject,required"`
	op.ByShape
}

// expired is a secret that may be due for removal, or gone already.
type expired struct {
	arn string
	sec *Secret
}

// Demands implements [op.Target].
func (e expired) Demands() []policy.Demand {
	return []policy.Demand{{Action: "secretsmanager:DeleteSecret", Resource: policy.Resource{ARN: e.arn}}}
}

// Missing implements [op.Target].
func (expired) Missing() error { return nil }

// Ready implements [op.Target].
func (expired) Ready() error { return nil }

// findPurge reads the secret that the job is for. A younger one of the same name has another suffix, and is left alone.
func (s *Secrets) findPurge(c *op.Call, in purgeInput) (expired, error) {
	account, region := c.Namespace()
	e := expired{arn: arnPrefix(account, region) + in.Subject}
	i := strings.LastIndexByte(in.Subject, '-')
	if i < 0 {
		return e, errName
	}
	sec, err := s.loadSecret(c, secretRef{account, region, in.Subject[:i]}) // the row, not the cache: this can't be taken back
	switch {
	case isNoRow(err):
		return e, nil
	case err != nil:
		return e, err
	case sec.tail() == in.Subject:
		e.sec = sec
	}
	return e, nil
}

// purgeSecret removes a secret for good. One that is gone, or was taken back, is left as it is: the job has nothing to do.
// Where the time has not come, because the clock was set back, the job fails: it must stay, or the secret would be marked
// for ever.
func (s *Secrets) purgeSecret(c *op.Call, _ purgeInput, e expired) (op.Commit[op.None], error) {
	switch {
	case e.sec == nil || e.sec.Deletes.IsZero():
		return func(*store.Tx) (op.None, error) { return op.None{}, nil }, nil
	case e.sec.Deletes.After(c.Time):
		return nil, invalidRequest("The secret was marked for deletion, and its time has not come.")
	}
	return func(tx *store.Tx) (op.None, error) { return op.None{}, s.remove(tx, e.sec) }, nil
}

// Finish ends the secret whose recovery window is over. It is the work of a [DeleteSecretJob]; subject is the
// last part of the secret's ARN.
func (s *Secrets) Finish(c *op.Call, subject string) error {
	_, err := op.AsService(c, service, s.purge, purgeInput{Subject: subject})
	return err
}
