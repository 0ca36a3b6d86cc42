package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"claviger/cmd/claviger/exit"
	"claviger/internal/pin"
)

// PIN returns what reads the PIN anew at each login. It is never an argument: those can be seen by
// everyone.
func (c *Config) PIN() func() ([]byte, error) {
	switch {
	case c.HSM.PINFile != "":
		return PINFile(c.HSM.PINFile)
	case c.HSM.PINEnv != "":
		return func() ([]byte, error) {
			v := os.Getenv(c.HSM.PINEnv)
			if v == "" {
				return nil, exit.ConfigError(
					"the environment variable %s, which should hold the PIN, is empty", c.HSM.PINEnv)
			}
			return pinIn("the environment variable "+c.HSM.PINEnv, []byte(v))
		}
	}
	return func() ([]byte, error) {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return nil, exit.ConfigError(
				"hsm.pin_credential is set, but systemd passed no credentials: see LoadCredential= in " +
					"systemd.exec(5)")
		}
		return readPIN(filepath.Join(dir, c.HSM.PINCredential), credentialMode)
	}
}

// PINFile reads a PIN from a file that only its owner may read.
func PINFile(path string) func() ([]byte, error) {
	return func() ([]byte, error) { return readPIN(path, ownerOnly) }
}

func readPIN(path string, refused fs.FileMode) ([]byte, error) {
	if err := private(path, refused); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return pinIn(path, b)
}

// pinIn reads the PIN in what a place holds. What can't be one is named and never tried. It is no
// [hsm.ErrPIN]: a service that runs goes on once the file is in order again.
func pinIn(place string, text []byte) ([]byte, error) {
	found, err := pin.Read(text)
	if err != nil {
		clear(text)
		return nil, exit.Mark(fmt.Errorf("%s, which should hold a PIN, %w. It was not tried", place, err),
			exit.ErrPIN)
	}
	return found, nil
}

// CheckPINs reads PINs and forgets them, to find out what is wrong with their places before
// anything is done with any of them.
func CheckPINs(pins ...func() ([]byte, error)) error {
	for _, read := range pins {
		secret, err := read()
		clear(secret)
		if err != nil {
			return err
		}
	}
	return nil
}

// pinPath is the file that the PIN comes from, if it comes from one that is known here.
func (c *Config) pinPath() string {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && c.HSM.PINCredential != "" {
		return filepath.Join(dir, c.HSM.PINCredential)
	}
	return c.HSM.PINFile
}
