package replication

import (
	"context"
	"errors"
	"maps"
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
)

// errChanged says that a primary has changed while it was being copied.
var errChanged = errors.New("replication: the secret has changed while it was being copied")

// copied is a primary as it is copied. It implements [Copy].
type copied struct {
	rows     *secretrows.Rows
	sealer   *sealing.Sealer
	primary  *secret.Secret
	is       *secret.Secret
	replica  secret.Replica
	versions []*secret.Version
}

// copyOf returns the copy of a secret that is to be, with the versions that have a label.
func (r *Replication) copyOf(c *op.Call, sec *secret.Secret, to secret.Replica) (*copied, error) {
	is := &secret.Secret{Account: sec.Account, Name: sec.Name, Suffix: sec.Suffix,
		Description: sec.Description, Tags: sec.Tags, Tagged: sec.Tagged, Policy: sec.Policy,
		Rules: sec.Rules, Stages: sec.Stages, Type: sec.Type, Owner: sec.Owner,
		Rotation: sec.Rotation.Copied(), PrimaryRegion: sec.Region, PrimaryRev: sec.Rev}
	out := &copied{rows: r.rows, sealer: r.sealer, primary: sec, is: is, replica: to}
	for _, id := range slices.Compact(slices.Sorted(maps.Values(sec.Stages))) {
		if id == sec.Rotation.Empty {
			continue
		}
		v, err := r.rows.Version(c, sec, id, secretrows.AnySize)
		if domain.IsNoRow(err) {
			return nil, errChanged
		}
		if err != nil {
			return nil, err
		}
		out.versions = append(out.versions, v)
	}
	return out, nil
}

// Secret implements [Copy].
func (p *copied) Secret() *secret.Secret { return p.is }

// Replica implements [Copy].
func (p *copied) Replica() secret.Replica { return p.replica }

// Versions implements [Copy].
func (p *copied) Versions() []*secret.Version { return p.versions }

// Open implements [Copy]. It is kms:Decrypt in the primary's Region, whoever asks.
func (p *copied) Open(c *op.Call, v *secret.Version) ([]byte, error) {
	home := *c
	home.Region = p.primary.Region
	return p.sealer.Unseal(&home, p.primary, v)
}

// Wanted implements [Copy].
func (p *copied) Wanted(ctx context.Context, version string) (wanted, has bool, err error) {
	sec, err := p.rows.Named(ctx, p.primary.Account, p.primary.Region, p.primary.Tail())
	if domain.IsNoRow(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	_, wanted = sec.Replica(p.replica.Region)
	if version == "" {
		return wanted, false, nil
	}
	_, err = p.rows.Facts(ctx, sec, version)
	if domain.IsNoRow(err) {
		return wanted, false, nil
	}
	return wanted, err == nil, err
}
