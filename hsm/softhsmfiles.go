package hsm

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/internal/access"
)

// What [SoftHSMFiles] calls directories.
const (
	tokensDirectory = "the directory of SoftHSM2's tokens"

	TokenDirectory = "the directory of a token" // one of them; others' may be closed
)

// SoftHSMFiles looks at the files that the library of SoftHSM2 needs, from its configuration to the
// directory of each token; none for the library of another device. They are the only ones that can
// be judged from outside: SoftHSM2 says CKR_GENERAL_ERROR about each of them, or hides the token.
// With a serial number it looks at that token alone.
func SoftHSMFiles(module, serial string) []access.File {
	if !strings.Contains(filepath.Base(module), "softhsm") {
		return nil
	}
	conf, err := softHSMConfiguration()
	files := []access.File{{What: "the configuration of SoftHSM2", Path: conf,
		Rights: access.Read, Err: err}}
	if err != nil {
		return files
	}
	tokens, err := tokenDirectory(conf)
	if err != nil || tokens == "" {
		return files
	}
	files = append(files, access.Look(tokensDirectory, tokens, access.Read|access.Search))
	entries, err := os.ReadDir(tokens)
	if err != nil {
		return files
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasSuffix(strings.ReplaceAll(e.Name(), "-", ""), serial) {
			path := filepath.Join(tokens, e.Name())
			files = append(files, access.File{What: TokenDirectory, Path: path,
				Rights: access.Read | access.Write | access.Search, Err: tokenAllowed(path)})
		}
	}
	return files
}

// softHSMConfiguration finds the file that the library reads, in its order: the environment, the
// user's own, and that of the machine, whose place depends on who built it.
func softHSMConfiguration() (string, error) {
	if path := os.Getenv("SOFTHSM2_CONF"); path != "" {
		return path, access.Allowed(path, access.Read)
	}
	all := []string{"/etc/softhsm/softhsm2.conf", "/etc/softhsm2.conf"}
	if home, err := os.UserHomeDir(); err == nil {
		all = append([]string{filepath.Join(home, ".config/softhsm2/softhsm2.conf")}, all...)
	}
	for _, path := range all {
		if err := access.Allowed(path, access.Read); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return all[len(all)-2], fs.ErrNotExist
}

// tokenDirectory reads directories.tokendir; "" if the library goes by its own default.
func tokenDirectory(conf string) (string, error) {
	f, err := os.Open(conf)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		if strings.TrimSpace(name) == "directories.tokendir" {
			return strings.TrimSpace(value), nil
		}
	}
	return "", lines.Err()
}

// tokenAllowed looks whether a token can be used. SoftHSM2 writes to it at each login.
func tokenAllowed(dir string) error {
	if err := access.Allowed(dir, access.Read|access.Write|access.Search); err != nil {
		return err
	}
	objects, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, path := range objects {
		err = errors.Join(err, access.Allowed(path, access.Read|access.Write))
		if err != nil {
			break // one tells as much as a hundred
		}
	}
	return err
}

// blamed is an error of the library with the file that is the cause. It says the file alone: what
// the library answers about a file it can't read tells nothing.
type blamed struct{ file, of error }

func (b blamed) Error() string   { return b.file.Error() }
func (b blamed) Unwrap() []error { return []error{b.file, b.of} }

// blameFiles finds the file behind a library that doesn't start and behind a token that isn't there:
// SoftHSM2 doesn't show a token that the user can't read.
func blameFiles(module string, err error) error {
	if !errors.Is(err, failure.ErrNotStarted) && !errors.Is(err, failure.ErrNoToken) {
		return err
	}
	if file := closed(SoftHSMFiles(module, "")); file != nil {
		return blamed{file, err}
	}
	return err
}

// blameDirectory is blameFiles for the making of a token, which writes to the directory of all.
func blameDirectory(module string, err error) error {
	if !errors.As(err, new(*cryptoki.Error)) {
		return err
	}
	for _, f := range SoftHSMFiles(module, "") {
		if f.What != tokensDirectory {
			continue
		}
		if f.Err = access.Allowed(f.Path, access.Write|access.Search); f.Err != nil {
			return blamed{closed([]access.File{f}), err}
		}
	}
	return err
}

// closed returns the first file that this process can't use as it must, as an error; nil if it can
// use them all.
func closed(files []access.File) error {
	for _, f := range files {
		if f.Err != nil {
			return fmt.Errorf("%w, %s: %s: %w", failure.ErrFiles, access.User(), f.What, f.Err)
		}
	}
	return nil
}
