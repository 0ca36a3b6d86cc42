package backup

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"maps"
	"os"

	"claviger/internal/custody"
	"claviger/internal/install"
	"claviger/store"
)

// Token is what is asked of the device about a backup.
type Token interface {
	install.Token
	Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error)
	Unseal(ctx context.Context, ref custody.Ref, ciphertext, aad []byte) ([]byte, error)
}

// Authenticator is the part of a [Token] that signs.
type Authenticator interface {
	Authenticate(ctx context.Context, purpose string, data []byte) ([]byte, error)
}

// Sign signs a manifest.
func Sign(ctx context.Context, token Authenticator, manifest []byte) ([]byte, error) {
	return token.Authenticate(ctx, purpose, manifest)
}

// Check proves that a file is the backup that it says, that this token opens it, and that a server
// would start with it. Nothing is written. quick leaves out the verification of each signed row,
// which is a call to the token for each.
func Check(ctx context.Context, file string, token Token, quick bool, watch Watch) (
	*Manifest, error) {
	s, err := ReadManifest(file)
	if err != nil {
		return nil, err
	}
	if err := s.verify(ctx, token); err != nil {
		return nil, err
	}
	if err := s.digest(ctx, file, watch); err != nil {
		return nil, err
	}
	db, err := store.OpenCopy(file)
	if errors.Is(err, store.ErrOlder) {
		return nil, fmt.Errorf("%w by this version: %s made it, whose schema is older. Restore it with "+
			"that one, and upgrade then", ErrUnfit, s.Version)
	}
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = integrity(ctx, db, func(done, total int64) { watch(Checking, done, total) })
	if err != nil {
		return nil, err
	}
	return &s.Manifest, s.open(ctx, db, token, quick, watch)
}

// verify has the token say whether the manifest is the service's own.
func (s *Sealed) verify(ctx context.Context, token Token) error {
	if s.Root != token.Root() {
		return fmt.Errorf("%w: it is %s, and this one holds %s", install.ErrForeign, s.Root,
			token.Root())
	}
	mac, err := Sign(ctx, token, s.Text)
	if err != nil {
		return err
	}
	if !hmac.Equal(mac, s.MAC) {
		return fmt.Errorf("%w: its manifest was changed, or signed by another token's authenticator. "+
			"Take another copy of it", ErrUnfit)
	}
	return nil
}

// digest compares the file with what its manifest says.
func (s *Sealed) digest(ctx context.Context, file string, watch Watch) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum, err := digestOf(f, s.Size, nil, func(done int64) error {
		watch(Reading, done, s.Size)
		return ctx.Err()
	})
	if err == nil && sum != s.SHA256 {
		err = errDigest
	}
	return err
}

var errDigest = fmt.Errorf("%w: it was damaged or changed since it was made. Take another copy of it",
	ErrUnfit)

// open does what a start does, and more, on the backup itself.
func (s *Sealed) open(ctx context.Context, db *store.DB, token Token, quick bool,
	watch Watch) error {
	in, err := install.Load(ctx, db, token)
	if err != nil {
		return err
	}
	found := s.Manifest
	if err := found.describe(ctx, db); err != nil {
		return err
	}
	if found.Installation != in.ID || in.ID != s.Installation || found.Root != s.Root ||
		found.Schema != s.Schema || !found.Trail.same(s.Trail) || !maps.Equal(found.Rows, s.Rows) {
		return fmt.Errorf("%w: its manifest is of another one", ErrUnfit)
	}
	if err := opens(ctx, token, in.Identity); err != nil {
		return err
	}
	if quick {
		_, err := db.CompareRowSets(in.RowSets)
		return err
	}
	total := int64(0)
	for _, table := range in.RowSets.Tables {
		total += found.Rows[table]
	}
	in, err = install.Load(ctx, db, &counting{Token: token, each: func(done int64) {
		watch(Rows, min(done, total), total)
	}})
	if err != nil {
		return err
	}
	inspected, err := in.Inspect(ctx, db, token)
	if err != nil {
		return err
	}
	return inspected.Err()
}

// opens tries the key that seals access keys' secrets. The one that signs rows was tried before.
func opens(ctx context.Context, token Token, key custody.Ref) error {
	const text = "claviger restore"
	sealed, err := token.Seal(ctx, key, []byte(text), nil)
	if err != nil {
		return fmt.Errorf("the service's own key can't be used on this token: %w", err)
	}
	back, err := token.Unseal(ctx, key, sealed, nil)
	if err == nil && string(back) != text {
		err = errors.New("what was sealed did not come back")
	}
	return err
}

// counting counts the rows that are verified.
type counting struct {
	install.Token
	done int64
	each func(done int64)
}

func (c *counting) MAC(ctx context.Context, ref custody.Ref, data []byte) ([]byte, error) {
	mac, err := c.Token.MAC(ctx, ref, data)
	c.done++
	c.each(c.done)
	return mac, err
}
