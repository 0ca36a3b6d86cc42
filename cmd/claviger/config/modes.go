package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"claviger/cmd/claviger/exit"
)

// The bits that a secret file may not have. systemd gives a credential the mode 0440 and lets one
// user in by an access list, whose mask shows as the group's rights.
const (
	ownerOnly      fs.FileMode = 0o077
	credentialMode fs.FileMode = 0o037
)

// Private refuses a file that others than its owner can get at. It is an [exit.ErrExposed].
func Private(path string) error { return private(path, ownerOnly) }

// private refuses a file that others than its owner can read or write.
func private(path string, refused fs.FileMode) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return exit.Mark(err, exit.ErrConfig)
	}
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&refused != 0 {
		return exit.Mark(fmt.Errorf("%s has mode %04o: others can get at it. Do: chmod 0600 %s", path,
			mode, path), exit.ErrExposed)
	}
	return nil
}

// writers is a right to write that a file may not give, and the change of mode (chmod(1)) that
// takes it away. Who can change the configuration or the PKCS#11 library has their code run in this
// process, with the PIN. The library is installed by packages that may trust a group; the
// configuration is ours.
type writers struct {
	mode   fs.FileMode
	change string
}

var (
	byNobodyElse = writers{0o022, "go-w"}
	byOthers     = writers{0o002, "o-w"}
)

// CheckModule refuses a PKCS#11 library that everybody can write. It is an [exit.ErrExposed].
func CheckModule(path string) error { return steady(path, byOthers) }

// steady refuses a file that too many can write. What is not there is for its reader to complain
// of.
func steady(path string, refused writers) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if mode := info.Mode().Perm(); mode&refused.mode != 0 {
		return exit.Mark(fmt.Errorf(
			"%s has mode %04o: others can change what this process runs with. Do: chmod %s %s", path, mode,
			refused.change, path), exit.ErrExposed)
	}
	return nil
}
