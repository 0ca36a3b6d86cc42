package customstore

import (
	"context"
	"errors"
	"strings"

	"claviger/internal/fault"
	"claviger/keystore/key"
	"claviger/keystore/residents"
)

// Clusters are the HSM clusters that custom key stores may stand on. A name in the server's
// configuration is all that a caller can say of one, and each is there for some accounts only.
type Clusters interface {
	// Look returns how a cluster is now, without logging in; nil if none that the account may use has
	// the name.
	Look(ctx context.Context, account, id string) (*Cluster, error)
	// Open logs in to a cluster. Errors are [*ConnectionError].
	Open(ctx context.Context, login Login) (Connection, error)
}

// Login is how a cluster is logged in to.
type Login struct {
	Account  string // whose store it is
	Cluster  string
	Password func() ([]byte, error) // read again at each login, and wiped

	// Again says that a wrong password which the cluster has counted is one that is known here.
	// Otherwise none is tried on a cluster that has counted one.
	Again bool
}

// Cluster is what is known of a cluster before anybody logs in to it.
type Cluster struct {
	Anchor string // certificate of its trust anchor in PEM, or nothing if the site compares none
	Works  bool   // its module can be loaded
	Active int    // HSMs that are there
	Needed int    // HSMs that must be there to make a store or a key: AWS asks for two
	Ready  bool   // the HSM that holds the keys is there
}

// Token is the token of a connected custom key store: all that operations ask of it. The keys of a
// store are resident there and never leave it.
type Token interface {
	key.Connection
	residents.Token
	Random(ctx context.Context, n int) ([]byte, error)
}

// Connection is a cluster that is logged in to. Only this package keeps and closes it.
type Connection interface {
	Token
	FinalError() *ConnectionError // why only a person can bring it back, or nil
	Close()
}

// ConnectionError is why a cluster can't be connected to.
type ConnectionError struct {
	Code  string // ConnectionErrorCode of AWS
	Final bool   // trying again would be of no use, or do harm
	Err   error  // for the operator
}

func (e *ConnectionError) Error() string { return e.Code + ": " + e.Err.Error() }
func (e *ConnectionError) Unwrap() error { return e.Err }

// connectionErrorOf returns err as a ConnectionError. One that the cluster gave no code is not the
// caller's fault, so it becomes AWS's INTERNAL_ERROR.
func connectionErrorOf(err error) *ConnectionError {
	var e *ConnectionError
	if errors.As(err, &e) {
		return e
	}
	return &ConnectionError{Code: "INTERNAL_ERROR", Err: err}
}

func errInactive(id string) error {
	return fault.Newf(fault.State, "CloudHsmClusterNotActiveException",
		"The cluster %s is not active.", id)
}

var errFewHSMs = fault.New(fault.State, "CloudHsmClusterInvalidConfigurationException",
	"The cluster has fewer active HSMs than this operation requires.")

// Cluster returns the cluster of an account's store that is to be made, altered or added to, if it
// has what AWS asks for. One that is another account's is as absent as one that nobody has.
func (s *Stores) Cluster(ctx context.Context, account, id string) (*Cluster, error) {
	cl, err := s.config.Clusters.Look(ctx, account, id)
	switch {
	case err != nil:
		return nil, err
	case cl == nil:
		return nil, errNoCluster(id)
	case !cl.Works:
		return nil, errInactive(id)
	case cl.Active < cl.Needed || !cl.Ready:
		return nil, errFewHSMs
	}
	return cl, nil
}

// connectable refuses to connect a store to a cluster that can't be. One HSM is enough, but it has
// to be the one with the keys. That the configuration names no such cluster shows when it is
// opened.
func (s *Stores) connectable(ctx context.Context, st *Store) error {
	cl, err := s.config.Clusters.Look(ctx, st.Account, st.ClusterID)
	switch {
	case err != nil:
		return err
	case cl != nil && !cl.Works:
		return errInactive(st.ClusterID)
	case cl != nil && !cl.Ready:
		return errFewHSMs
	}
	return nil
}

// checkAnchor wants a certificate to be the trust anchor of the cluster, where the site compares
// it.
func (cl *Cluster) checkAnchor(certificate string) error {
	if cl.Anchor != "" && !sameCertificate(cl.Anchor, certificate) {
		return fault.New(fault.Invalid, "IncorrectTrustAnchorException",
			"The certificate is not the trust anchor of the cluster.")
	}
	return nil
}

// checkRelated wants a cluster that a store is to stand on next to be a copy of its own, which
// shows by the trust anchor.
func (s *Stores) checkRelated(ctx context.Context, st *Store, id string) error {
	cl, err := s.Cluster(ctx, st.Account, id)
	if err != nil {
		return err
	}
	if id != st.ClusterID && (cl.Anchor == "" || !sameCertificate(cl.Anchor, st.TrustAnchor)) {
		return fault.New(fault.State, "CloudHsmClusterNotRelatedException",
			"The cluster does not have the trust anchor of the one that "+
				"the custom key store was made with.")
	}
	return nil
}

// sameCertificate compares two certificates in PEM by their text, white space aside.
func sameCertificate(a, b string) bool {
	return strings.Join(strings.Fields(a), "") == strings.Join(strings.Fields(b), "")
}
