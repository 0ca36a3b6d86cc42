package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/exit"
	"claviger/hsm"
	"claviger/service"
)

var clusterForm = regexp.MustCompile(`^cluster-[2-7a-zA-Z]{11,16}$`)

// checkClusters checks the clusters that custom key stores may stand on. A token belongs to one of
// them only, and to none if it is the service's own: a process has one login for each.
func (c *config) checkClusters() error {
	seen := map[string]bool{}
	own := c.device()
	own.PIN = nil
	taken := map[string]bool{nameOf(own): true}
	for _, cl := range c.Clusters {
		if err := cl.check(); err != nil {
			return err
		}
		if seen[cl.ID] {
			return fmt.Errorf("there are two clusters with the id %s", cl.ID)
		}
		seen[cl.ID] = true
		for _, token := range cl.tokens() {
			if taken[nameOf(token)] {
				return fmt.Errorf("cluster %s: its token %q is another's, too", cl.ID, token.TokenLabel+
					token.TokenSerial)
			}
			taken[nameOf(token)] = true
		}
	}
	return nil
}

// nameOf is what a token is told from others by, as far as the configuration knows.
func nameOf(c hsm.Config) string { return c.Module + "\n" + c.TokenLabel + "\n" + c.TokenSerial }

func (cl *cluster) check() error {
	switch {
	case !clusterForm.MatchString(cl.ID):
		return fmt.Errorf("clusters.id must be cluster- and 11 to 16 letters or digits from 2 to 7, "+
			"and %q is not", cl.ID)
	case cl.Module == "":
		return fmt.Errorf("cluster %s: module is missing: the path of the PKCS#11 library", cl.ID)
	case (len(cl.TokenLabels) == 0) == (len(cl.TokenSerials) == 0):
		return fmt.Errorf("cluster %s: set token_labels or token_serials, and one of them only", cl.ID)
	case cl.Single && len(cl.tokens()) > 1:
		return fmt.Errorf("cluster %s: single is for a cluster that shows one token", cl.ID)
	}
	for _, account := range cl.Accounts {
		if !accountForm.MatchString(account) {
			return fmt.Errorf("cluster %s: accounts are 12 digits each, and %q is not", cl.ID, account)
		}
	}
	if cl.Accounts != nil && len(cl.Accounts) == 0 {
		return fmt.Errorf("cluster %s: accounts names none, so that nobody could use it", cl.ID)
	}
	for _, name := range append(cl.TokenLabels, cl.TokenSerials...) {
		if name == "" {
			return fmt.Errorf("cluster %s: a token without a name", cl.ID)
		}
	}
	_, err := duration("clusters.timeout", cl.Timeout)
	return err
}

// tokens returns how the cluster's tokens are found.
func (cl *cluster) tokens() (all []hsm.Config) {
	timeout, _ := duration("clusters.timeout", cl.Timeout)
	for _, label := range cl.TokenLabels {
		all = append(all, hsm.Config{Module: cl.Module, TokenLabel: label, Timeout: timeout})
	}
	for _, serial := range cl.TokenSerials {
		all = append(all, hsm.Config{Module: cl.Module, TokenSerial: serial, Timeout: timeout})
	}
	return all
}

// clusters returns the clusters with their trust anchors, which are read once.
func (c *config) clusters() (all []service.Cluster, err error) {
	for _, cl := range c.Clusters {
		made := service.Cluster{ID: cl.ID, Accounts: cl.Accounts, Tokens: cl.tokens(),
			Single: cl.Single}
		if made.Accounts == nil {
			made.Accounts = []string{c.Account}
		}
		if cl.TrustAnchor != "" {
			made.Anchor, err = readAnchor(cl.TrustAnchor)
			if err != nil {
				return nil, exit.Mark(fmt.Errorf("cluster %s: trust_anchor: %w", cl.ID, err), exit.ErrConfig)
			}
		}
		all = append(all, made)
	}
	return all, nil
}

// clustersCommand is for what only whoever runs the service may do with clusters.
func clustersCommand(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
		args = []string{"reset", "-h"}
	}
	if len(args) == 0 || args[0] != "reset" {
		return exit.UsageError("clusters: say what to do: claviger clusters reset")
	}
	f := e.flags("clusters reset", "--config FILE --cluster ID",
		"Allows one more password to be tried on a cluster that has refused too many, or that has "+
			"counted a wrong one of somebody\nelse's. It is recorded in the trail. The server may be "+
			"running: it is asked then. Otherwise the token is opened as the\nserver would.")
	path := f.String("config", "", "`file` of the configuration")
	id := f.String("cluster", "", "the cluster's `id`, as in the configuration")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	if *id == "" {
		return exit.UsageError("clusters reset: --cluster ID is needed")
	}
	c, log, err := e.begin(*path)
	if err != nil {
		return err
	}
	return c.resetCluster(ctx, e, log, *id)
}

// resetCluster does it as the first of the accounts that may use the cluster: all have one count.
func (c *config) resetCluster(ctx context.Context, e *env, log *slog.Logger, id string) error {
	all, err := c.clusters()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(cl service.Cluster) bool { return cl.ID == id })
	if i < 0 {
		return exit.ConfigError("there is no cluster %q in the configuration", id)
	}
	_, err = have[any](ctx, place{c, log, c.Database}, control.Request{
		Reset: &control.Reset{Account: all[i].Accounts[0], Cluster: id}})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "One password will be tried on %s, when a store on it is connected.\n", id)
	return nil
}

// readAnchor returns a trust anchor's file, which holds a certificate in PEM.
func readAnchor(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if block, _ := pem.Decode(b); block == nil {
		return "", errors.New("it holds nothing in PEM")
	}
	return string(b), nil
}
