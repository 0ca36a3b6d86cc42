package config

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Limits are how many connections there may be at once.
type Limits struct{ Total, PerSource int }

const (
	mostConnections = 4096 // unless the configuration says otherwise
	fewestFiles     = 256  // that the process may open: less leaves no room for device and database
)

// Limits returns what the configuration says, or what suits the process. A connection is an open
// file, and device and database must find theirs however many connections there are: half of what
// the process may open is for them. Go raises the soft limit to the hard one at start.
func (c *Config) Limits() (l Limits, err error) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return l, err
	}
	return c.limitsFor(files.Cur)
}

func (c *Config) limitsFor(files uint64) (l Limits, err error) {
	half := int(min(files, 1<<30) / 2)
	l.Total, l.PerSource = c.Connections, c.ConnectionsPerSource
	switch {
	case l.Total < 0 || l.PerSource < 0:
		return l, errors.New("connections and connections_per_source can't be negative")
	case files < fewestFiles:
		return l, fmt.Errorf("the process may open %d files, and needs %d at least: raise the limit "+
			"(ulimit -n, or LimitNOFILE= of the unit)", files, fewestFiles)
	case l.Total > half:
		return l, fmt.Errorf("connections is %d, and the process may open %d files, of which half are "+
			"for the device and the database: raise the limit (ulimit -n, or LimitNOFILE= of the unit)",
			l.Total, files)
	case l.Total == 0:
		l.Total = min(half, mostConnections)
	}
	if l.PerSource == 0 {
		l.PerSource = max(1, l.Total/4)
	}
	l.PerSource = min(l.PerSource, l.Total)
	return l, nil
}
