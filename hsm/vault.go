package hsm

import (
	"context"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/module"
	"claviger/internal/custody"
)

// Vault is an open token whose keys rest on it: they are made there, are never wrapped, and can't
// leave. It holds no root of ours, and what rests off the token is only a key's name. Its methods
// are safe for concurrent use and answer [custody.ErrUnavailable] while the device can't be used,
// as those of [Token] do; what watches and recovers it is the same.
type Vault struct{ t *Token }

// OpenVault opens a token as a [Vault]: it logs in and finds, or the first time makes, a canary of
// its own. The check values of its keys are authenticated by main, which must stay open for as long
// as the vault is used. A wrong PIN is tried once. A token that this process is logged in to
// already is refused with [ErrTaken].
func OpenVault(ctx context.Context, c Config, main *Token) (*Vault, error) {
	t, err := openAs(ctx, c, resident{main}, residentAlone)
	if err != nil {
		return nil, err
	}
	return &Vault{t: t}, nil
}

// Survey says of each of the tokens that c names, all of one module, whether it is there and
// initialised. Nobody is logged in. It waits for the module no longer than ctx lasts.
func Survey(ctx context.Context, c []Config) (active []bool, err error) {
	return module.Bounded(ctx, c[0].Module, func(m *module.Module) ([]bool, error) {
		active, whole := survey(m, c)
		if !whole && m.Others() && m.Reload(nil, module.ManyReloads) == nil {
			active, _ = survey(m, c)
		}
		return active, nil
	})
}

// survey looks for tokens, and says whether all are there. The module must be locked.
func survey(m *module.Module, c []Config) (active []bool, whole bool) {
	whole = true
	for _, c := range c {
		_, info, err := m.Find(c.token())
		there := err == nil && has(info, pkcs11.CKF_USER_PIN_INITIALIZED)
		active, whole = append(active, there), whole && there
	}
	return active, whole
}

// GenerateResident and Destroy are those of [Token]. AES_256 is the one kind.
func (v *Vault) GenerateResident(ctx context.Context, id string, k custody.Kind, label string,
	name []byte) (custody.Material, error) {
	return v.t.GenerateResident(ctx, id, k, label, name)
}

// Destroy destroys a resident key.
func (v *Vault) Destroy(ctx context.Context, name []byte) error { return v.t.Destroy(ctx, name) }

// HasResident is that of [Token].
func (v *Vault) HasResident(ctx context.Context, name []byte) (bool, error) {
	return v.t.HasResident(ctx, name)
}

// Seal and Unseal are those of [Token], with a key that rests here.
func (v *Vault) Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error) {
	return v.t.Seal(ctx, ref, plaintext, aad)
}

// Unseal undoes Seal.
func (v *Vault) Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) ([]byte, error) {
	return v.t.Unseal(ctx, ref, sealed, aad)
}

// Random returns n bytes from the token's generator.
func (v *Vault) Random(ctx context.Context, n int) ([]byte, error) { return v.t.Random(ctx, n) }

// Ready is that of [Token]. [ErrPIN] in its reason means that only a person can help.
func (v *Vault) Ready() error { return v.t.Ready() }

// Facts returns what was read when the token was opened.
func (v *Vault) Facts() Facts { return v.t.Facts() }

// Close logs out; the keys stay.
func (v *Vault) Close() error { return v.t.Close() }
