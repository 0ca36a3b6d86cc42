// Package redis rotates passwords of users in the access control list of Redis (since 6) or Valkey.
//
// A user of theirs can have several passwords. A rotation leaves it with two, the new one and that
// of the current version, so that whoever has fetched either is let in: no client is locked out,
// neither before the label moves nor after. Older ones go at the next rotation. Passwords are set
// by their SHA-256, which is what the server keeps, so that neither MONITOR nor the slow log could
// show one.
//
// Changing users takes the right to ACL GETUSER and ACL SETUSER, and ACL SAVE or CONFIG REWRITE.
// Whoever has it is an administrator, so that usually masterarn names one's secret. Without, the
// user changes itself.
//
// The access control list is every server's own. It goes neither to replicas nor to other nodes of
// a cluster: a secret for several servers names the others in hosts.
package redis

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strings"

	"claviger/secrets/rotation/rotator"
)

// Config is what the configuration says of a rotator of this kind.
type Config struct {
	Reach rotator.Reach
	Rules rotator.Rules // nil members: 32 characters without those that URLs and shells take apart

	// Unsaved says that the servers keep no users: something makes them anew at each start from the
	// secret's current version. Otherwise a rotation fails where the server can't save them, as the
	// password of before would be in force again after its next start.
	Unsaved bool
}

// Target changes passwords of users. Secrets have engine (redis or valkey), host, username and
// password, and may have port (6379), ssl, masterarn, and hosts: further servers with the same
// user, as host:port with commas between.
type Target struct{ config Config }

var _ rotator.Target = (*Target)(nil)

const (
	usualPort     = 6379
	usualLength   = 32
	usualExcluded = `:/@"'\`

	mostServers = 64 // of a secret, which are asked one after another
)

// New returns a target of this kind.
func New(c Config) *Target {
	c.Rules.PasswordLength = cmp.Or(c.Rules.PasswordLength, new(int64(usualLength)))
	c.Rules.ExcludeCharacters = cmp.Or(c.Rules.ExcludeCharacters, new(usualExcluded))
	return &Target{config: c}
}

// Candidate implements [rotator.Target].
func (t *Target) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (rotator.Document, error) {
	if _, err := t.servers(current); err != nil {
		return current, err
	}
	password, err := from.Password(ctx, t.config.Rules)
	if err != nil {
		return current, err
	}
	return current.With("password", password), nil
}

// servers checks a secret's value and returns where it is for, that of host first.
func (t *Target) servers(d rotator.Document) (all []rotator.Endpoint, err error) {
	if err := d.Required("engine", "host", "username", "password"); err != nil {
		return nil, err
	}
	if engine := d.Text("engine"); engine != "redis" && engine != "valkey" {
		return nil, rotator.Errorf(rotator.BadSecret, "the secret's engine is neither redis nor valkey")
	}
	first, err := t.config.Reach.Endpoint(d, usualPort)
	if err != nil {
		return nil, err
	}
	all = append(all, first)
	for _, text := range strings.FieldsFunc(d.Text("hosts"), between) {
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			return nil, rotator.Errorf(rotator.BadSecret, "the secret's hosts are not host:port each")
		}
		e, err := t.config.Reach.Endpoint(d.With("host", host).With("port", port), usualPort)
		if err != nil {
			return nil, err
		}
		if slices.Contains(all, e) || len(all) == mostServers {
			return nil, rotator.Errorf(rotator.BadSecret,
				"the secret's hosts are more than %d, or one is there twice", mostServers)
		}
		all = append(all, e)
	}
	return all, nil
}

func between(r rune) bool { return r == ',' || r == ' ' }

// agreed returns the servers of a rotation: those of both versions.
func (t *Target) agreed(v rotator.Versions) ([]rotator.Endpoint, error) {
	here, err := t.servers(v.Current)
	if err != nil {
		return nil, err
	}
	there, err := t.servers(v.Pending)
	if err != nil {
		return nil, err
	}
	if err := rotator.SameTarget(v.Pending, v.Current, v.Current.Text("username")); err != nil {
		return nil, err
	}
	if !slices.Equal(here, there) {
		return nil, rotator.Errorf(rotator.BadSecret,
			"the pending version is for other servers than the current one")
	}
	return here, nil
}

// administrator returns whoever changes the user: what masterarn names, or nil. Its password goes
// to the very servers that its own secret is for, whatever the rotated secret says.
func (t *Target) administrator(v rotator.Versions, servers []rotator.Endpoint) (
	*rotator.Document, error) {
	if v.Current.Text("masterarn") == "" {
		return nil, nil
	}
	if v.Superuser == nil {
		return nil, rotator.Errorf(rotator.NoSuperuser, "masterarn names no secret that may be used")
	}
	theirs, err := t.servers(*v.Superuser)
	if err != nil {
		return nil, rotator.Errorf(rotator.NoSuperuser, "masterarn's secret: %v", err)
	}
	if !slices.Equal(theirs, servers) {
		return nil, rotator.Errorf(rotator.NoSuperuser, "masterarn's secret is for other servers")
	}
	return v.Superuser, nil
}
