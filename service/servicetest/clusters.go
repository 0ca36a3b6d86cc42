package servicetest

import (
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
)

// Cluster is the cluster of [WithCluster], and ClusterPassword its user's PIN.
const (
	Cluster         = "cluster-abcdefghijk"
	ClusterPassword = hsmtest.PIN
)

// WithCluster has the server know one cluster of HSMs: a fresh SoftHSM2 token.
func WithCluster(t testing.TB) func(*service.Config) {
	t.Helper()
	return WithClusters(service.Cluster{ID: Cluster, Tokens: []hsm.Config{hsmtest.Vault(t)},
		Single: true})
}

// WithClusters has the server know clusters of HSMs. One that names no accounts is for [Account].
func WithClusters(all ...service.Cluster) func(*service.Config) {
	for i := range all {
		if all[i].Accounts == nil {
			all[i].Accounts = []string{Account}
		}
	}
	return func(c *service.Config) { c.Clusters = append(c.Clusters, all...) }
}
