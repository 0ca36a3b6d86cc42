package servicetest

import (
	"context"
	"sync"

	"claviger/secrets/rotation"
	"claviger/secrets/rotation/rotator"
	"claviger/service"
)

// VaultARN is the RotationLambdaARN of the built-in rotator that every server has.
const VaultARN = "arn:aws:lambda:" + Region + ":" + Account + ":function:vault"

// Vault is a target in memory, with the password of each of its users. A user that it doesn't know
// has the current one.
type Vault struct {
	mu        sync.Mutex
	passwords map[string]string
}

// rotator returns the vault as a configuration declares it.
func (v *Vault) rotator() service.Rotator {
	return service.Rotator{Rotator: rotation.Rotator{Name: "vault", Accounts: []string{Account},
		Target: v}}
}

// Candidate implements [rotator.Target].
func (v *Vault) Candidate(ctx context.Context, current rotator.Document,
	from rotator.Passwords) (rotator.Document, error) {
	if err := current.Required("username", "password"); err != nil {
		return rotator.Document{}, err
	}
	password, err := from.Password(ctx, rotator.Rules{})
	return current.With("password", password), err
}

// Set implements [rotator.Target].
func (v *Vault) Set(_ context.Context, of rotator.Versions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	user := of.Current.Text("username")
	known := append([]rotator.Document{of.Pending, of.Current}, of.Older()...)
	for _, d := range known {
		if in, ok := v.passwords[user]; !ok || in == d.Text("password") {
			if v.passwords == nil {
				v.passwords = map[string]string{}
			}
			v.passwords[user] = of.Pending.Text("password")
			return nil
		}
	}
	return rotator.Errorf(rotator.LoginRefused, "no password that is known is right")
}

// Test implements [rotator.Target].
func (v *Vault) Test(_ context.Context, pending rotator.Document) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	in, ok := v.passwords[pending.Text("username")]
	if ok && in != pending.Text("password") {
		return rotator.Errorf(rotator.LoginRefused, "the password is wrong")
	}
	return nil
}

// Opens reports whether a secret's value has the password that is in force.
func (v *Vault) Opens(value string) bool {
	d, err := rotator.Parse([]byte(value))
	return err == nil && v.Test(context.Background(), d) == nil
}
