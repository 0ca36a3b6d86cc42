package servertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	patience = time.Minute // until a server answers; a machine under load is slow
	grace    = 10 * time.Second
)

// servant is who runs the servers when root runs the tests: PostgreSQL and MariaDB refuse root. It
// is nil for anybody else, who runs them as himself.
var servant = sync.OnceValues(func() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
})

// give makes a file or directory the property of [servant].
func give(path string) error {
	who, err := servant()
	if err != nil || who == nil {
		return err
	}
	return os.Chown(path, int(who.Uid), int(who.Gid))
}

// write makes a file that only [servant] may read.
func write(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return give(path)
}

// command is a program as [servant] runs it: in dir, with nothing of the environment of the tests,
// and in a process group of its own that dies with them, even if they are killed.
func command(dir, program string, args ...string) (*exec.Cmd, error) {
	who, err := servant()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + dir,
		"TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true,
		Pdeathsig: syscall.SIGKILL}
	return cmd, nil
}

// run runs a program to its end.
func run(dir, program string, args ...string) error {
	cmd, err := command(dir, program, args...)
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// process is a server that runs.
type process struct {
	cmd   *exec.Cmd
	log   string        // the path of what it printed
	ended chan struct{} // closed when it has
	once  sync.Once     // stopped: its number may be another's by now
}

// start starts a server in dir and waits until ready returns nil. What it prints is appended to
// dir/server.log. Tests that end without having stopped it have it stopped.
func start(dir string, ready func(context.Context) error, program string,
	args ...string) (*process, error) {
	cmd, err := command(dir, program, args...)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: filepath.Join(dir, "server.log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	atEnd(func() { p.stop(syscall.SIGTERM) })
	if err := p.wait(ready); err != nil {
		p.stop(syscall.SIGKILL)
		return nil, fmt.Errorf("%s doesn't answer: %w\n%s", program, err, p.printed())
	}
	return p, nil
}

func (p *process) wait(ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it has ended: %w", err)
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop sends the server a signal to end by, and after a while kills it with all that it started.
func (p *process) stop(by syscall.Signal) {
	p.once.Do(func() {
		_ = p.cmd.Process.Signal(by) // fails if it has ended
		select {
		case <-p.ended:
		case <-time.After(grace):
		}
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	})
}

// printed returns what the server has printed so far.
func (p *process) printed() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
