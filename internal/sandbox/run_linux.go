package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The time that what is left of a run gets when its processes have been killed.
const drain = 2 * time.Second

// Run runs a command to its end, or kills all of it when ctx ends. The error wraps ErrSetup if the
// program was not begun, and is ctx's if it was killed.
func Run(ctx context.Context, c Command) (r Result, err error) {
	if c.Self == "" && !staged {
		return r, fmt.Errorf("%w: this binary has none of its stages", ErrSetup)
	}
	dir, err := directory(c.User)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	defer remove(dir)
	file, err := write(c, dir)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	defer file.Close()
	ours, theirs, err := socketpair()
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	defer ours.Close()

	// The kernel kills the first stage when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	said := &tail{most: c.Output}
	cmd := command(ctx, c, dir, said)
	cmd.ExtraFiles = []*os.File{theirs, file} // reportFD, planFD
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrSetup, err)
	}

	open, shut := context.WithCancel(ctx) // of what is passed on
	defer shut()
	setup := make(chan error, 1)
	go func() {
		err := serve(open, ours, c)
		if err != nil {
			kill(cmd)
		}
		setup <- err
	}()
	ended := cmd.Wait()
	// With the last stage the reports end, and one of why it ended may be among them.
	_ = ours.SetReadDeadline(time.Now().Add(drain))
	err = <-setup
	r.Output = said.kept()
	switch status := (*exec.ExitError)(nil); {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		return r, fmt.Errorf("%w: %w", ErrSetup, err)
	case errors.As(ended, &status):
		r.Status = exitStatus(status.ProcessState)
	case ended != nil && !errors.Is(ended, exec.ErrWaitDelay):
		return r, fmt.Errorf("%w: %w", ErrSetup, ended)
	}
	return r, nil
}

// command prepares the first stage. It gets nothing of the service's environment, in which PINs may
// be, and is called by the kernel's name for this binary: at its path may lie a newer one by now.
func command(ctx context.Context, c Command, dir string, said *tail) *exec.Cmd {
	self := c.Self
	if self == "" {
		self = "/proc/self/exe"
	}
	cmd := exec.CommandContext(ctx, self, word, "outside")
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(c.Input)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if c.User.Switch {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.User.UID, Gid: c.User.GID}
	}
	cmd.Cancel = func() error { return kill(cmd) }
	cmd.WaitDelay = drain
	return cmd
}

// kill ends the stages and, where there are no namespaces, the program with its process group.
func kill(cmd *exec.Cmd) error {
	return unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
}

func exitStatus(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// directory makes the directory that a run has as its own.
func directory(u User) (string, error) {
	dir, err := os.MkdirTemp("", "claviger-rotation-")
	if err != nil || !u.Switch {
		return dir, err
	}
	if err := os.Chown(dir, int(u.UID), int(u.GID)); err != nil {
		os.Remove(dir)
		return "", err
	}
	return dir, nil
}

// remove removes a directory, whatever the program did to the rights of what it made in it.
func remove(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && err == nil { // before it is read
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// write puts what the stages have to know into a file without a name.
func write(c Command, dir string) (*os.File, error) {
	text, err := json.Marshal(plan{Program: c.Program, Arguments: c.Arguments,
		Environment: append(c.Environment[:len(c.Environment):len(c.Environment)],
			"HOME="+dir, "TMPDIR="+dir),
		Features: c.Features, Limits: c.Limits, Read: c.Read, Destinations: c.Destinations,
		Directory: dir})
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("plan", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "plan")
	if _, err := f.Write(text); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func socketpair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	// Ours is waited at until the program has begun, which must not hold a thread.
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "report"), os.NewFile(uintptr(fds[1]), "report"), nil
}

// tail keeps the end of what is written to it.
type tail struct {
	most int
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer, and never fails: a program that says too much goes on.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if len(p) > t.most {
		p = p[len(p)-t.most:]
	}
	if over := len(t.text) + len(p) - t.most; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	t.text = append(t.text, p...)
	return n, nil
}

func (t *tail) kept() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text)
}

// switching are the capabilities by which the service may run a program as another user: to become
// it, to give it a directory and take that away again, and to kill it.
var switching = map[string]int{"CAP_SETUID": unix.CAP_SETUID, "CAP_SETGID": unix.CAP_SETGID,
	"CAP_CHOWN": unix.CAP_CHOWN, "CAP_DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE,
	"CAP_KILL": unix.CAP_KILL}

// CanSwitch reports whether the service may run programs as others, with the first of the
// capabilities that it lacks.
func CanSwitch() error {
	var sets [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	for name, bit := range switching {
		if sets[bit/32].Effective&(1<<(bit%32)) == 0 {
			return fmt.Errorf("the service has no %s", name)
		}
	}
	return nil
}
