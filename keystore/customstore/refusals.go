package customstore

import (
	"errors"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// A device locks after a few wrong PINs, and then nobody's keys on it can be used. So each cluster
// has a count of refused passwords, of whatever store and account they were. It is in the database,
// so that neither another store nor another start begins anew.

// MaxRefusals is how many passwords of one cluster are refused before no more is tried, until an
// operator allows it or one was right.
const MaxRefusals = 2

// Codes of AWS's ConnectionErrorCode.
const (
	invalidCredentials = "INVALID_CREDENTIALS"
	lockedOut          = "USER_LOCKED_OUT"
)

var (
	errRefusedBefore = errors.New("the cluster has refused as many passwords as are tried")
	errGivenUp       = errors.New("nobody waits for this login any more")
)

const ofACluster = "a cluster belongs to the installation, and its count is of all accounts' stores"

var (
	qRefusals    = store.Wide(`SELECT refusals FROM kms_cluster_refusals WHERE cluster_id = $1`, ofACluster)
	qSetRefusals = store.Wide(`INSERT INTO kms_cluster_refusals (cluster_id, refusals) VALUES ($1, $2)
		ON CONFLICT (cluster_id) DO UPDATE SET refusals = excluded.refusals`, ofACluster)
)

// refusals returns how many passwords a cluster has refused since one was right.
func (s *Stores) refusals(cluster string) (n int, err error) {
	err = s.config.DB.Row(qRefusals, []any{cluster}, &n)
	if domain.IsNoRow(err) {
		return 0, nil
	}
	return n, err
}

// setRefusals makes the count of a cluster durable. It leaves no record: what the job does leaves
// its own.
func (s *Stores) setRefusals(cluster string, n int) error {
	return s.config.DB.Commit(storeRefusals(cluster, n), nil)
}

func storeRefusals(cluster string, n int) domain.Change {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qSetRefusals, cluster, n)
		return err
	}
}

// resetInput names a cluster.
type resetInput struct {
	CloudHsmClusterId string `shape:"CloudHsmClusterIdType,required"`
	op.ByShape
}

// resetTarget is a cluster of the configuration.
type resetTarget struct {
	account string
	id      string
	there   bool
}

// Demands implements [op.Target].
func (t resetTarget) Demands() []policy.Demand {
	return []policy.Demand{domain.On("kms:ResetClusterRefusals", "*", t.account)}
}

// Missing implements [op.Target].
func (t resetTarget) Missing() error {
	if !t.there {
		return errNoCluster(t.id)
	}
	return nil
}

// Ready implements [op.Target].
func (resetTarget) Ready() error { return nil }

func (s *Stores) findReset(c *op.Call, in resetInput) (resetTarget, error) {
	account, _ := c.Namespace()
	cl, err := s.config.Clusters.Look(c, account, in.CloudHsmClusterId)
	return resetTarget{account: account, id: in.CloudHsmClusterId, there: cl != nil}, err
}

// planReset leaves one try. That a wrong password was counted is known then, also to the cluster
// itself.
func (s *Stores) planReset(_ *op.Call, in resetInput, _ resetTarget) (op.Commit[op.None], error) {
	return op.Apply(storeRefusals(in.CloudHsmClusterId, MaxRefusals-1), op.None{}), nil
}

// ResetRefusals allows one more password to be tried on a cluster that an account may use, at the
// command of whoever runs the service.
func (s *Stores) ResetRefusals(c *op.Call, cluster string) error {
	_, err := op.AsService(c, "kms", c.Caller.Account, s.reset, resetInput{CloudHsmClusterId: cluster})
	return err
}

// errNoCluster says that a cluster is absent, or another account's.
func errNoCluster(id string) error {
	return fault.Newf(fault.NotFound, "CloudHsmClusterNotFoundException",
		"This service's configuration names no cluster %s.", id)
}
