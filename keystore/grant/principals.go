package grant

import (
	"context"
	"errors"

	"claviger/internal/domain"
)

// Store has a grant name users and roles as it is stored: by their unique ids. Who isn't there is
// refused.
func (g *Grant) Store(ctx context.Context, of domain.Principals) error {
	for _, name := range []*string{&g.Grantee, &g.RetiringPrincipal} {
		stored, err := domain.StoredPrincipal(ctx, of, *name)
		if errors.Is(err, domain.ErrNobody) {
			err = noPrincipal(*name)
		}
		if err != nil {
			return err
		}
		*name = stored
	}
	return nil
}

// Shown returns how the grantee and the retiring principal of a stored grant are told: by their
// ARNs, and by the unique ids of those who are gone.
func (g *Grant) Shown(ctx context.Context, of domain.Principals) (
	grantee, retiring string, err error) {
	if grantee, err = domain.ShownPrincipal(ctx, of, g.Grantee); err != nil {
		return "", "", err
	}
	retiring, err = domain.ShownPrincipal(ctx, of, g.RetiringPrincipal)
	return grantee, retiring, err
}
