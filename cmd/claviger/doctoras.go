package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
)

// runAs runs doctor as another user, who may see less than root does. Only a process of that
// user tells the truth: rights come from groups, from access lists and from every directory on the
// way.
func (q doctorFlags) runAs(ctx context.Context, e *env) error {
	u, err := user.Lookup(q.as)
	if err != nil {
		return exit.UsageError("doctor --as: there is no user %q here", q.as)
	}
	rights, err := credentialOf(u)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 && os.Geteuid() != int(rights.Uid) {
		return exit.UsageError("doctor --as: only root can look with another's eyes")
	}
	pin := ""
	if q.config != "" {
		c, err := config.Read(q.config)
		if err != nil {
			return err
		}
		pin = c.HSM.PINCredential
	}
	credentials, err := handOver(pin, rights)
	if err != nil {
		return err
	}
	defer os.RemoveAll(credentials)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, self, q.words()...)
	c.Stdout, c.Stderr = e.Stdout, e.Stderr
	c.Env = environmentOf(u, credentials)
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: rights}
	}
	err = c.Run()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return exit.Ended(failed.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("doctor as %s: %w", q.as, err)
	}
	return nil
}

// words are the command line of the same, with nobody's eyes but its own.
func (q doctorFlags) words() []string {
	args := []string{"doctor"}
	for _, flag := range []struct {
		given bool
		words []string
	}{
		{q.config != "", []string{"--config", q.config}},
		{q.module != "", []string{"--module", q.module}},
		{q.database, []string{"--database"}},
		{q.accept, []string{"--accept"}},
	} {
		if flag.given {
			args = append(args, flag.words...)
		}
	}
	return args
}

// credentialOf is the user with all groups, as a login gives them.
func credentialOf(u *user.User) (*syscall.Credential, error) {
	names, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var ids []uint32
	for _, n := range append([]string{u.Uid, u.Gid}, names...) {
		id, err := strconv.ParseUint(n, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the user %s: %w", u.Username, err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}

// environmentOf is ours with the user's name and home in it, where libraries look for their
// configuration.
func environmentOf(u *user.User, credentials string) []string {
	env := append(os.Environ(), "HOME="+u.HomeDir, "USER="+u.Username, "LOGNAME="+u.Username)
	if credentials != "" {
		env = append(env, "CREDENTIALS_DIRECTORY="+credentials)
	}
	return env
}

// handOver copies the credential with the PIN for the user, as systemd does for a service: a file
// of root's that the user doesn't read in its place. It returns the directory, "" if there is none
// to hand over.
func handOver(pin string, to *syscall.Credential) (dir string, err error) {
	from := os.Getenv("CREDENTIALS_DIRECTORY")
	if from == "" || pin == "" {
		return "", nil
	}
	b, err := os.ReadFile(filepath.Join(from, pin))
	if err != nil {
		return "", err
	}
	defer clear(b)
	where := "/run" // memory, where there is systemd
	if _, err := os.Stat(where); err != nil || os.Geteuid() != 0 {
		where = ""
	}
	if dir, err = os.MkdirTemp(where, "claviger-doctor-"); err != nil {
		return "", err
	}
	path := filepath.Join(dir, pin)
	err = errors.Join(os.WriteFile(path, b, 0o400), os.Chown(path, int(to.Uid), int(to.Gid)),
		os.Chown(dir, int(to.Uid), int(to.Gid)))
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}
