package torture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"claviger/store/storetest"
	"claviger/store/storetest/disk"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// struck is a fault of the disk that is tried, and what it must do.
type struck struct {
	disk.Rule
	lasting bool // it is there until it is taken away
	stops   bool // nothing can be committed meanwhile
}

func (f struck) String() string {
	text := fmt.Sprintf("%v of the %v: %v", f.Function, f.File, f.Errno)
	if f.Short {
		text = fmt.Sprintf("%v of the %v: short", f.Function, f.File)
	}
	switch {
	case f.lasting:
		return text + fmt.Sprintf(", from call %d on", f.From)
	case f.Every > 0:
		return text + fmt.Sprintf(", every %d from call %d", f.Every, f.From)
	}
	return text + fmt.Sprintf(", call %d", f.From)
}

// places are the calls that may fail, and how.
var places = []struct {
	function disk.Function
	file     disk.File
	errnos   []syscall.Errno
	stops    bool
}{
	{disk.Write, disk.WAL, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EDQUOT}, true},
	{disk.Sync, disk.WAL, []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT}, true},
	{disk.Write, disk.WAL, []syscall.Errno{syscall.EINTR, 0}, false},
	{disk.Write, disk.Database, []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EDQUOT}, false},
	{disk.Sync, disk.Database, []syscall.Errno{syscall.EIO, syscall.ENOSPC}, false},
	{disk.Truncate, disk.Any, []syscall.Errno{syscall.EIO, syscall.ENOSPC}, false},
	{disk.Open, disk.Any, []syscall.Errno{syscall.EMFILE, syscall.EIO, syscall.EINTR}, false},
	{disk.Read, disk.WAL, []syscall.Errno{syscall.EIO}, false},
	{disk.Read, disk.Database, []syscall.Errno{syscall.EIO}, false},
}

// draw makes one fault of a place.
func draw(i int, r *rand.Rand) struck {
	place := places[i%len(places)]
	f := struck{Rule: disk.Rule{Function: place.function, File: place.file,
		Errno: place.errnos[r.IntN(len(place.errnos))], From: 1 + uint64(r.IntN(30))}}
	if place.file != disk.WAL {
		f.From = 1 + uint64(r.IntN(3)) // they are rare
	}
	f.Short = f.Errno == 0
	switch r.IntN(4) {
	case 0:
		f.Every = 2 + uint64(r.IntN(5))
	case 1, 2:
		if f.Errno != syscall.EINTR && !f.Short { // which may be met for ever by nobody
			f.Every, f.lasting, f.stops = 1, true, place.stops
		}
	}
	return f
}

// TestDisk_CallsFail_KeepsWhatIsAcknowledged: whatever call fails, once, now and then or for a
// while, what was acknowledged is kept. Who isn't served hears what AWS's SDKs try again. While
// nothing can be written the server says that it isn't ready, and it comes back by itself.
func TestDisk_CallsFail_KeepsWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	faults := len(places)
	if driver.Whole() {
		faults = 200
	}
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	s := launch(t, options{dir: dir, env: d.Env()})
	j := &journal{position: unrecorded}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); j.write(ctx, s) }()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	found := &troubles{}
	for i := 0; found.struck < faults && i < 3*faults; i++ {
		f := draw(i, r)
		checked := len(j.kept(0))
		if err := found.strike(d, s, f); err != nil {
			t.Errorf("fault %d of seed %d, %v: %v\n%s", i, seed, f, err, tail(s.log()))
		}
		for _, one := range j.refused() {
			found.refused++
			if err := one.wrong(); err != nil {
				t.Errorf("fault %d of seed %d, %v: %v", i, seed, f, err)
			}
		}
		if err := verify(t.Context(), s, j.kept(max(0, checked-50)), 0); err != nil {
			t.Errorf("fault %d of seed %d, %v: %v\n%s", i, seed, f, err, tail(s.log()))
		}
		if t.Failed() {
			break
		}
	}
	cancel()
	<-ended
	if err := verify(t.Context(), s, some(j.kept(0), 2000), 0); err != nil {
		t.Errorf("in the end: %v", err)
	}
	if code := s.term(); code != 0 {
		t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, tail(s.log()))
	}
	s.whole(dir+"/claviger.db", j.kept(0), 0)
	driver.Report(t, "disk", "Calls on the database and its log failed under load: open, read, write, sync "+
		"and truncate; with ENOSPC, EIO, EDQUOT, EMFILE, EINTR, or after half of a write; once, now and "+
		"then or for a while.", "faults", found.struck, "acknowledged changes", len(j.kept(0)), "lost", 0,
		"requests refused, each by an error that SDKs try again", found.refused,
		"faults that nothing can be written through", found.stopped,
		"of them the server said that it wasn't ready within, p99", percentile(found.unready, 99),
		"serving again after the fault, median", percentile(found.back, 50),
		"serving again after the fault, p99", percentile(found.back, 99))
}

// troubles counts what faults did.
type troubles struct {
	struck, refused, stopped int
	unready, back            []time.Duration
}

