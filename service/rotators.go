package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"claviger/iam/sts"
	"claviger/internal/fault"
	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/program"
	"claviger/secrets/secret"
)

// Rotator is what secrets may be rotated by. A program of the site's own is described here and made
// when there is somebody who makes credentials for it.
type Rotator struct {
	rotation.Rotator
	Program *program.Config // nil: Target or Function is set
	Role    string          // ARN of the role that the program acts as
}

// rotators makes what rotations use. A program that can't be run here fails the rotations that are
// by it and nothing else: every secret and key would be out of reach otherwise.
func (s *Service) rotators(ctx context.Context, log *slog.Logger,
	all []Rotator) (made rotation.Rotators) {
	for _, r := range all {
		if r.Program != nil {
			f, err := program.New(ctx, *r.Program, &roleCredentials{service: s, role: r.Role,
				superusers: r.Superusers, lifetime: sessionOf(r.Program.Timeout)})
			r.Function = f
			if err != nil {
				log.Error("a rotator can't be used", "rotator", r.Name, "error", err)
				r.Function = unusable{err}
			}
		}
		made = append(made, r.Rotator)
	}
	return made
}

// unusable is in the place of a program that can't be run on this machine.
type unusable struct{ why error }

// Invoke implements [rotator.Function].
func (u unusable) Invoke(context.Context, rotator.Event, rotator.Secret) error {
	return rotator.Errorf(rotator.NotAllowed,
		"the rotator's program can't be run on the service's machine: %v", u.why).Because(u.why)
}

// CheckPrograms tries the programs of rotators as a service does when it starts, and returns why
// they can't be run, by the rotators' names.
func CheckPrograms(ctx context.Context, all []Rotator) map[string]error {
	bad := map[string]error{}
	for _, r := range all {
		if r.Program == nil {
			continue
		}
		if _, err := program.New(ctx, *r.Program, nil); err != nil {
			bad[r.Name] = err
		}
	}
	return bad
}

const (
	shortestSession = 15 * time.Minute // of a role
	afterStep       = 5 * time.Minute
)

// sessionOf is how long the credentials for a step live that takes so long.
func sessionOf(step time.Duration) time.Duration { return max(shortestSession, step+afterStep) }

// roleCredentials are those of a role, narrowed to the rotation of one secret.
type roleCredentials struct {
	service    *Service
	role       string
	superusers []string
	lifetime   time.Duration
}

// ForRotation implements [program.Credentials].
func (r *roleCredentials) ForRotation(ctx context.Context, of rotator.Secret) (s program.Session,
	err error) {
	c := r.service.runner.Own(ctx, of.Account, of.Region, secret.Service)
	got, err := r.service.services.sts.AssumeForService(c, sts.ForService{Service: secret.Service,
		Account: of.Account, Source: of.ARN, RoleARN: r.role, Name: "rotation",
		Policy: r.policy(of), Seconds: int32(r.lifetime / time.Second)})
	if f := fault.Of(err); f != nil && f.Kind == fault.Denied {
		return s, rotator.Errorf(rotator.Forbidden, "the role %s isn't there, or doesn't let "+
			"secretsmanager.amazonaws.com act as it for the secret", r.role).Because(err)
	}
	if err != nil {
		return s, err
	}
	return program.Session{AccessKeyID: got.AccessKeyId, SecretAccessKey: got.SecretAccessKey,
		SessionToken: got.SessionToken, Expires: got.Expiration.Time}, nil
}

// policy is all that a function of AWS's shape needs, for one secret and the superusers' that it
// may read. What of it the role may not do either, the program may not.
func (r *roleCredentials) policy(of rotator.Secret) string {
	type statement map[string]any
	readable := append([]string{of.ARN}, r.superusers...)
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []statement{
		{"Effect": "Allow", "Resource": of.ARN, "Action": []string{"secretsmanager:PutSecretValue",
			"secretsmanager:UpdateSecretVersionStage"}},
		{"Effect": "Allow", "Resource": readable, "Action": []string{"secretsmanager:DescribeSecret",
			"secretsmanager:GetSecretValue"}},
		{"Effect": "Allow", "Resource": "*", "Action": "secretsmanager:GetRandomPassword"},
		{"Effect": "Allow", "Resource": "*", "Action": []string{"kms:Decrypt", "kms:GenerateDataKey"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"kms:EncryptionContext:SecretARN": readable}}},
	}})
	if err != nil {
		panic(err) // texts always have a JSON form
	}
	return string(text)
}

var _ program.Credentials = (*roleCredentials)(nil)
