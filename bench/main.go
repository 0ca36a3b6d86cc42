// Command bench measures the service in one run and prints one table: the token by itself, the
// floor (a bare handler that verifies, decodes, makes the same token call and encodes), and the
// service. Read the ratios: they hold from machine to machine, the times do not.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"claviger/bench/flooder"
	"claviger/bench/past"
	"claviger/bench/served"
)

func main() {
	flooder.Main()
	var b bench
	flag.DurationVar(&b.span, "span", 3*time.Second, "how long each line is measured")
	flag.StringVar(&b.binary, "binary", "bin/claviger", "the service to measure")
	flag.IntVar(&b.crowd, "crowd", 10000,
		"keys and secrets for the lines on memory and start; 0 leaves them out")
	flag.IntVar(&b.keys, "keys", 0, "measure what this many keys cost, and nothing else")
	flag.StringVar(&b.only, "only", "", "measure lines with this in their name")
	flag.BoolVar(&b.callers, "callers", false,
		"measure a user and a session beside the root user, and nothing else")
	flag.IntVar(&b.principals, "principals", 0,
		"measure what this many users and policies cost, together with -keys, and nothing else")
	flag.BoolVar(&b.watchers, "watchers", false,
		"measure requests that wait for a change, and nothing else")
	flag.BoolVar(&b.floods, "floods", false, "measure a caller in floods, and nothing else")
	flag.BoolVar(&b.slow, "slow", false, "measure the service on a slow device, and nothing else")
	flag.IntVar(&b.rotations, "rotations", 0,
		"measure rotations among this many secrets with schedules, and nothing else")
	flag.IntVar(&b.parameters, "parameters", 0,
		"measure what this many parameters in a tree cost, and nothing else")
	flag.IntVar(&b.records, "records", 0,
		"measure lookups among this many records of the trail, and nothing else")
	flag.BoolVar(&b.followers, "followers", false,
		"measure what those cost who follow the trail, and nothing else")
	followed := flag.String("followed", "", "internal: be a service of this directory, "+
		"whose trail those follow who are named")
	noop := flag.String("noop", "", "internal: be a service with a rotator that touches nothing, "+
		"of this directory")
	floor := flag.String("floor", "", "internal: be the floor, on the token of this directory")
	flag.Parse()
	var err error
	switch {
	case *floor != "":
		err = served.Floor(*floor)
	case *followed != "":
		err = served.Followed(*followed, flag.Args())
	case *noop != "":
		err = served.Noop(*noop)
	default:
		err = b.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	span   time.Duration
	binary string
	only   string
	crowd  int
	keys   int
	floods bool

	watchers bool
	slow     bool

	module     string // empty: SoftHSM2's
	secret     bool   // that of the lines is there
	callers    bool
	principals int
	rotations  int
	parameters int
	records    int
	followers  bool

	dir   string // of the service: its database lies on a disk that syncs, its token wherever that is
	bares bares
}

// crowds are the numbers of clients that each line is measured with.
var crowds = []int{1, 16, 64}

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp(".", "bench-data-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return err
	}
	fmt.Printf("%s, %d cores, %s, %s for each line, database on %s\n\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), b.span, filesystem(b.dir))

	switch {
	case b.records > 0:
		return past.Measure(ctx, b.dir, b.records)
	case b.followers:
		return b.followerLines(ctx)
	case b.slow:
		return b.slowLines(ctx)
	case b.parameters > 0:
		return b.manyParameters(ctx)
	case b.rotations > 0:
		return b.manyRotations(ctx)
	case b.principals > 0:
		return b.manyPrincipals(ctx)
	case b.keys > 0:
		return b.manyKeys(ctx)
	}
	return b.operations(ctx)
}

// operations measures what each operation costs, unless another measurement of one server is asked
// for.
func (b *bench) operations(ctx context.Context) error {
	s, c, w, err := b.ready(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	switch {
	case b.watchers:
		return b.watcherLines(s, c)
	case b.floods:
		return b.floodLines(s, c, w)
	case b.callers:
		return b.callerLines(s, c, w)
	}
	if err := b.openBares(); err != nil {
		return err
	}
	if err := b.bareLines(); err != nil {
		return err
	}
	if err := b.lines(s, c, w); err != nil {
		return err
	}
	if err := b.callerLines(s, c, w); err != nil {
		return err
	}
	if err := b.watcherLines(s, c); err != nil {
		return err
	}
	if err := b.floodLines(s, c, w); err != nil {
		return err
	}
	if err := b.followerLines(ctx); err != nil {
		return err
	}
	return b.crowdLines(ctx, s, c)
}
