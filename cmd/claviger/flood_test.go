package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/bench/flooder"

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
}

// floodable starts a service. settings are lines of its configuration.
func floodable(t *testing.T, settings map[string]string) *flooded {
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
	made, err := f.kms("https://"+f.address, f.client).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	f.keyID = made.KeyMetadata.KeyId
	return f
}

// waits are how long calls took.
type waits []time.Duration

func (w waits) quantile(percent int) time.Duration {
	slices.Sort(w)
	return w[len(w)*percent/100]
}

// legitimate makes calls of somebody known by connections that are kept, and by new ones now and
// then. Each must be answered at once: nobody tries again. It returns how long they took.
func (f *flooded) legitimate(when string) (kept, fresh waits) {
	f.T.Helper()
	var mu sync.Mutex
	var callers sync.WaitGroup
	call := func(c *http.Client, all *waits) {
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
		*all = append(*all, took)
	}
	for range 4 {
		callers.Go(func() {
			for n := range 125 {
				call(f.client, &kept)
				if n%25 == 0 {
					once := f.client.Transport.(*http.Transport).Clone()
					call(&http.Client{Transport: once}, &fresh)
					once.CloseIdleConnections()
				}
			}
		})
	}
	callers.Wait()
	return kept, fresh
}

// compare measures legitimate calls without a flood and in it. How much slower they may become
// depends on the machine, so that it is told and not judged.
func (f *flooded) compare(worst *flooder.Flooder, meanwhile ...func()) {
	f.T.Helper()
	f.legitimate("before")
	quiet, quietFresh := f.legitimate("before")
	worst.Address = f.address
	end, err := worst.Start()
	if err != nil {
		f.T.Fatal(err)
	}
	defer end()
	busy, busyFresh := f.legitimate("in the flood")
	for _, look := range meanwhile {
		look()
	}
	end()
	for _, c := range []struct {
		name        string
		quiet, busy time.Duration
	}{
		{"p50", quiet.quantile(50), busy.quantile(50)},
		{"p99", quiet.quantile(99), busy.quantile(99)},
		{"p50 by new connections", quietFresh.quantile(50), busyFresh.quantile(50)},
	} {
		f.T.Logf("%s: %v to %v (%.1f)", c.name, c.quiet, c.busy, float64(c.busy)/float64(c.quiet))
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
