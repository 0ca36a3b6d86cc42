package program_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/program"
)

// harden is what the service's command does to itself.
func harden() {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		panic(err)
	}
	if os.Getenv(noNamespaces) != "" {
		refuseNamespaces()
	}
}

// noNamespaces is a variable by which a service does without, as RestrictNamespaces of systemd has
// it.
const noNamespaces = "NO_NAMESPACES"

func refuseNamespaces() {
	f := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ, K: unix.SYS_UNSHARE, Jt: 1},
		{Code: unix.BPF_JMP | unix.BPF_JEQ, K: unix.SYS_CLONE, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16},
		{Code: unix.BPF_JMP | unix.BPF_JSET, K: unix.CLONE_NEWUSER, Jf: 1},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); errno != 0 {
		panic(errno)
	}
}

func TestSandbox_Rights_AreNone(t *testing.T) {
	c := config(t, shell+`grep -E '^(Uid|Gid|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Seccomp):' /proc/self/status
echo groups $(id -G); exit 3`)
	c.Read = []string{"/proc"}
	id, gid := os.Geteuid(), os.Getegid()
	if id == 0 {
		id, gid = 65534, 65534
	}
	got := said(t, c)
	for _, want := range []string{fmt.Sprintf("Uid:\t%d\t%[1]d\t%[1]d\t%[1]d", id),
		fmt.Sprintf("Gid:\t%d\t%[1]d", gid), "CapInh:\t0000000000000000",
		"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000",
		"NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if os.Geteuid() == 0 && !strings.Contains(got, "groups 65534\n") &&
		!strings.HasSuffix(got, "groups 65534") {
		t.Errorf("groups of the service's: %s", got)
	}
}

func TestSandbox_SystemCallsToGetOut_AreRefused(t *testing.T) {
	c := config(t, python+`import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    r = getattr(libc, name)(*args)
    print(name, "worked" if r >= 0 else errno.errorcode[ctypes.get_errno()])
call("unshare", 0x10000000)
call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
call("setns", 0, 0)
call("ptrace", 16, os.getppid(), None, None)
for family in (socket.AF_UNIX, socket.AF_PACKET, socket.AF_VSOCK):
    try:
        socket.socket(family)
        print(family.name, "worked")
    except OSError as e:
        print(family.name, errno.errorcode[e.errno])
print(socket.socketpair()[0].family.name, "pair works")
sys.exit(3)
`)
	want := "unshare EPERM\nmount EPERM\nsetns EPERM\nptrace EPERM\nAF_UNIX EAFNOSUPPORT\n" +
		"AF_PACKET EAFNOSUPPORT\nAF_VSOCK EAFNOSUPPORT\nAF_UNIX pair works"
	if got := said(t, c); got != want {
		t.Errorf("got\n%s", got)
	}
}

// echo is a server that answers each line with its name.
func echo(t *testing.T, network, address, name string) net.Addr {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					fmt.Fprintf(conn, "%s: %s\n", name, lines.Text())
				}
			}()
		}
	}()
	return l.Addr()
}

func portOf(a net.Addr) string { return strconv.Itoa(a.(*net.TCPAddr).Port) }

// asks is the program that tries each of its arguments as a destination.
const asks = python + `import errno, socket, sys
for arg in sys.argv[1:]:
    host, port = arg.rsplit(":", 1)
    try:
        s = socket.create_connection((host, int(port)), 5)
        s.sendall(b"hello\n")
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            more = s.recv(100)
            if not more: break
            answer += more
        print(answer.decode().strip() or "nothing")
    except socket.gaierror:
        print("no such name")
    except OSError as e:
        name = errno.errorcode.get(e.errno, str(e))
        print("reset" if name in ("ECONNRESET", "ENOTCONN", "EPIPE") else name)
sys.exit(3)
`

