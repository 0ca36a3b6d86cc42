// Command systemctl runs one service's unit where no systemd runs: in the bare root that .ci/walk
// makes. It understands as much of a unit as a service can notice that is closed in by it, above all
// who it is, what it may write and which credentials it gets, and says which settings it leaves out.
//
// It is no supervisor: what ends stays down.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Where units are, and what is remembered of one that runs.
const (
	units = "/etc/systemd/system"
	state = "/run/systemctl"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "systemctl:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	args = slices.DeleteFunc(args, func(a string) bool { return a == "--now" })
	switch {
	case len(args) == 1 && args[0] == "daemon-reload":
		return nil
	case len(args) != 2:
		return errors.New("usage: systemctl daemon-reload|enable --now|start|stop|reload|is-active " +
			"NAME")
	}
	name := strings.TrimSuffix(args[1], ".service")
	u, err := readUnit(name)
	if err != nil {
		return err
	}
	switch args[0] {
	case "enable", "start":
		return u.start()
	case "stop":
		return u.stop()
	case "reload":
		return u.reload()
	case "is-active":
		if u.pid() == 0 {
			return errors.New("inactive")
		}
		return nil
	case "enter": // not for people: the second half of start, in a name space of its own
		return u.enter()
	}
	return fmt.Errorf("there is no verb %q here", args[0])
}

// unit is the section Service of a unit's file and of what is dropped in beside it.
type unit struct {
	name string
	set  map[string][]string
}

func readUnit(name string) (*unit, error) {
	u := &unit{name, map[string][]string{}}
	path := filepath.Join(units, name+".service")
	more, err := filepath.Glob(filepath.Join(path+".d", "*.conf"))
	if err != nil {
		return nil, err
	}
	for _, path := range append([]string{path}, more...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		section := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			key, value, ok := strings.Cut(line, "=")
			switch {
			case strings.HasPrefix(line, "["):
				section = line
			case section == "[Service]" && ok && !strings.HasPrefix(line, "#"):
				u.set[key] = append(u.set[key], value)
			}
		}
	}
	return u, nil
}

// one returns the last value of a setting.
func (u *unit) one(key string) string {
	all := u.set[key]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func (u *unit) remembered() string { return filepath.Join(state, u.name+".pid") }

// pid is that of the running service, 0 if it doesn't run.
func (u *unit) pid() int {
	text, err := os.ReadFile(u.remembered())
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil || syscall.Kill(pid, 0) != nil {
		return 0
	}
	return pid
}

// start returns when the service says that it is ready (sd_notify(3)), or an error when it ends
// before.
func (u *unit) start() error {
	if u.pid() != 0 {
		return nil
	}
	u.sayLeftOut()
	if err := os.MkdirAll(state, 0o755); err != nil {
		return err
	}
	path := filepath.Join(state, u.name+".notify")
	os.Remove(path)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer notify.Close()
	log, err := os.OpenFile("/var/log/"+u.name+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Anybody in the unit may write to the socket.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	c := exec.Command(self, "enter", u.name)
	c.Env = []string{"NOTIFY_SOCKET=" + path, "PATH=" + os.Getenv("PATH")}
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNS}
	if err := c.Start(); err != nil {
		return err
	}
	pid := strconv.Itoa(c.Process.Pid)
	if err := os.WriteFile(u.remembered(), []byte(pid), 0o600); err != nil {
		return err
	}
	return u.ready(c, notify)
}

// ready waits for the service's word.
func (u *unit) ready(c *exec.Cmd, notify *net.UnixConn) error {
	ended, said := make(chan error, 1), make(chan bool, 1)
	go func() { ended <- c.Wait() }()
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := notify.Read(b)
			if err != nil {
				return
			}
			if slices.Contains(strings.Split(string(b[:n]), "\n"), "READY=1") {
				said <- true
			}
		}
	}()
	select {
	case <-said:
		return nil
	case err := <-ended:
		os.Remove(u.remembered())
		return fmt.Errorf("%s ended before it was ready: %v", u.name, err)
	case <-time.After(time.Minute):
		return fmt.Errorf("%s was not ready after a minute", u.name)
	}
}

func (u *unit) stop() error {
	pid := u.pid()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for deadline := time.Now().Add(40 * time.Second); u.pid() != 0; {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not end", u.name)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return os.Remove(u.remembered())
}

func (u *unit) reload() error {
	words := strings.Fields(u.one("ExecReload"))
	if len(words) == 0 || u.pid() == 0 {
		return fmt.Errorf("%s can't be reloaded: it has no ExecReload, or doesn't run", u.name)
	}
	for i, w := range words {
		if w == "$MAINPID" {
			words[i] = strconv.Itoa(u.pid())
		}
	}
	return exec.Command(words[0], words[1:]...).Run()
}
