package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"claviger/bench/served"
)

const (
	rotatedAtOnce = 500 // rotations that have to be done in a minute
	rotationTurns = 40  // of reads with rotations going on and without: the machine does other things
)

// manyRotations measures rotations among many secrets that have schedules, and what reads lose by
// them.
func (b *bench) manyRotations(ctx context.Context) error {
	made, err := b.serve(ctx)
	if err != nil {
		return err
	}
	made.stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s, err := start(ctx, exec.Command(self, "-noop", b.dir))
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := newClient(b.dir, s.addr)
	if err != nil {
		return err
	}
	r := &rotations{client: c, server: s, of: b.rotations, span: b.span}
	if err := r.schedule(); err != nil {
		return err
	}
	if err := r.burst(); err != nil {
		return err
	}
	return r.reads()
}

// rotations are of secrets with a schedule each.
type rotations struct {
	*client
	server *process
	of     int // secrets
	span   time.Duration
	asked  int // how often a rotation was asked for
}

// schedule makes the secrets. Each is rotated once, in a month, and now only tried.
func (r *rotations) schedule() error {
	begin := time.Now()
	for _, kind := range []struct{ operation, document string }{
		{"CreateSecret", `{"Name":"rotated/%[1]d","ClientRequestToken":"rotated-%032[1]d",` +
			`"SecretString":"{\"password\":\"value %[1]d\"}"}`},
		{"RotateSecret", `{"SecretId":"rotated/%[1]d","ClientRequestToken":"tested-%032[1]d",` +
			`"RotationLambdaARN":"` + r.arn() + `","RotateImmediately":false,` +
			`"RotationRules":{"ScheduleExpression":"rate(30 days)"}}`},
	} {
		_, err := load(r.server, 16, time.Hour, func(client, n int) []byte {
			if i := client + 16*n; i < r.of {
				return r.request("secretsmanager", "secretsmanager."+kind.operation,
					fmt.Sprintf(kind.document, i))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := r.await(r.of); err != nil {
		return err
	}
	fmt.Printf("%d secrets with a schedule each, made and tried in %.0f s\n", r.of,
		time.Since(begin).Seconds())
	return nil
}

func (r *rotations) arn() string {
	return "arn:aws:lambda:" + r.region + ":" + served.Account + ":function:noop"
}

// rotate asks for one more rotation, of a secret that has not been asked for lately.
func (r *rotations) rotate() error {
	r.asked++
	return r.call("secretsmanager", "secretsmanager.RotateSecret", fmt.Sprintf(
		`{"SecretId":"rotated/%d","ClientRequestToken":"again-%032d"}`, r.asked%r.of, r.asked), nil)
}

// tested is how often the rotator was asked to try a value, which each rotation ends with.
func (r *rotations) tested() (int, error) {
	a, err := http.Get("http://" + r.addr + served.TestedPath)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

// await returns once so many values were tried.
func (r *rotations) await(n int) error {
	for range 30000 {
		switch got, err := r.tested(); {
		case err != nil:
			return err
		case got >= n:
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("not all rotations are done")
}

// burst has all rotations asked for at once, while two clients read.
func (r *rotations) burst() error {
	const commits = "claviger_commit_entries_count"
	var took time.Duration
	var failed error
	before, cpu := r.server.metric(commits), r.server.cpu()
	rotating := func() {
		begin := time.Now()
		tested, err := r.tested()
		for i := 0; i < rotatedAtOnce && err == nil; i++ {
			err = r.rotate()
		}
		failed = cmp.Or(err, r.await(tested+rotatedAtOnce))
		took = time.Since(begin)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); rotating() }()
	read, err := load(r.server, 2, 24*time.Hour, func(int, int) []byte {
		select {
		case <-ended:
			return nil
		default:
			return r.reading()
		}
	})
	<-ended
	fmt.Printf("%d rotations asked for one after another, while 2 clients read %.0f times a second: "+
		"done in %.1f s with %.1f s of CPU, reads included, and %.1f commits each\n\n", rotatedAtOnce,
		read.rate, took.Seconds(), (r.server.cpu() - cpu).Seconds(),
		(r.server.metric(commits)-before)/rotatedAtOnce)
	return cmp.Or(failed, err)
}

func (r *rotations) reading() []byte {
	return r.request("secretsmanager", "secretsmanager.GetSecretValue", `{"SecretId":"rotated/0"}`)
}

// reads has two clients read, in turns while rotations come at 500 a minute and without any.
func (r *rotations) reads() error {
	var quiet, busy []figures
	for turn := range 2 * rotationTurns {
		request, ended := r.reading(), make(chan error, 1)
		stop := make(chan struct{})
		with := turn%2 == 1
		go func() { ended <- r.rotateUntil(stop, with) }()
		f, err := load(r.server, 2, r.span, func(int, int) []byte { return request })
		close(stop)
		if err := cmp.Or(err, <-ended); err != nil {
			return err
		}
		if with {
			busy = append(busy, f)
		} else {
			quiet = append(quiet, f)
		}
	}
	var ratios []float64
	for i := range quiet {
		ratios = append(ratios, busy[i].rate/quiet[i].rate)
	}
	slices.Sort(ratios)
	fmt.Println("| GetSecretValue by 2 clients, while | ops/s | p50 | p99 | to quiet |" +
		" CPU/op, rotations included | to quiet |\n|---|--:|--:|--:|--:|--:|--:|")
	for _, line := range []struct {
		what  string
		all   []figures
		ratio float64
	}{{"nothing else", quiet, 1},
		{"500 secrets a minute are rotated", busy, ratios[len(ratios)/2]}} {
		slices.SortFunc(line.all, func(a, b figures) int { return cmp.Compare(a.rate, b.rate) })
		f := line.all[len(line.all)/2]
		fmt.Printf("| %s | %.0f | %v | %v | %.2f | %v | %.2f |\n", line.what, f.rate,
			f.p50.Round(time.Microsecond), f.p99.Round(time.Microsecond), line.ratio,
			cpuOf(line.all).Round(time.Microsecond), float64(cpuOf(line.all))/float64(cpuOf(quiet)))
	}
	n := len(ratios)
	fmt.Printf("\nthroughput to quiet, the middle half of %d turns: %.2f to %.2f\n", n, ratios[n/4],
		ratios[n*3/4])
	return nil
}

// cpuOf is the CPU time of an operation over all turns: that of one turn is counted too coarsely.
func cpuOf(all []figures) time.Duration {
	var cpu, operations float64
	for _, f := range all {
		cpu += float64(f.cpu) * f.rate
		operations += f.rate
	}
	return time.Duration(cpu / operations)
}

// rotateUntil asks for rotations at the pace of 500 a minute.
func (r *rotations) rotateUntil(stop <-chan struct{}, with bool) error {
	pace := time.NewTicker(time.Minute / rotatedAtOnce)
	defer pace.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-pace.C:
			if !with {
				continue
			}
			if err := r.rotate(); err != nil {
				return err
			}
		}
	}
}
