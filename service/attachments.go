package service

import (
	"context"
	"errors"
)

var errNoPolicies = errors.New("policies can't be attached yet")

// AttachUserPolicy attaches a managed policy to a user.
func (s *Service) AttachUserPolicy(ctx context.Context, account, user, arn, by string) error {
	return errNoPolicies
}

// DetachUserPolicy takes a managed policy off a user.
func (s *Service) DetachUserPolicy(ctx context.Context, account, user, arn, by string) error {
	return errNoPolicies
}
