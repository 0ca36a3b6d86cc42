package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// understood are the settings that are carried out here, or that say nothing about how the service
// is closed in.
var understood = []string{
	"Type", "ExecStart", "ExecReload", "User", "Group", "SupplementaryGroups", "Environment",
	"LoadCredential", "StateDirectory", "StateDirectoryMode", "ReadWritePaths", "UMask",
	"ProtectSystem", "ProtectHome", "PrivateTmp", "NoNewPrivileges", "CapabilityBoundingSet",
	"AmbientCapabilities", "LimitNOFILE", "LimitCORE", "Restart", "RestartSec",
	"RestartPreventExitStatus", "TimeoutStopSec",
}

// sayLeftOut names what the unit asks for and doesn't get here.
func (u *unit) sayLeftOut() {
	var out []string
	for key := range u.set {
		if !slices.Contains(understood, key) {
			out = append(out, key)
		}
	}
	if len(out) > 0 {
		slices.Sort(out)
		fmt.Fprintln(os.Stderr, "systemctl: without systemd these say nothing:",
			strings.Join(out, " "))
	}
}

// enter closes this process in as the unit says and becomes the service. It has a mount name space
// of its own already.
func (u *unit) enter() error {
	who, err := user.Lookup(u.one("User"))
	if err != nil {
		return err
	}
	uid, errUID := strconv.Atoi(who.Uid)
	gid, errGID := strconv.Atoi(who.Gid)
	if err := errors.Join(errUID, errGID); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("a mount name space: %w", err)
	}
	credentials, err := u.credentials(uid, gid)
	if err != nil {
		return err
	}
	if err := u.closeFiles(uid, gid); err != nil {
		return err
	}
	mask, err := strconv.ParseUint(u.one("UMask"), 8, 32)
	if err != nil {
		return fmt.Errorf("UMask=: %w", err)
	}
	syscall.Umask(int(mask))
	if err := u.limit(); err != nil {
		return err
	}
	return u.become(append(u.set["Environment"],
		"CREDENTIALS_DIRECTORY="+credentials, "NOTIFY_SOCKET="+os.Getenv("NOTIFY_SOCKET"),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME="+who.HomeDir,
		"USER="+who.Username, "LOGNAME="+who.Username))
}

// become replaces this process by the service. setpriv gives up what can't be given up from Go: the
// capabilities of every thread.
func (u *unit) become(env []string) error {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		return err
	}
	groups := []string{"--init-groups"}
	if more := strings.Fields(u.one("SupplementaryGroups")); len(more) > 0 {
		groups = []string{"--groups", strings.Join(more, ",")}
	}
	args := slices.Concat([]string{"setpriv", "--reuid", u.one("User"), "--regid", u.one("Group")},
		groups, []string{"--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all",
			"--bounding-set=-all", "--"}, strings.Fields(u.one("ExecStart")))
	return syscall.Exec(setpriv, args, env)
}

// credentials copies what LoadCredential= names to a place that this unit alone sees.
func (u *unit) credentials(uid, gid int) (dir string, err error) {
	dir = filepath.Join("/run/credentials", u.name+".service")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700"); err != nil {
		return "", err
	}
	for _, c := range u.set["LoadCredential"] {
		name, path, _ := strings.Cut(c, ":")
		b, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(to, b, 0o400), os.Chown(to, uid, gid)); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(os.Chown(dir, uid, gid),
		syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}

// closeFiles makes everything read-only but what the unit names, and hides homes and temporary
// files.
func (u *unit) closeFiles(uid, gid int) error {
	var open []string
	for _, name := range strings.Fields(u.one("StateDirectory")) {
		path := filepath.Join("/var/lib", name)
		mode, err := strconv.ParseUint(u.one("StateDirectoryMode"), 8, 32)
		if err != nil {
			return fmt.Errorf("StateDirectoryMode=: %w", err)
		}
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, os.FileMode(mode)),
			os.Chown(path, uid, gid)); err != nil {
			return err
		}
		open = append(open, path)
	}
	for _, paths := range u.set["ReadWritePaths"] {
		open = append(open, strings.Fields(paths)...)
	}
	if u.one("ProtectSystem") != "strict" {
		return fmt.Errorf("ProtectSystem=%s is not known here", u.one("ProtectSystem"))
	}
	for _, path := range open {
		if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	const readOnly = syscall.MS_REMOUNT | syscall.MS_BIND | syscall.MS_RDONLY
	if err := syscall.Mount("", "/", "", readOnly, ""); err != nil {
		return fmt.Errorf("a read-only root: %w", err)
	}
	hidden := map[string]string{}
	if u.one("PrivateTmp") == "yes" {
		hidden["/tmp"], hidden["/var/tmp"] = "mode=1777", "mode=1777"
	}
	if u.one("ProtectHome") == "yes" {
		hidden["/home"], hidden["/root"] = "mode=0000", "mode=0000"
	}
	for path, mode := range hidden {
		if err := syscall.Mount("tmpfs", path, "tmpfs", 0, mode); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// limit sets the limits on open files and core dumps.
func (u *unit) limit() error {
	for key, resource := range map[string]int{"LimitNOFILE": syscall.RLIMIT_NOFILE,
		"LimitCORE": syscall.RLIMIT_CORE} {
		if u.one(key) == "" {
			continue
		}
		n, err := strconv.ParseUint(u.one(key), 10, 64)
		if err != nil {
			return fmt.Errorf("%s=: %w", key, err)
		}
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	return nil
}
