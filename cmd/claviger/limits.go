package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// limits are how many connections there may be at once.
type limits struct{ total, perSource int }

const (
	mostConnections  = 4096 // unless the configuration says otherwise
	fewestFiles      = 256  // that the process may open: less leaves no room for device and database
	watchConnections = 64   // on a listener of their own
)

// limits returns what the configuration says, or what suits the process. A connection is an open
// file, and device and database must find theirs however many connections there are: half of what
// the process may open is for them. Go raises the soft limit to the hard one at start.
func (c *config) limits() (l limits, err error) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return l, err
	}
	return c.limitsFor(files.Cur)
}

func (c *config) limitsFor(files uint64) (l limits, err error) {
	half := int(min(files, 1<<30) / 2)
	l.total, l.perSource = c.Connections, c.ConnectionsPerSource
	switch {
	case l.total < 0 || l.perSource < 0:
		return l, errors.New("connections and connections_per_source can't be negative")
	case files < fewestFiles:
		return l, fmt.Errorf("the process may open %d files, and needs %d at least: raise the limit "+
			"(ulimit -n, or LimitNOFILE= of the unit)", files, fewestFiles)
	case l.total > half:
		return l, fmt.Errorf("connections is %d, and the process may open %d files, of which half are "+
			"for the device and the database: raise the limit (ulimit -n, or LimitNOFILE= of the unit)",
			l.total, files)
	case l.total == 0:
		l.total = min(half, mostConnections)
	}
	if l.perSource == 0 {
		l.perSource = max(1, l.total/4)
	}
	l.perSource = min(l.perSource, l.total)
	return l, nil
}
