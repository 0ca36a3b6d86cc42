package service

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/keystore/customstore"
)

// Cluster is a cluster of HSMs that a custom key store may stand on.
type Cluster struct {
	ID       string   // cluster-..., as AWS writes it
	Accounts []string // that may use it; to all others it isn't there

	// Tokens are all of one module. The first has the keys. None has a PIN: that is
	// the password of the store.
	Tokens []hsm.Config

	Anchor string // certificate of the trust anchor in PEM, or nothing
	Single bool   // one token is as many as there should be
}

// clusters are those of the configuration. It is what customstore asks of them.
type clusters struct {
	all     []Cluster
	main    *hsm.Token // authenticates the check values of the clusters' keys
	log     *slog.Logger
	observe hsm.Observer
}

// surveyed bounds the wait for a module that doesn't answer.
const surveyed = 5 * time.Second

// find returns a cluster that an account may use, or nil.
func (c *clusters) find(account, id string) *Cluster {
	for i := range c.all {
		if c.all[i].ID == id && slices.Contains(c.all[i].Accounts, account) {
			return &c.all[i]
		}
	}
	return nil
}

// Look implements customstore.Clusters. A module that doesn't answer has no active HSM to show.
func (c *clusters) Look(ctx context.Context, account, id string) (*customstore.Cluster, error) {
	found := c.find(account, id)
	if found == nil {
		return nil, nil
	}
	look := &customstore.Cluster{Anchor: found.Anchor, Needed: 2}
	if found.Single {
		look.Needed = 1
	}
	ctx, cancel := context.WithTimeout(ctx, surveyed)
	defer cancel()
	active, err := hsm.Survey(ctx, found.Tokens)
	if err != nil {
		c.log.Error("an HSM cluster can't be looked at", "cluster", id, "error", err)
		return look, nil
	}
	look.Works, look.Ready = true, active[0]
	for _, there := range active {
		if there {
			look.Active++
		}
	}
	return look, nil
}

// Open implements customstore.Clusters.
func (c *clusters) Open(ctx context.Context,
	login customstore.Login) (customstore.Connection, error) {
	found, log := c.find(login.Account, login.Cluster), c.log.With("cluster", login.Cluster)
	if found == nil {
		return nil, &customstore.ConnectionError{Code: "CLUSTER_NOT_FOUND", Final: true,
			Err: errors.New("the configuration names no such cluster for the account")}
	}
	config := found.Tokens[0]
	config.PIN, config.Log, config.Observe = login.Password, log, c.observe
	config.SparePIN = !login.Again
	v, err := hsm.OpenVault(ctx, config, c.main)
	if err != nil {
		failure := connectionErrorOf(err)
		log.Error("an HSM cluster can't be connected to", "code", failure.Code, "error", err)
		if errors.Is(err, hsm.ErrPINCount) {
			log.Error("somebody else has tried a wrong PIN on the cluster. If that is explained, log in to " +
				"it by the device's own tool, or allow one try by `claviger clusters reset`")
		}
		return nil, failure
	}
	return &connection{v, log}, nil
}

// connectionErrorOf gives a failure of the device the name that AWS has for it.
func connectionErrorOf(err error) *customstore.ConnectionError {
	for _, known := range []struct {
		err   error
		code  string
		final bool
	}{
		{hsm.ErrPIN, "INVALID_CREDENTIALS", true},
		{hsm.ErrPINLocked, "USER_LOCKED_OUT", true},
		{hsm.ErrPINCount, "USER_LOCKED_OUT", false}, // looking at it again costs nothing
		{hsm.ErrNoUser, "USER_NOT_FOUND", true},
		{hsm.ErrTaken, "USER_LOGGED_IN", false},
		{hsm.ErrFiles, "INTERNAL_ERROR", false},
		{hsm.ErrNoToken, "INSUFFICIENT_CLOUDHSM_HSMS", false},
		{hsm.ErrModule, "INTERNAL_ERROR", false},
		{hsm.ErrNotStarted, "INTERNAL_ERROR", false},
		{hsm.ErrAmbiguous, "INTERNAL_ERROR", false},
		{hsm.ErrMechanism, "INTERNAL_ERROR", false},
		{hsm.ErrUnsafe, "INTERNAL_ERROR", false},
		{custody.ErrUnavailable, "NETWORK_ERRORS", false},
	} {
		if errors.Is(err, known.err) {
			return &customstore.ConnectionError{Code: known.code, Final: known.final, Err: err}
		}
	}
	// What the module answered, or didn't.
	return &customstore.ConnectionError{Code: "NETWORK_ERRORS", Err: err}
}

// connection is an open cluster.
type connection struct {
	*hsm.Vault
	log *slog.Logger
}

// FinalError implements customstore.Connection.
func (c *connection) FinalError() *customstore.ConnectionError {
	err := c.Ready()
	if err == nil {
		return nil
	}
	if failure := connectionErrorOf(err); failure.Final {
		return failure
	}
	return nil
}

// Close implements customstore.Connection.
func (c *connection) Close() {
	if err := c.Vault.Close(); err != nil {
		c.log.Error("an HSM cluster could not be disconnected from in good order", "error", err)
	}
}
