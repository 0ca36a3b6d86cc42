package config

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"regexp"

	"claviger/cmd/claviger/exit"
	"claviger/hsm"
	"claviger/service"
)

var clusterForm = regexp.MustCompile(`^cluster-[2-7a-zA-Z]{11,16}$`)

// checkClusters checks the clusters that custom key stores may stand on. A token belongs to one of
// them only, and to none if it is the service's own: a process has one login for each.
func (c *Config) checkClusters() error {
	seen := map[string]bool{}
	own := c.Device()
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
		for _, token := range cl.Tokens() {
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

func (cl *Cluster) check() error {
	switch {
	case !clusterForm.MatchString(cl.ID):
		return fmt.Errorf("clusters.id must be cluster- and 11 to 16 letters or digits from 2 to 7, "+
			"and %q is not", cl.ID)
	case cl.Module == "":
		return fmt.Errorf("cluster %s: module is missing: the path of the PKCS#11 library", cl.ID)
	case (len(cl.TokenLabels) == 0) == (len(cl.TokenSerials) == 0):
		return fmt.Errorf("cluster %s: set token_labels or token_serials, and one of them only", cl.ID)
	case cl.Single && len(cl.Tokens()) > 1:
		return fmt.Errorf("cluster %s: single is for a cluster that shows one token", cl.ID)
	}
	for _, account := range cl.Accounts {
		if !IsAccount(account) {
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

// Tokens returns how the cluster's tokens are found.
func (cl *Cluster) Tokens() (all []hsm.Config) {
	timeout, _ := duration("clusters.timeout", cl.Timeout)
	for _, label := range cl.TokenLabels {
		all = append(all, hsm.Config{Module: cl.Module, TokenLabel: label, Timeout: timeout})
	}
	for _, serial := range cl.TokenSerials {
		all = append(all, hsm.Config{Module: cl.Module, TokenSerial: serial, Timeout: timeout})
	}
	return all
}

// ServiceClusters returns the clusters with their trust anchors, which are read once.
func (c *Config) ServiceClusters() (all []service.Cluster, err error) {
	for _, cl := range c.Clusters {
		made := service.Cluster{ID: cl.ID, Accounts: cl.Accounts, Tokens: cl.Tokens(),
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