func TestSandbox_Network_IsWhatIsNamed(t *testing.T) {
	service := portOf(echo(t, "tcp", "127.0.0.1:0", "service"))
	database := portOf(echo(t, "tcp", "127.0.0.1:0", "database"))
	other := portOf(echo(t, "tcp", "127.0.0.1:0", "other"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := portOf(l.Addr())
	l.Close()
	c := config(t, asks)
	c.Endpoint = "https://127.0.0.1:" + service
	c.Network = []string{"localhost:" + database, "127.0.0.1:" + closed}
	for _, a := range []struct{ destination, want string }{
		{"127.0.0.1:" + service, "service: hello"},
		{"localhost:" + database, "database: hello"},
		{"127.0.0.1:" + other, "ECONNREFUSED"},
		{"127.0.0.1:" + closed, "reset"},
		{"192.0.2.1:443", "ENETUNREACH"},
		{"169.254.169.254:80", "ENETUNREACH"},
		{"example.com:443", "no such name"},
	} {
		c.Arguments = []string{a.destination}
		if got := said(t, c); got != a.want {
			t.Errorf("%s: got %s, want %s", a.destination, got, a.want)
		}
	}
}

func TestSandbox_Names_AreKnownWithoutTheServicesResolver(t *testing.T) {
	c := config(t, python+`import socket, sys
for name in ("db.example", "replica.example", "localhost"):
    print(name, sorted({a[4][0] for a in socket.getaddrinfo(name, 5432)}))
for a in ("10.1.2.3", "2001:db8::5"):
    print(a, socket.create_connection((a, 5432), 5).getpeername()[0])
sys.exit(3)
`)
	c.Network = []string{"db.example:5432", "DB.example:5433", "replica.example:5432",
		"10.1.2.3:5432", "10.1.2.3:5433", "[2001:db8::5]:5432", "[2001:db8::5]:5433"}
	want := "db.example ['127.77.0.1']\nreplica.example ['127.77.0.2']\nlocalhost ['127.0.0.1']\n" +
		"10.1.2.3 10.1.2.3\n2001:db8::5 2001:db8::5"
	if got := said(t, c); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestSandbox_ManyConnections_AllArrive(t *testing.T) {
	database := portOf(echo(t, "tcp", "127.0.0.1:0", "database"))
	c := config(t, python+`import socket, sys
text = b"x" * 100000 + b"\n"
for round in range(3):
    all = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) for i in range(50)]
    for s in all: s.sendall(b"%d\n" % round)
    for s in all: assert s.makefile().readline() == "database: %d\n" % round
    for s in all: s.close()
sys.exit(3)
`)
	c.Network, c.Arguments = []string{"127.0.0.1:" + database}, []string{database}
	if got := said(t, c); got != "" {
		t.Error(got)
	}
}

func TestSandbox_Files_AreTheSystemsAndWhatIsNamed(t *testing.T) {
	c := config(t, shell+`cd /
for f in "$@"; do cat "$f" >/dev/null 2>&1 && echo read || echo not; done
echo x >> "$0" && echo written
echo x > /tmp/claviger-sandbox-test && echo written
echo x > "$HOME/own" && cat "$HOME/own" >/dev/null && echo own
ls /tmp /etc /root /home /proc /var 2>/dev/null
exit 3`)
	here := filepath.Dir(c.Program)
	for _, name := range []string{"named", "unnamed"} {
		if err := os.WriteFile(filepath.Join(here, name), []byte("text"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c.Read = []string{filepath.Join(here, "named")}
	c.Arguments = []string{filepath.Join(here, "named"), filepath.Join(here, "unnamed"),
		"/etc/nsswitch.conf", "/etc/shadow", "/proc/1/environ"}
	got := strings.ReplaceAll(said(t, c), "\n", " ")
	if !strings.HasPrefix(got, "read not read not not ") || !strings.HasSuffix(got, " own") ||
		strings.Contains(got, "written") {
		t.Errorf("got %s", got)
	}
}

func TestSandbox_Directory_IsBoundedAndGoneAfterwards(t *testing.T) {
	c := config(t, shell+`pwd; mkdir -p a/b; chmod 0 a; df -B1 --output=size . 2>/dev/null | tail -1
i=0; while [ $i -lt 20 ]; do head -c 500000 /dev/zero >f$i || break; i=$((i+1)); done 2>/dev/null
du -s . 2>/dev/null; exit 3`)
	c.Disk = 4 << 20
	lines := strings.Split(said(t, c), "\n")
	if len(lines) != 3 || strings.TrimSpace(lines[1]) != "4194304" {
		t.Fatalf("got %q", lines)
	}
	if used, err := strconv.Atoi(strings.Fields(lines[2])[0]); err != nil || used > 4<<10 {
		t.Errorf("%s KiB were written", lines[2])
	}
	if _, err := os.Stat(lines[0]); !os.IsNotExist(err) {
		t.Errorf("%s: %v", lines[0], err)
	}
}

func TestSandbox_Memory_IsLimited(t *testing.T) {
	c := config(t, python+`import sys
try:
    b = bytearray(600 << 20)
except MemoryError:
    print("no memory")
sys.exit(3)
`)
	c.Memory = 512 << 20
	if got := said(t, c); got != "no memory" {
		t.Errorf("got %q", got)
	}
}

func TestSandbox_CPUTime_IsLimited(t *testing.T) {
	c := config(t, shell+"while :; do :; done\n")
	c.CPU = time.Second
	err := made(t, c).Invoke(t.Context(), event, secret)
	wants(t, err, rotator.Failed, "CPU time limit exceeded")
}

func TestSandbox_ForkBomb_IsBounded(t *testing.T) {
	c := config(t, python+`import os, sys, time
n = 1
while n < 1000:
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        n += 1
    except BlockingIOError:
        break
print(n)
sys.exit(3)
`)
	c.Processes = 20
	if got := said(t, c); got != "20" {
		t.Errorf("got %s processes", got)
	}
}

func TestSandbox_OrphansThatEnded_DoNotCount(t *testing.T) {
	c := config(t, shell+`i=0
while [ $i -lt 100 ]; do ( (sleep 0.01 &) ) || exit 4; i=$((i+1)); done
wait; exit 3`)
	c.Processes = 50
	if got := said(t, c); got != "" {
		t.Error(got)
	}
}

func TestSandbox_Descriptors_AreThree(t *testing.T) {
	leaked, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0) // inherited, as a library may have it
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	c := config(t, python+`import os, resource, sys
for fd in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
    try:
        os.fstat(fd)
        print(fd, end=" ")
    except OSError:
        pass
try:
    kept = [os.open("/dev/null", os.O_RDONLY) for i in range(1000)]
except OSError as e:
    print(e.strerror)
sys.exit(3)
`)
	if got := said(t, c); got != "0 1 2 Too many open files" {
		t.Errorf("got %s", got)
	}
}

// runs reports whether a process with a word on its command line is there.
func runs(t *testing.T, word string) bool {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		text, _ := os.ReadFile(path)
		for arg := range bytes.SplitSeq(text, []byte{0}) {
			if string(arg) == word {
				return true
			}
		}
	}
	return false
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("after 20 seconds: not ", what)
		}
	}
}

func TestSandbox_LeftoverChildren_AreKilled(t *testing.T) {
	for name, c := range map[string]struct {
		end    string
		reason rotator.Reason
	}{"program ended": {"exit 3", rotator.Failed}, "time is over": {"sleep 100", rotator.TimedOut}} {
		t.Run(name, func(t *testing.T) {
			word := fmt.Sprintf("987%d.5", time.Now().UnixNano()%1e6)
			cfg := config(t, shell+`(setsid sleep "$1" >/dev/null 2>&1 &)
setsid nohup sleep "$1" &
`+c.end+"\n")
			cfg.Timeout, cfg.Arguments = 3*time.Second, []string{word}
			err := made(t, cfg).Invoke(t.Context(), event, secret)
			wants(t, err, c.reason, "")
			soon(t, "killed", func() bool { return !runs(t, word) })
		})
	}
}

// start makes the test's binary a service, through a command that comes before it.
func start(t *testing.T, c program.Config, before ...string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Where go test has it others can't go.
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	self = script(t, string(binary))
	words := append(before, self, asService, string(text))
	cmd := exec.Command(words[0], words[1:]...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// TestSandbox_UnprivilegedService_HasAllOfIt is a service as its unit runs it: no root, no
// capability, nothing to gain by what it executes, and undumpable.
func TestSandbox_UnprivilegedService_HasAllOfIt(t *testing.T) {
	c := config(t, shell+"id -u; id -G; cat /etc/shadow 2>/dev/null; exit 3\n")
	c.User = ""
	id := os.Geteuid()
	run := func(c program.Config) ([]byte, error) { return start(t, c).CombinedOutput() }
	if id == 0 {
		id = 65534
		run = func(c program.Config) ([]byte, error) {
			cmd := start(t, c, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
				"--bounding-set=-all", "--no-new-privs")
			cmd.SysProcAttr = nil // setpriv becomes the user
			return cmd.CombinedOutput()
		}
	}
	c.Network = []string{"[2001:db8::5]:5432", "192.0.2.5:5432", "db.example:5432"}
	out, err := run(c)
	want := fmt.Sprintf("lacks [], the program ended with status 3, %d\n", id)
	if err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("got %s, %v", out, err)
	}
	c.User = "1:1"
	out, err = run(c)
	if err != nil || !strings.Contains(string(out), "can't run as 1:1: the service has no CAP_") {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestSandbox_NoNamespaces_IsRefusedOrLess(t *testing.T) {
	c := config(t, shell+"id -u; cat /etc/shadow 2>/dev/null; exit 3\n")
	c.User, c.Processes = "", 10000
	id := os.Geteuid()
	if id == 0 {
		id = 65534
	}
	for _, c := range []struct {
		program.Config
		want string
	}{
		{c, "refused: programs need more than this machine gives, and the sandbox is " +
			"required: the sandbox can't be made: namespaces: inside: "},
		{bestEffort(c), fmt.Sprintf("lacks [namespaces], the program ended with status 3, %d\n", id)},
	} {
		cmd := start(t, c.Config)
		cmd.Env = append(os.Environ(), noNamespaces+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), c.want) {
			t.Errorf("got %s, %v, want %s", out, err, c.want)
		}
	}
}

func bestEffort(c program.Config) program.Config {
	c.BestEffort = true
	return c
}

// scratch is a directory that the service's user may write.
func scratch(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(script(t, "")), "tmp")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSandbox_ServiceKilled_TakesTheProgramAlong(t *testing.T) {
	word := fmt.Sprintf("988%d.5", time.Now().UnixNano()%1e6)
	c := config(t, shell+"setsid sleep $1\n")
	c.User, c.Arguments = "", []string{word}
	cmd := start(t, c)
	// Its directory stays, as nobody is left to remove it.
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	soon(t, "begun", func() bool { return runs(t, word) })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	soon(t, "killed", func() bool { return !runs(t, word) })
}
