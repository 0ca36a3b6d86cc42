package hsm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// softHSM lists where distributions put SoftHSM2: Debian and Ubuntu first, then Fedora and its kin,
// Alpine, Arch, builds from source and Homebrew.
var softHSM = []string{
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so",
	"/usr/lib64/pkcs11/libsofthsm2.so",
	"/usr/lib64/libsofthsm2.so",
	"/usr/lib/pkcs11/libsofthsm2.so",
	"/usr/lib/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
	"/usr/local/lib64/softhsm/libsofthsm2.so",
	"/opt/homebrew/lib/softhsm/libsofthsm2.so",
}

// FindSoftHSM returns the path of the installed SoftHSM2 module, and false where there is none. The
// environment variable SOFTHSM2_MODULE is believed before the usual places.
func FindSoftHSM() (string, bool) {
	for _, path := range append([]string{os.Getenv("SOFTHSM2_MODULE")}, softHSM...) {
		if info, err := os.Stat(path); path != "" && err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}

// SyncDir syncs every file and directory below dir to the disk. SoftHSM2 writes its token files and
// never syncs them, so whoever makes a token and acknowledges it calls this on the token directory
// in between.
func SyncDir(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() && !entry.IsDir() {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
