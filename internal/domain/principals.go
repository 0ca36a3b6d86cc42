package domain

import (
	"context"
	"errors"

	"claviger/policy"
	"claviger/policy/principals"
)

// Principals knows users and roles by their names and by their unique ids. The policy of a resource
// is stored with ids, so that who is made again under a name of before is somebody else.
type Principals interface {
	// UniqueID returns the id of the user or role with an ARN. If there is none it is [ErrNobody].
	UniqueID(ctx context.Context, arn string) (string, error)

	// ARN returns the ARN of the user or role with a unique id, or the id if there is none any more.
	ARN(ctx context.Context, id string) (string, error)
}

// ErrNobody says that a policy names a user or a role that doesn't exist. A service has its own
// words for it.
var ErrNobody = errors.New("there is no such user or role")

// StoredPolicy returns the text of a policy as it is stored.
func StoredPolicy(ctx context.Context, of Principals, text string) (string, error) {
	return principals.Store(text, func(arn string) (string, error) {
		return of.UniqueID(ctx, arn)
	})
}

// ShownPolicy returns the text of a stored policy as it is read: byte for byte what was given, as
// long as all whom it names are there.
func ShownPolicy(ctx context.Context, of Principals, text string) (string, error) {
	return principals.Show(text, func(id string) (string, error) { return of.ARN(ctx, id) })
}

// StoredPrincipal is [StoredPolicy] for a principal that stands by itself, as in a grant. Who is no
// user or role keeps his name.
func StoredPrincipal(ctx context.Context, of Principals, name string) (string, error) {
	if !principals.HaveUniqueID(name) {
		return name, nil
	}
	return of.UniqueID(ctx, name)
}

// ShownPrincipal is [ShownPolicy] for a principal that stands by itself.
func ShownPrincipal(ctx context.Context, of Principals, name string) (string, error) {
	if !policy.IsUniqueID(name) {
		return name, nil
	}
	return of.ARN(ctx, name)
}

// KnownPrincipal is [StoredPrincipal] for those who ask what somebody has: who isn't there has
// nothing, under whatever name.
func KnownPrincipal(ctx context.Context, of Principals, name string) (string, error) {
	id, err := StoredPrincipal(ctx, of, name)
	if errors.Is(err, ErrNobody) {
		return name, nil
	}
	return id, err
}
