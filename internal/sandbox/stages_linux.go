package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stage is a process on the way to the program.
type stage struct {
	plan
	report, file *os.File // at reportFD and planFD
}

// run is the whole of a process that is a stage.
func run(words []string) {
	runtime.LockOSThread() // what is given up is given up by a thread, and it is the one to go on
	// Libraries of the service may have opened descriptors that are inherited.
	_ = unix.CloseRange(reportFD, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
	s := stage{report: os.NewFile(reportFD, "report"), file: os.NewFile(planFD, "plan")}
	err := s.read()
	if err != nil || len(words) != 1 {
		fmt.Fprintln(os.Stderr, word+" is for the service alone, when it runs a rotator's program")
		os.Exit(1)
	}
	switch words[0] {
	case "outside":
		err = s.outside()
	case "inside":
		err = s.inside()
	default:
		err = s.confine()
	}
	_ = s.send(report{Error: err.Error()})
	os.Exit(1)
}

// read reads what the service has left for the stages.
func (s *stage) read() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	text := make([]byte, info.Size())
	if _, err := s.file.ReadAt(text, 0); err != nil {
		return err
	}
	return json.Unmarshal(text, &s.plan)
}

// send writes a report with descriptors. The service waits for it.
func (s stage) send(r report, fds ...int) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return unix.Sendmsg(reportFD, text, unix.UnixRights(fds...), nil, 0)
}

// next starts a stage with the descriptors of this one, waits for its end and ends as it did.
func (s stage) next(name string, attr *syscall.SysProcAttr) error {
	cmd := exec.Command("/proc/self/exe", word, name)
	cmd.Env = os.Environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{s.report, s.file}
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	// The service learns from the end of the socket that the program has begun.
	for _, f := range []*os.File{s.report, s.file, os.Stdin, os.Stdout, os.Stderr} {
		f.Close()
	}
	// The first process of a namespace is the parent of all that have lost theirs, and until they
	// are waited for they count among its processes.
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return err
		case pid == cmd.Process.Pid && status.Signaled():
			os.Exit(128 + int(status.Signal()))
		case pid == cmd.Process.Pid:
			os.Exit(status.ExitStatus())
		}
	}
}

// outside makes the namespaces. In that of users the one user there is appears as root, which may
// set up the others and nothing else.
func (s stage) outside() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	unix.Umask(0o077)
	// Where memory is short it isn't the service's that is to be taken.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	if !s.Features.Namespaces {
		return s.confine()
	}
	err := s.next("inside", &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWPID |
			unix.CLONE_NEWIPC | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	})
	return fmt.Errorf("namespaces: %w", err)
}

// inside furnishes the namespaces. It hands out its listeners before the program begins, and so has
// nothing left that the program could make use of.
func (s stage) inside() error {
	all, err := addresses(s.Destinations)
	if err != nil {
		return err
	}
	if err := loopback(all); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	names := filepath.Join(s.Directory, "hosts")
	if err := os.WriteFile(names, []byte(hosts(all)), 0o600); err != nil {
		return err
	}
	if err := unix.Mount(names, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	options := fmt.Sprintf("mode=0700,size=%d", s.Limits.Disk)
	if err := unix.Mount("tmpfs", s.Directory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV,
		options); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := os.Chdir(s.Directory); err != nil { // what it was in is covered now
		return err
	}
	var fds []int
	for _, a := range all {
		l, err := listen(a)
		if err != nil {
			return err
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		defer f.Close()
		fds = append(fds, int(f.Fd()))
	}
	if err := s.send(report{Listeners: len(fds)}, fds...); err != nil {
		return err
	}
	// A second namespace of users, in which the user has its own number again: what is executed
	// there has no capability in this one.
	return s.next("confine", &syscall.SysProcAttr{
		Unshareflags: unix.CLONE_NEWUSER, // the child writes its own maps, by /proc/self
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: outer("uid_map"), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: outer("gid_map"), Size: 1}},
	})
}

// outer returns the number that this process's root has in the namespace of users around it.
func outer(file string) int {
	text, _ := os.ReadFile("/proc/self/" + file)
	var here, there, n int
	_, _ = fmt.Sscan(string(text), &here, &there, &n)
	return there
}

// confine gives up the rest and becomes the program.
func (s stage) confine() error {
	if s.Features.Landlock {
		if err := landlock(s.plan); err != nil {
			return fmt.Errorf("by Landlock: %w", err)
		}
	}
	if s.Features.Seccomp {
		if err := seccomp(); err != nil {
			return fmt.Errorf("seccomp: %w", err)
		}
	}
	become, err := s.program()
	if err != nil {
		return err
	}
	if err := limit(s.Limits); err != nil {
		return err
	}
	if s.Program == "" {
		os.Exit(0)
	}
	var memory unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &memory); err != nil {
		return err
	}
	memory.Max = min(memory.Max, s.Limits.Memory)
	memory.Cur = memory.Max
	become.exec(&memory)
	return nil
}

// image is all that it takes to become a program without another byte of memory: a process of Go
// has more of it reserved than most programs may have, so that it can't get any when the limit is
// set.
type image struct {
	path  *byte
	argv  []*byte
	envv  []*byte
	sorry []byte // the report of a failure, with room for a number
}

func (s stage) program() (i image, err error) {
	if i.path, err = unix.BytePtrFromString(s.Program); err != nil {
		return i, err
	}
	i.argv, err = syscall.SlicePtrFromStrings(append([]string{s.Program}, s.Arguments...))
	if err != nil {
		return i, err
	}
	i.envv, err = syscall.SlicePtrFromStrings(s.Environment)
	i.sorry = []byte(`{"Errno":   }`)
	debug.SetGCPercent(-1)
	return i, err
}

// exec sets the last limit and becomes the program, or reports why not and ends.
func (i image) exec(memory *unix.Rlimit) {
	_, _, errno := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_AS,
		uintptr(unsafe.Pointer(memory)), 0, 0, 0)
	if errno == 0 {
		_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(i.path)),
			uintptr(unsafe.Pointer(&i.argv[0])), uintptr(unsafe.Pointer(&i.envv[0])))
	}
	for at := len(i.sorry) - 2; errno > 0; at-- {
		i.sorry[at] = byte('0' + errno%10)
		errno /= 10
	}
	unix.RawSyscall(unix.SYS_WRITE, reportFD, uintptr(unsafe.Pointer(&i.sorry[0])),
		uintptr(len(i.sorry)))
	unix.RawSyscall(unix.SYS_EXIT_GROUP, 1, 0, 0)
}
