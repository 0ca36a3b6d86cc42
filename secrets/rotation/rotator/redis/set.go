package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"claviger/secrets/rotation/rotator"
)

// Set implements [rotator.Target]: it leaves the user with the pending password and the current one
// on each server. If it fails between two servers, each has the current one still.
func (t *Target) Set(ctx context.Context, v rotator.Versions) error {
	servers, err := t.agreed(v)
	if err != nil {
		return err
	}
	admin, err := t.administrator(v, servers)
	if err != nil {
		return err
	}
	for _, server := range servers {
		if err := t.setAt(ctx, server, v, admin); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) setAt(ctx context.Context, server rotator.Endpoint, v rotator.Versions,
	admin *rotator.Document) error {
	ctx, done := t.config.Reach.Within(ctx)
	defer done()
	asks := []rotator.Document{v.Pending, v.Current}
	if admin != nil {
		asks = append(asks, *admin)
	}
	s, err := t.open(ctx, server, asks...)
	if err != nil {
		return err
	}
	defer s.close()
	// Even where an administrator makes the change: without a password of the user whoever writes a
	// secret could have the service set those of others.
	if err := s.loginByAny(ctx, t.owners(server, v)); err != nil {
		return err
	}
	if admin != nil {
		if err := s.login(ctx, *admin); err != nil {
			return rotator.Errorf(err.(*rotator.Error).Reason, "as masterarn's user: %v", err)
		}
	}
	if err := s.leave(ctx, v.Current.Text("username"),
		hash(v.Pending), hash(v.Current)); err != nil {
		return err
	}
	if t.config.Unsaved {
		return nil
	}
	return s.save(ctx)
}

// owners returns the versions whose passwords may be in force at a server, the likeliest first.
// Those of another user or for other servers say nothing about this one, and aren't told to it.
func (t *Target) owners(server rotator.Endpoint, v rotator.Versions) []rotator.Document {
	all := []rotator.Document{v.Pending, v.Current}
	for _, d := range v.Older() {
		theirs, err := t.servers(d)
		if err == nil && slices.Contains(theirs, server) &&
			t.config.Reach.SameLogin(d, v.Current, usualPort) {
			all = append(all, d)
		}
	}
	return all
}

// hash is a version's password as the server keeps it.
func hash(d rotator.Document) string {
	sum := sha256.Sum256([]byte(d.Text("password")))
	return hex.EncodeToString(sum[:])
}

// leave leaves a user with these passwords alone. It is one command, which no other client sees
// half of. Where they are the user's already nothing is sent.
func (s *session) leave(ctx context.Context, user string, wanted ...string) error {
	had, err := s.passwords(ctx, user)
	if err != nil {
		return err
	}
	command := []any{"ACL", "SETUSER", user}
	for _, h := range wanted {
		if !slices.Contains(had, h) {
			command = append(command, "#"+h)
		}
	}
	for _, h := range had {
		if !slices.Contains(wanted, h) {
			command = append(command, "!"+h)
		}
	}
	if len(command) == 3 {
		return nil
	}
	_, err = s.ask(ctx, command...)
	return err
}

// passwords returns the hashes of a user's passwords.
func (s *session) passwords(ctx context.Context, user string) (hashes []string, err error) {
	answer, err := s.ask(ctx, "ACL", "GETUSER", user)
	if err != nil {
		return nil, err
	}
	flags, isUser := texts(answer, "flags")
	hashes, hasPasswords := texts(answer, "passwords")
	if !isUser || !hasPasswords {
		return nil, rotator.Errorf(rotator.BadAnswer, "ACL GETUSER was answered with no user")
	}
	// Its login has proved nothing, and clients that use no password would be locked out.
	if slices.Contains(flags, "nopass") {
		return nil, rotator.Errorf(rotator.BadSecret,
			"the user is let in without a password (nopass): give it the secret's first")
	}
	for _, h := range hashes {
		if b, err := hex.DecodeString(h); err != nil || len(b) != sha256.Size {
			return nil, rotator.Errorf(rotator.BadAnswer, "ACL GETUSER was answered with no hash")
		}
	}
	return hashes, nil
}

// texts returns a member of an answer that lists names and values in turn, if its value is a list.
func texts(answer any, name string) (list []string, ok bool) {
	members, _ := answer.([]any)
	for i := 0; i+1 < len(members); i += 2 {
		if members[i] != name {
			continue
		}
		values, ok := members[i+1].([]any)
		for _, v := range values {
			text, _ := v.(string)
			list = append(list, text)
		}
		return list, ok
	}
	return nil, false
}

// Test implements [rotator.Target].
func (t *Target) Test(ctx context.Context, pending rotator.Document) error {
	servers, err := t.servers(pending)
	if err != nil {
		return err
	}
	for _, server := range servers {
		if err := t.testAt(ctx, server, pending); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) testAt(ctx context.Context, server rotator.Endpoint,
	pending rotator.Document) error {
	ctx, done := t.config.Reach.Within(ctx)
	defer done()
	s, err := t.open(ctx, server, pending)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.login(ctx, pending); err != nil {
		return err
	}
	// A user that may not even ask for an echo is one that was let in.
	if _, err := s.ask(ctx, "PING"); err != nil && !is(err, rotator.Forbidden) {
		return err
	}
	return nil
}
