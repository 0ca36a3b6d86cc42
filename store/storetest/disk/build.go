package disk

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the library's text
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

//go:embed preload/disk.c
var text []byte

// Build compiles the library and returns its path. It is kept among the user's caches under the
// digest of its text, so that one compilation serves until the text changes.
var Build = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "claviger-tests")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	path := filepath.Join(dir, "disk-"+hex.EncodeToString(sum[:8])+".so")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	made, err := os.MkdirTemp(dir, "disk-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	source, library := filepath.Join(made, "disk.c"), filepath.Join(made, "disk.so")
	if err := os.WriteFile(source, text, 0o600); err != nil {
		return "", err
	}
	compiler := cmp.Or(os.Getenv("CC"), "cc")
	out, err := exec.Command(compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC",
		"-o", library, source, "-ldl", "-lpthread").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", compiler, err, out)
	}
	// Another test binary may have been here meanwhile: its library is the same.
	return path, os.Rename(library, path)
})
