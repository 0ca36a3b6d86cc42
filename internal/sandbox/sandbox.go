// Package sandbox runs a program that is given short-lived credentials so that it can do little
// with them, or with the machine, but what it was started for.
//
// The program is started in three stages of this binary, each which [Main] tells from its command
// line, all of them as the user that the program is to have. None needs root:
//
//  1. outside makes new namespaces for users, mounts, processes, IPC and the network.
//  2. inside is the first process in them. It gives the network a loopback device with nothing
//     behind, lets the names of the destinations resolve to addresses of that device, listens
//     there, and hands its listeners to the service, which passes on what comes to them. When it
//     ends, the kernel kills whatever the program has left behind.
//  3. confine gives up everything that the program isn't to have: capabilities (by one more
//     namespace of users), files (Landlock), system calls (seccomp), resources (rlimits). Then it
//     becomes the program.
//
// A program reaches a destination by the very name and port that it knows it by, so that nothing
// in it has to know of this. Whether a destination may be reached is decided where the connection
// is made: in the service.
package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// word is what makes a command line of this binary one of a stage.
const word = "program-sandbox"

// staged says that this process called Main: one that didn't would begin its own work anew, in the
// place of a stage.
var staged bool

// Main is the first thing that a command does whose process runs programs. In a process that is a
// stage it doesn't return. Somebody who gives a stage's command line by hand has no plan to hand
// over, and is told so.
func Main() {
	if len(os.Args) > 1 && os.Args[1] == word {
		run(os.Args[2:])
	}
	staged = true
}

// Features are the parts of a sandbox that depend on the kernel and on who runs the service.
type Features struct {
	Namespaces bool // own processes, IPC, mounts, and a network with nothing but the destinations
	Landlock   bool // no files but those that are named
	Seccomp    bool // no system calls to get out with, no sockets but TCP's and UDP's
}

// All is a sandbox that lacks nothing.
var All = Features{Namespaces: true, Landlock: true, Seccomp: true}

// Missing names what is lacking.
func (f Features) Missing() (names []string) {
	for _, part := range []struct {
		there bool
		name  string
	}{{f.Namespaces, "namespaces"}, {f.Landlock, "Landlock"}, {f.Seccomp, "seccomp"}} {
		if !part.there {
			names = append(names, part.name)
		}
	}
	return names
}

// Limits are those of each process by itself, as the kernel counts, but for Processes and Disk.
type Limits struct {
	Memory    uint64        // RLIMIT_AS, in bytes
	CPU       time.Duration // RLIMIT_CPU, up to a whole second
	Files     uint64        // RLIMIT_NOFILE
	Processes uint64        // RLIMIT_NPROC, with threads: the sandbox's; without namespaces its user's
	Disk      uint64        // bytes that its directory holds at most; without namespaces RLIMIT_FSIZE
}

// User is who a program runs as.
type User struct {
	UID, GID uint32
	Switch   bool // it isn't the service's own
}

// Command is one run of a program.
type Command struct {
	Program      string // absolute; empty: nothing is run, which shows that the sandbox can be made
	Arguments    []string
	Environment  []string // NAME=value; HOME and TMPDIR are added
	Input        []byte
	User         User
	Features     Features
	Limits       Limits
	Read         []string // files and directories it may read, besides the system's programs
	Destinations []string // host:port that it may connect to
	Self         string   // the binary that has the stages; empty: this one
	Output       int      // how many bytes of what it prints are kept, the last ones
}

// Result is how a program ended.
type Result struct {
	Status int // as a shell has it: 128 and the signal's number if one ended it
	Output []byte
}

// ErrSetup is in the errors of a run that did not get as far as the program.
var ErrSetup = errors.New("the sandbox can't be made")

// plan is what the stages read of a command, from a file that they inherit.
type plan struct {
	Program      string
	Arguments    []string
	Environment  []string
	Features     Features
	Limits       Limits
	Read         []string
	Destinations []string
	Directory    string
}

// The descriptors that the stages inherit besides the three that every process has.
const (
	reportFD = 3 // a socket: the service gets the listeners by it, or why there are none
	planFD   = 4
)

// report is what a stage writes to reportFD: one message of inside's, with the listeners, and one
// of whichever stage fails.
type report struct {
	Listeners int
	Error     string
	Errno     int // of a program that can't be executed
}

// mostDestinations is how many listeners fit into one message of a socket, with room to spare.
const mostDestinations = 64

// CheckDestination reads a destination: a name or address, and a port.
func CheckDestination(destination string) error {
	host, port, err := net.SplitHostPort(destination)
	if err != nil {
		return err
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "0" || port == "" {
		return fmt.Errorf("%q has no port", destination)
	}
	if host == "" || strings.ContainsAny(host, " \t\n#%*") {
		return fmt.Errorf("%q names no host", destination)
	}
	return nil
}

// address is where a destination is found within the sandbox.
type address struct {
	name string // for the hosts file; empty: the destination is an address already
	ip   net.IP
	port string
}

// addresses gives each host of the destinations an address: its own if it is one, else one of
// 127.77.0.0/16. The range is a loopback's that nothing else uses.
func addresses(destinations []string) (all []address, err error) {
	named := map[string]net.IP{"localhost": net.IPv4(127, 0, 0, 1)}
	for _, d := range destinations {
		host, port, err := net.SplitHostPort(d)
		if err != nil {
			return nil, err
		}
		if ip := net.ParseIP(host); ip != nil {
			all = append(all, address{ip: ip, port: port})
			continue
		}
		host = strings.ToLower(host)
		if named[host] == nil {
			named[host] = net.IPv4(127, 77, byte(len(named)>>8), byte(len(named)))
		}
		all = append(all, address{name: host, ip: named[host], port: port})
	}
	return all, nil
}

// hosts is the hosts file of the sandbox.
func hosts(all []address) string {
	lines := []string{"127.0.0.1 localhost\n"}
	for _, a := range all {
		line := a.ip.String() + " " + a.name + "\n"
		if a.name != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