// strike has a fault come and go. One that is met by no call within some seconds doesn't count.
func (x *troubles) strike(d *disk.Disk, s *server, f struck) error {
	d.Set(f.Rule)
	defer d.Clear()
	if _, err := within(6*time.Second, func() bool { return d.Failed() > 0 }); err != nil {
		return nil
	}
	x.struck++
	if f.stops {
		x.stopped++
		took, err := within(recoveryLimit, func() bool { return !s.ready() })
		if err != nil {
			return fmt.Errorf("it says that it is ready: %w", err)
		}
		x.unready = append(x.unready, took)
	}
	time.Sleep(150 * time.Millisecond)
	d.Clear()
	// What the fault met last may be found a moment later. Who is answered from now on is answered
	// behind that.
	took, err := within(recoveryLimit, func() bool { return s.ready() && s.records() })
	x.back = append(x.back, took)
	select {
	case <-s.ended:
		return errors.New("the server has ended")
	default:
	}
	if err != nil {
		return fmt.Errorf("it doesn't come back: %w", err)
	}
	return nil
}

// records reports whether a request is answered, which takes that its record is stored.
func (s *server) records() bool {
	_, err := s.kms().ListKeys(s.t.Context(), &kms.ListKeysInput{Limit: aws.Int32(1)})
	return err == nil
}

// TestDisk_CallsFailAtEndAndStart_NextStartServes: a server that can't end or start well leaves
// nothing that the next one can't go on from, and has kept what was acknowledged.
func TestDisk_CallsFailAtEndAndStart_NextStartServes(t *testing.T) {
	t.Parallel()
	rounds := 6
	if driver.Whole() {
		rounds = 60
	}
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	s := launch(t, options{dir: dir, env: d.Env()})
	j := &journal{position: unrecorded}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	faults, unserved := 0, 0
	for i := range rounds {
		checked := len(j.kept(0))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		j.write(ctx, s)
		cancel()
		f := draw(i, r)
		f.From = 1 + uint64(r.IntN(12))
		d.Set(f.Rule)
		if i%2 == 0 {
			if code := s.term(); code < 0 {
				t.Errorf("round %d of seed %d, %v: SIGTERM doesn't end it\n%s", i, seed, f, tail(s.log()))
			}
			faults += min(int(d.Failed()), 1)
		} else {
			s.kill()
		}
		d.Set(f.Rule)
		if !s.attempt() {
			unserved++
		}
		faults += min(int(d.Failed()), 1)
		d.Clear()
		s.start()
		if err := verify(t.Context(), s, j.kept(checked), 0); err != nil {
			t.Fatalf("round %d of seed %d, %v: %v\n%s", i, seed, f, err, tail(s.log()))
		}
	}
	if code := s.term(); code != 0 {
		t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, tail(s.log()))
	}
	s.whole(dir+"/claviger.db", j.kept(0), 0)
	driver.Report(t, "restarts", "The same calls failed while the server ended or started.", "rounds", rounds,
		"faults met", faults, "starts that gave up, each of which went well without the fault", unserved,
		"acknowledged changes", len(j.kept(0)), "lost", 0)
}

// attempt starts a server that may give up, and ends it if it doesn't. It reports whether it
// served.
func (s *server) attempt() bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	c := s.command(ctx, "serve", "--config", s.path("claviger.toml"))
	said, err := c.StderrPipe()
	accepted(s.t, err)
	accepted(s.t, c.Start())
	served := false
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(s.out, lines.Text())
		if listening.MatchString(lines.Text()) {
			served = true
			_ = c.Process.Kill()
		}
	}
	if err := c.Wait(); err == nil || ctx.Err() != nil {
		s.t.Errorf("a server with a sick disk neither serves nor says why: %v\n%s", err, tail(s.log()))
	}
	return served
}

// undurable is what each service calls it that the disk can't answer just now, and uncertain that
// nobody knows whether a COMMIT that failed is there.
var (
	undurable = map[string]string{"kms": "KeyUnavailableException",
		"secretsmanager": "InternalServiceError", "ssm": "InternalServerError",
		"iam": "ServiceUnavailable"}
	uncertain = map[string]string{"kms": "DependencyTimeoutException",
		"secretsmanager": "InternalServiceError", "ssm": "InternalServerError",
		"iam": "ServiceFailure"}
)

var retryer = retry.NewStandard()

// wrong says what is wrong with a refusal whose reason is the disk.
func (r refusal) wrong() error {
	switch {
	case errors.Is(r.err, context.Canceled):
		return nil
	case r.name() != undurable[r.service] && r.name() != uncertain[r.service]:
		return fmt.Errorf("%s was answered %w, and not %s or %s", r.operation, r.err,
			undurable[r.service], uncertain[r.service])
	case strings.Contains(r.err.Error(), "internal error"): // IAM has one name for two things
		return fmt.Errorf("%s was answered as if it were the service's fault: %w", r.operation, r.err)
	case !retryer.IsErrorRetryable(r.err):
		return fmt.Errorf("%s was answered what no SDK tries again: %w", r.operation, r.err)
	}
	return nil
}

// tail returns the end of a text.
func tail(text string) string { return text[max(0, len(text)-4000):] }
