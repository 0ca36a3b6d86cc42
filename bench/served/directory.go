// Package served has the servers of the benchmark that `claviger dev` is not: processes of their
// own, on the token and the database of a directory that dev has made.
package served

import (
	"os"
	"path/filepath"
	"strings"

	"claviger/hsm"
)

// Account is that of a directory that dev makes.
const Account = "111122223333"

// Credentials are those that dev wrote.
type Credentials struct{ ID, Secret, Region string }

// ReadCredentials reads those of a directory.
func ReadCredentials(dir string) (c Credentials, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		return c, err
	}
	v := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		v[name] = value
	}
	return Credentials{ID: v["AWS_ACCESS_KEY_ID"], Secret: v["AWS_SECRET_ACCESS_KEY"],
		Region: v["AWS_REGION"]}, nil
}

// devToken is the token of a directory that dev has made.
func devToken(dir string) (hsm.Config, error) {
	if err := os.Setenv("SOFTHSM2_CONF", filepath.Join(dir, "softhsm2.conf")); err != nil {
		return hsm.Config{}, err
	}
	module, ok := hsm.FindSoftHSM()
	if !ok {
		return hsm.Config{}, hsm.ErrModule
	}
	return hsm.Config{Module: module, TokenLabel: "claviger-dev", PIN: func() ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(dir, "pin"))
		return b[:max(0, len(b)-1)], err
	}}, nil
}
