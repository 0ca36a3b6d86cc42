// Package access says what the user that this process is may do with files: who installs a service
// looks for that first, and libraries that can't read one say nothing of use.
package access

import (
	"fmt"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// Rights to a file or directory; of a directory, Search is the right to reach what is in it.
const (
	Read   = unix.R_OK
	Write  = unix.W_OK
	Search = unix.X_OK
)

// File is a file or directory that is needed, and what stands in the way.
type File struct {
	What, Path string // what it is, after which its path is put; where it is
	Rights     uint32 // that are needed
	Err        error  // nil: the user has them
}

// Look looks at a file.
func Look(what, path string, rights uint32) File {
	return File{what, path, rights, Allowed(path, rights)}
}

// Allowed asks for the rights of the effective user, on the file system as this process sees it: one
// that is mounted read-only gives no right to write, to root either.
func Allowed(path string, rights uint32) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, rights, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// User names the effective user.
func User() string {
	id := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return fmt.Sprintf("with the uid %s", id)
}
