package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// limit sets the limits of processes, which no process can raise again, but for that of memory.
func limit(l Limits) error {
	cpu := uint64((l.CPU + time.Second - 1) / time.Second)
	for _, r := range []struct {
		name       string
		which      int
		soft, hard uint64
	}{
		{"RLIMIT_CORE", unix.RLIMIT_CORE, 0, 0},
		{"RLIMIT_FSIZE", unix.RLIMIT_FSIZE, l.Disk, l.Disk},
		{"RLIMIT_CPU", unix.RLIMIT_CPU, cpu, cpu + 1}, // a signal of its own, then SIGKILL
		{"RLIMIT_NPROC", unix.RLIMIT_NPROC, l.Processes, l.Processes},
		{"RLIMIT_NOFILE", unix.RLIMIT_NOFILE, l.Files, l.Files},
	} {
		// What the service itself has no more of isn't to be had.
		var had unix.Rlimit
		if err := unix.Getrlimit(r.which, &had); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		to := unix.Rlimit{Cur: min(r.soft, had.Max), Max: min(r.hard, had.Max)}
		if err := unix.Setrlimit(r.which, &to); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// readable is what programs of a Linux system need to run: they, their libraries and what these
// look up. What a site keeps in /etc or elsewhere isn't among it.
var readable = []string{
	"/bin", "/sbin", "/usr", "/lib", "/lib32", "/lib64", "/libx32",
	"/etc/alternatives", "/etc/ca-certificates", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
	"/etc/pki/tls/cert.pem", "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf",
	"/etc/pki/tls/openssl.cnf", "/etc/crypto-policies",
	"/etc/group", "/etc/host.conf", "/etc/hosts", "/etc/gai.conf", "/etc/ld.so.cache",
	"/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types",
	"/etc/nsswitch.conf", "/etc/passwd", "/etc/protocols", "/etc/resolv.conf", "/etc/services",
	"/etc/python3", "/etc/python3.11", "/etc/perl",
	"/dev/random", "/dev/urandom",
}

// devices are files that may be written, as nothing comes of it.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full"}

// The rights of Landlock that are for files, and those of reading.
const (
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	reading = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_READ_DIR
	everything = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV<<1 - 1 // of ABI 5, from the first right on
)

// landlock leaves this thread, and what it becomes, the files that are named and its directory.
func landlock(p plan) error {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0,
		unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return errno
	}
	handled := uint64(everything)
	switch { // kernels refuse rights that they don't know
	case abi < 2:
		handled &^= unix.LANDLOCK_ACCESS_FS_REFER
		fallthrough
	case abi < 3:
		handled &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
		fallthrough
	case abi < 5:
		handled &^= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(rules))
	for _, rule := range []struct {
		paths  []string
		rights uint64
		needed bool
	}{
		{readable, reading, false},
		{devices, ofFiles &^ unix.LANDLOCK_ACCESS_FS_EXECUTE, false},
		{p.Read, reading, true},
		{[]string{p.Directory}, everything, true},
	} {
		for _, path := range rule.paths {
			err := allow(int(rules), path, rule.rights&handled)
			if err != nil && (rule.needed || !errors.Is(err, os.ErrNotExist)) {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// allow adds a rule for a file, or a directory with all below.
func allow(rules int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFiles
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules),
		unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// architectures are those whose system calls the filter knows.
var architectures = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// x32 begins the numbers of a second set of calls that amd64 has.
const x32 = 0x40000000

// namespaces are the flags of clone that make one: in a namespace of users of its own a program
// would find its capabilities again, and with them much of the kernel.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// refused are calls that no program needs which rotates a secret.
var refused = []uint32{
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_MOUNT_SETATTR, unix.SYS_CHROOT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV,
	unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP, unix.SYS_KEYCTL,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_USERFAULTFD, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE,
	unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_REBOOT, unix.SYS_SWAPON,
	unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_QUOTACTL,
}

// absent are calls for which programs have another way when the kernel lacks them. What clone3 and
// io_uring are asked for lies in memory, where a filter can't look.
var absent = []uint32{unix.SYS_CLONE3, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER,
	unix.SYS_IO_URING_REGISTER}

// sockets are the families that a program may have. Sockets of files aren't among them: they lead
// to other services of the machine, whichever network a program is in.
var sockets = []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// Where a filter finds what it judges (struct seccomp_data), on little-endian machines.
const (
	atNumber       = 0
	atArchitecture = 4
	atArgument     = 16
)

// errnoOf lets a call fail.
func errnoOf(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

// filter is the filter of system calls. Each line reads a word of the call, or compares what was
// read and leaves with an action.
func filter(architecture uint32) (f []unix.SockFilter) {
	load := func(at uint32) {
		f = append(f, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at})
	}
	leave := func(action uint32) {
		f = append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action})
	}
	// on leaves with an action if a comparison has the outcome that is given.
	on := func(compare uint16, k uint32, outcome bool, action uint32) {
		jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | compare, K: k, Jf: 1}
		if !outcome {
			jump.Jt, jump.Jf = 1, 0
		}
		f = append(f, jump)
		leave(action)
	}
	load(atArchitecture)
	on(unix.BPF_JEQ, architecture, false, unix.SECCOMP_RET_KILL_PROCESS)
	load(atNumber)
	on(unix.BPF_JGE, x32, true, errnoOf(unix.ENOSYS))
	for _, nr := range refused {
		on(unix.BPF_JEQ, nr, true, errnoOf(unix.EPERM))
	}
	for _, nr := range absent {
		on(unix.BPF_JEQ, nr, true, errnoOf(unix.ENOSYS))
	}
	// Of clone the flags are looked at; three instructions are passed over for other calls.
	f = append(f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | unix.BPF_JEQ,
		K: unix.SYS_CLONE, Jf: 4})
	load(atArgument)
	on(unix.BPF_JSET, namespaces, true, errnoOf(unix.EPERM))
	leave(unix.SECCOMP_RET_ALLOW)
	on(unix.BPF_JEQ, unix.SYS_SOCKET, false, unix.SECCOMP_RET_ALLOW)
	load(atArgument)
	for _, family := range sockets {
		on(unix.BPF_JEQ, family, true, unix.SECCOMP_RET_ALLOW)
	}
	leave(errnoOf(unix.EAFNOSUPPORT))
	return f
}

// seccomp lays the filter on this thread and what it becomes.
func seccomp() error {
	architecture, known := architectures[runtime.GOARCH]
	if !known {
		return fmt.Errorf("no filter for %s", runtime.GOARCH)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	f := filter(architecture)
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0,
		uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}
