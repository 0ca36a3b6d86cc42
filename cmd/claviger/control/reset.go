package control

import (
	"context"

	"claviger/service"
)

// Reset allows one more password to be tried on a cluster.
type Reset struct {
	Account string // one that may use the cluster
	Cluster string
}

func (q Reset) perform(ctx context.Context, s *service.Service, uid int) error {
	return s.ResetCluster(ctx, q.Account, q.Cluster, by("clusters reset", uid))
}
