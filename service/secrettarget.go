package service

import (
	"context"

	"claviger/events/dispatch"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/fault"
	"claviger/secrets/rotation"
	"claviger/secrets/secret"
)

// secretTarget begins rotations for events, as EventBridge's principal: the secret's policy
// decides.
type secretTarget struct{ service *Service }

// Deliver implements [delivery.Receiver].
func (t secretTarget) Deliver(ctx context.Context, m delivery.Message) error {
	said, err := dispatch.ReadContext(m)
	if err != nil {
		return err
	}
	c := t.service.runner.Own(ctx, m.Account, m.Region, secret.Service)
	return unrotated(t.service.services.secretsManager.RotateFor(c, rotation.ForService{
		Service: rule.Service, Account: m.Account, Source: said.RuleARN, SecretARN: m.Receiver,
		Token: dispatch.RotationToken(m, said), ReadAt: said.ReadAt}))
}

// unrotated says what becomes of an event whose rotation didn't begin.
func unrotated(err error) error {
	f := fault.Of(err)
	if f == nil {
		return nil
	}
	failure := &delivery.Failure{Code: delivery.InternalError, Cause: err,
		Text: "the secret can't be rotated now"}
	switch {
	case f == rotation.ErrIncomplete:
		failure.Code = delivery.ErrorFromTarget
		failure.Text = "a rotation of the secret is in progress"
	case f == rotation.ErrNotInvokable:
		failure.Code, failure.Permanent = delivery.NoResource, true
		failure.Text = "the configuration has no rotator that the secret names"
	case f.Kind == fault.Denied:
		failure.Code, failure.Permanent = delivery.NoPermissions, true
		failure.Text = "the secret's policy doesn't let events.amazonaws.com rotate it"
	case f.Kind == fault.NotFound:
		failure.Code, failure.Permanent = delivery.NoResource, true
		failure.Text = "there is no such secret"
	case f.Kind == fault.State:
		failure.Code, failure.Permanent, failure.Text = delivery.NoResource, true, f.Message
	case f.Kind == fault.Throttled, f.Kind == fault.Limit, f.Kind == fault.Conflict:
		failure.Code = delivery.Throttling
	}
	return failure
}
