package main

import (
	"crypto/tls"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangUp sends SIGHUP, and waits for what the log says of it.
func (p *process) hangUp(says string) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		p.t.Fatal(err)
	}
	p.says(&p.stderr, says)
}

// serialOf is the number of the certificate that a server shows.
func serialOf(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestServe_SIGHUP_ReloadsWhatCanChange(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	key := ecKey(t)
	s.certify("tls.crt", 1, key)
	s.putKey("tls.key", key)
	s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n[log]\nlevel = \"info\"\n",
		s.path("tls.crt"), s.path("tls.key")))
	p := s.start(s.serve()...)
	address := p.address()
	if n := serialOf(t, address); n != 1 {
		t.Fatalf("certificate %d", n)
	}

	// A certificate of another key: nothing changes, the level neither.
	s.certify("tls.crt", 2, ecKey(t))
	s.set("level", `"error"`)
	p.hangUp("can't be read again; nothing was changed")
	if n := serialOf(t, address); n != 1 {
		t.Errorf("certificate %d is in use, which doesn't fit its key", n)
	}
	good := s.config
	s.put("claviger.toml", "level = = 3", 0o600)
	p.hangUp("the configuration can't be read again")

	// Another file, right away, while the old one's ten seconds go on.
	s.config = good
	s.certify("other.crt", 3, key)
	s.set("certificate", `"`+s.path("other.crt")+`"`)
	s.set("level", `"debug"`)
	s.set("account", `"999999999999"`)
	p.hangUp("msg=.read the configuration again. level=DEBUG")
	if n := serialOf(t, address); n != 3 {
		t.Errorf("certificate %d after the reload, want 3", n)
	}
	if said := p.stderr.String(); !strings.Contains(said, "waits for a restart\" setting=account") ||
		strings.Contains(said, "setting=log") || strings.Contains(said, "setting=tls") {
		t.Errorf("what waits for a restart is not what changed:\n%s", said)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestSIGHUP_NoReload_EndsNothing: a terminal that goes away breaks off neither a start nor a
// service to play with.
func TestSIGHUP_NoReload_EndsNothing(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	for name, args := range map[string][]string{
		"dev":   {"dev", "--dir", s.path("dev"), "--listen", "127.0.0.1:0"},
		"serve": s.serve(),
	} {
		p := s.start(args...)
		time.Sleep(20 * time.Millisecond) // in the middle of its start, on most machines
		for range 5 {
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if name == "dev" {
			p.says(&p.stdout, `listens on (\S+)`)
		} else {
			p.address()
		}
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if code := p.stop(); code != 0 {
			t.Errorf("%s ended with %d:\n%s", name, code, &p.stderr)
		}
	}
}
