package shim

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

//go:embed module
var source embed.FS

const functionsFile = "module/functions.h"

// library compiles the module, if this source wasn't compiled before, and returns its path.
var library = sync.OnceValues(func() (string, error) {
	// The binding that the service itself uses brings the headers of PKCS#11 with it.
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/miekg/pkcs11").Output()
	if err != nil {
		return "", fmt.Errorf("looking for the headers of PKCS#11: %w", err)
	}
	headers := strings.TrimSpace(string(out))
	digest, err := digestOf(source, headers)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	path := filepath.Join(cache, "claviger-shim", digest, "shim.so")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, compile(path, headers)
})

// compile puts the library at path. Others may be compiling the same one: each has a directory of
// its own for it, and the last to be ready wins.
func compile(path, headers string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "compiling-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, source); err != nil {
		return err
	}
	compiler := os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	ready := filepath.Join(dir, "shim.so")
	cmd := exec.Command(compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-pthread",
		"-I", headers, "-o", ready, filepath.Join(dir, "module", "shim.c"), "-ldl")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return os.Rename(ready, path)
}

// digestOf is the digest of all files of the source, and of what it is compiled with.
func digestOf(source fs.FS, with string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, with)
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(source, path)
		fmt.Fprintln(h, path, len(text))
		h.Write(text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:12]), err
}

// copyFile copies a library: to the loader a file is one library, by whatever name.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// numbers are the functions by name, as the module's own table counts them.
var numbers = sync.OnceValue(func() map[string]int {
	text, err := source.ReadFile(functionsFile)
	if err != nil {
		panic(err) // it is embedded
	}
	all := map[string]int{}
	for i, m := range regexp.MustCompile(`(?m)^FUNCTION\((C_\w+),`).FindAllSubmatch(text, -1) {
		all[string(m[1])] = i
	}
	return all
})
