package service

import (
	"context"
	"time"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/roles"
	"claviger/iam/sts"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// RevokeRole ends the sessions of a role that began before a time; the zero time is now. What ends
// is over for the next request.
func (s *Service) RevokeRole(ctx context.Context, arn string, before time.Time, by string) error {
	account, kind, _, name, ok := entity.ParseARN(arn)
	if !ok || kind != "role" {
		return model.NoSuchEntity("%s is not the ARN of a role.", arn)
	}
	role, err := s.entities.Roles.ByName(ctx, account, name)
	if err == nil && (role == nil || role.ARN() != arn) {
		err = model.NoSuchEntity("There is no role %s.", arn)
	}
	if err != nil {
		return err
	}
	_, err = command(s.commanded(ctx, account, by),
		s.services.identities.Roles.RevokeRoleSessions,
		roles.RevokeRoleSessionsInput{RoleName: name, Before: wire.At(before)})
	return err
}

// RevokeSession ends a session, which is named by the id of its access key, for the next request.
func (s *Service) RevokeSession(ctx context.Context, id, by string) error {
	account, err := sts.AccountOf(id)
	if err == nil {
		err = s.known(ctx, account)
	}
	if err != nil {
		return err
	}
	c := s.runner.Own(ctx, account, s.region, model.STS.Name)
	c.SourceIP, c.UserAgent = by, by
	_, err = op.AsService(c, model.STS.Name, account, s.services.sts.RevokeSession,
		sts.RevokeSessionInput{AccessKeyId: id})
	return err
}
