package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// flooded is a service by TLS that strangers flood while somebody known uses it.
type flooded struct {
	*testing.T
	*site
	*process
	address string
	client  *http.Client // keeps its connections
	keyID   *string
	stop    context.CancelFunc
	ctx     context.Context // of the flood
	floods  sync.WaitGroup
	sent    atomic.Int64 // whatever the flood counts
}

// flood starts a service. settings are lines of its configuration.
func flood(t *testing.T, settings map[string]string) *flooded {
	t.Helper()
	s := initialised(t)
	key := ecKey(t)
	cert := s.certify("tls.crt", 1, key)
	s.putKey("tls.key", key)
	s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", s.path("tls.crt"), s.path("tls.key")))
	for name, value := range settings {
		s.set(name, value)
	}
	p := s.start(s.serve()...)
	f := &flooded{T: t, site: s, process: p, address: p.address(), client: client(cert)}
	f.ctx, f.stop = context.WithCancel(t.Context())
	t.Cleanup(f.end)
	made, err := f.kms("https://"+f.address, f.client).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	f.keyID = made.KeyMetadata.KeyId
	return f
}

// end ends the flood.
func (f *flooded) end() {
	f.stop()
	f.floods.Wait()
}

// during has n strangers do their worst until the flood ends.
func (f *flooded) during(n int, worst func(i int)) {
	for i := range n {
		f.floods.Go(func() {
			for f.ctx.Err() == nil {
				worst(i)
			}
		})
	}
}

// legitimate makes calls of somebody known by connections that are kept, and by a new one now and
// then. Each must be answered at once: nobody tries again. It returns how long they took.
func (f *flooded) legitimate(when string) (p50, p99 time.Duration) {
	f.T.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var callers sync.WaitGroup
	call := func(c *http.Client) {
		ctx, cancel := context.WithTimeout(f.T.Context(), 15*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := f.kms("https://"+f.address, c).Encrypt(ctx,
			&kms.EncryptInput{KeyId: f.keyID, Plaintext: []byte("plain")})
		took := time.Since(begin)
		if err != nil {
			f.T.Errorf("%s: a legitimate call failed after %v: %v", when, took, err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took)
	}
	for range 4 {
		callers.Go(func() {
			for n := range 60 {
				c := f.client
				if n%20 == 19 {
					fresh := c.Transport.(*http.Transport).Clone()
					defer fresh.CloseIdleConnections()
					c = &http.Client{Transport: fresh}
				}
				call(c)
			}
		})
	}
	callers.Wait()
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}

// compare measures legitimate calls without the flood and with it. How much slower they may become
// depends on the machine, so that it is told and not judged.
func (f *flooded) compare(begin func()) {
	f.T.Helper()
	f.legitimate("before")
	quiet50, quiet99 := f.legitimate("before")
	begin()
	time.Sleep(2 * time.Second)
	busy50, busy99 := f.legitimate("in the flood")
	f.T.Logf("p50 %v to %v (%.1f), p99 %v to %v (%.1f)", quiet50, busy50,
		float64(busy50)/float64(quiet50), quiet99, busy99, float64(busy99)/float64(quiet99))
	if f.sent.Load() == 0 {
		f.T.Error("there was no flood")
	}
	f.ready()
}

// ready makes sure that token and database are well, and that those who watch are told.
func (f *flooded) ready() {
	f.T.Helper()
	resp, err := f.client.Get("https://" + f.address + "/readyz")
	if err != nil {
		f.T.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.T.Errorf("/readyz: %s", resp.Status)
	}
	if log := f.process.stderr.String(); strings.Contains(log, "level=ERROR") ||
		strings.Contains(log, "too many open files") {
		f.T.Errorf("the log has errors:\n%s", log)
	}
}

// resident returns the most memory that the service ever had, in MiB.
func (f *flooded) resident() int {
	f.T.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.process.cmd.Process.Pid))
	if err != nil {
		f.T.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		f.T.Fatal(err)
	}
	return kib >> 10
}

// dial connects from an address of the loopback network.
func (f *flooded) dial(from string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	c, err := d.DialContext(f.ctx, "tcp", f.address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(f.ctx, func() { c.Close() })
	return c, nil
}

// files bounds how many connections a test makes: they are files of its own, too.
func files(t *testing.T, want int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n := min(want, int(limit.Cur)/2-200)
	if n < want {
		t.Logf("%d connections instead of %d: no more files can be open", n, want)
	}
	return n
}

const self, stranger = "127.0.0.1", "127.0.0.2"

// settle waits a moment before a stranger tries again.
func (f *flooded) settle() {
	select {
	case <-f.ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
}
