package service

import (
	"context"

	"claviger/iam/attachments"
)

// AttachUserPolicy attaches a managed policy to a user.
func (s *Service) AttachUserPolicy(ctx context.Context, account, user, arn, by string) error {
	_, err := command(s.commanded(ctx, account, by),
		s.services.identities.Attachments.AttachUserPolicy,
		attachments.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
	return err
}

// DetachUserPolicy takes a managed policy off a user.
func (s *Service) DetachUserPolicy(ctx context.Context, account, user, arn, by string) error {
	_, err := command(s.commanded(ctx, account, by),
		s.services.identities.Attachments.DetachUserPolicy,
		attachments.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
	return err
}
