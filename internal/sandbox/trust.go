package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Trusted holds a program to be a file that nobody but root and the service's user can write or put
// another in the place of. It is asked before every start. A link is refused: what is read in the
// configuration is what runs.
func Trusted(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("%q is no absolute path", path)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", path)
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s can't be executed", path)
	case writable(info):
		return fmt.Errorf("%s can be written by others", path)
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		// In a directory with this bit, others can neither rename nor remove what isn't theirs.
		if writable(info) && (info.Mode()&fs.ModeSticky == 0 || !owned(info)) {
			return fmt.Errorf("%s can be replaced by others, who may write %s", path, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// writable reports whether others than root and the service's user may write a file.
func writable(info fs.FileInfo) bool {
	return !owned(info) || info.Mode().Perm()&0o022 != 0
}

func owned(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (s.Uid == 0 || int(s.Uid) == os.Geteuid())
}

// UserOf finds out who a program is to run as: a name, uid or uid:gid, none of root's. Without one
// it is the service's own user.
func UserOf(text string) (u User, err error) {
	u = User{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	if text != "" {
		uid, gid, err := numbers(text)
		if err != nil {
			return u, fmt.Errorf("user: %w", err)
		}
		u = User{UID: uid, GID: gid, Switch: uid != u.UID || gid != u.GID}
	}
	if u.UID == 0 || u.GID == 0 {
		return u, errors.New("user: a program isn't run as root, so name another")
	}
	if u.Switch {
		if err := CanSwitch(); err != nil {
			return u, fmt.Errorf("user: the program can't run as %s: %w", text, err)
		}
	}
	return u, nil
}

// numbers reads name, uid or uid:gid. The group is the user's own if none is said.
func numbers(text string) (uid, gid uint32, err error) {
	name, group, both := strings.Cut(text, ":")
	id, err := strconv.ParseUint(name, 10, 32)
	if err == nil && both {
		g, err := strconv.ParseUint(group, 10, 32)
		return uint32(id), uint32(g), err
	}
	found, lookup := user.Lookup(name)
	if err == nil {
		found, lookup = user.LookupId(name)
	}
	if lookup != nil || both {
		return 0, 0, fmt.Errorf("%q is no user here", text)
	}
	id, err = strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	g, err := strconv.ParseUint(found.Gid, 10, 32)
	return uint32(id), uint32(g), err
}
