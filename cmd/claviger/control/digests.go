package control

import (
	"context"

	"claviger/service"
	"claviger/trail/export"
)

// Digests has digests of exported files signed.
type Digests struct {
	Account string // that the record is in
	Trail   export.Trail
	Chains  []export.Chain
}

func (q Digests) perform(ctx context.Context, s *service.Service, uid int) (
	[][]export.Signed, error) {
	return s.SignDigests(ctx, q.Trail, q.Chains, q.Account, by("audit export", uid))
}
