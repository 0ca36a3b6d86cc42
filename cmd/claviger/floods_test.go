package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Five connections with thousands of streams that nobody reads, of what asks for no signature and
// of what is refused. They come from the address of a legitimate caller.
func TestFlood_StreamsNobodyReads_StopNoCall(t *testing.T) {
	for _, c := range []struct{ method, path string }{
		{"GET", "/openapi.json"}, {"POST", "/"}, {"GET", "/nowhere"}, {"GET", "/readyz"}} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			f := flood(t, nil)
			f.compare(func() {
				f.during(5, func(int) { f.unread(self, c.method, c.path) })
			})
		})
	}
}

// Many connections with many streams of metrics don't take the memory: they were 30 connections
// that made 43 MiB 643.
func TestFlood_Metrics_CostNoMemory(t *testing.T) {
	f := flood(t, nil)
	f.legitimate("before")
	before := f.resident()
	f.compare(func() {
		f.during(30, func(int) { f.unread(self, "GET", "/metrics") })
	})
	after := f.resident()
	t.Logf("%d MiB before, %d MiB at most", before, after)
	if after > before+100 {
		t.Errorf("%d MiB became %d", before, after)
	}
}

// 1,030 connections with requests one behind the other, whose answers nobody reads, or that go on
// as fast as they can.
func TestFlood_Pipelines_StopNoCall(t *testing.T) {
	documents := strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 20)
	forged := strings.Repeat("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.ListKeys\r\n"+
		"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}", 20)
	for name, c := range map[string]struct {
		text, from string
		reads      bool
	}{
		"documents that nobody reads": {documents, self, false},
		"documents in a hurry":        {documents, stranger, true},
		"refusals in a hurry":         {forged, self, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := flood(t, nil)
			f.compare(func() {
				f.during(files(t, 1030), func(int) { f.pipeline(c.from, c.text, c.reads) })
			})
		})
	}
}

// pipeline sends requests on one connection, again and again if it reads the answers.
func (f *flooded) pipeline(from, text string, reads bool) {
	raw, err := f.dial(from)
	if err != nil {
		f.settle()
		return
	}
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		f.settle()
		return
	}
	f.sent.Add(1)
	if !reads {
		<-f.ctx.Done()
		return
	}
	go func() {
		for f.ctx.Err() == nil {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			f.sent.Add(1)
		}
	}()
	_, _ = io.Copy(io.Discard, c)
	f.settle()
}

// 8,300 connections on which nothing happens, from two addresses, of which one is that of a
// legitimate caller: there were no files left for the token.
func TestFlood_IdleConnections_TakeNoFiles(t *testing.T) {
	f := flood(t, map[string]string{"connections": "512", "connections_per_source": "128"})
	from := []string{self, stranger}
	f.compare(func() {
		f.during(files(t, 8300), func(i int) { f.idle(from[i%2]) })
		for begin := time.Now(); f.sent.Load() < 2000 && time.Since(begin) < time.Minute; {
			f.settle()
		}
	})
	if n := f.connections(); n > 512 || n < 128 {
		t.Errorf("%d connections are open", n)
	}
}

// idle asks once and keeps the connection.
func (f *flooded) idle(from string) {
	c, err := f.dial(from)
	if err != nil {
		f.settle()
		return
	}
	defer c.Close()
	f.sent.Add(1)
	_, _ = c.Read(make([]byte, 1)) // until the other end closes it
	f.settle()
	<-time.After(time.Second)
}

// connections returns how many the service says that it has.
func (f *flooded) connections() (n int) {
	f.T.Helper()
	resp, err := f.client.Get("https://" + f.address + "/metrics")
	if err != nil {
		f.T.Fatal(err)
	}
	defer resp.Body.Close()
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		if _, err := fmt.Sscanf(s.Text(), "claviger_connections %d", &n); err == nil {
			return n
		}
	}
	f.T.Errorf("no metric tells of connections: %s", resp.Status)
	return 0
}

// Whoever knows an access key can have bodies read, and sends them slowly.
func TestFlood_SlowBodies_StopNoCall(t *testing.T) {
	f := flood(t, nil)
	now := time.Now().UTC()
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.Encrypt\r\n"+
		"X-Amz-Date: %s\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 100000\r\n"+
		"Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-west-2/kms/aws4_request, "+
		"SignedHeaders=host;x-amz-date, Signature=%s\r\n\r\n", now.Format("20060102T150405Z"), f.site.id,
		now.Format("20060102"), strings.Repeat("0", 64))
	f.compare(func() {
		f.during(files(t, 600), func(int) { f.drip(head) })
	})
}

// drip sends a request, and then its body by bits.
func (f *flooded) drip(head string) {
	raw, err := f.dial(self)
	if err != nil {
		f.settle()
		return
	}
	var c net.Conn = tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	defer c.Close()
	if _, err := io.WriteString(c, head); err != nil {
		f.settle()
		return
	}
	f.sent.Add(1)
	for f.ctx.Err() == nil {
		if _, err := io.WriteString(c, " "); err != nil {
			return
		}
		<-time.After(200 * time.Millisecond)
	}
}

// With a listener of their own, metrics are nowhere else.
func TestServe_ListenMetrics_ServesThemThereAlone(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.set("listen_metrics", `"127.0.0.1:0"`)
	p := s.start(s.serve()...)
	main, watch := p.address(), p.says(&p.stderr, `msg="serving metrics" address=(\S+)`)
	for _, c := range []struct {
		at, path string
		status   int
	}{
		{main, "/metrics", 404}, {main, "/livez", 200}, {main, "/docs", 200},
		{watch, "/metrics", 200}, {watch, "/livez", 200}, {watch, "/readyz", 200},
		{watch, "/docs", 404}, {watch, "/", 404},
	} {
		resp, err := http.Get("http://" + c.at + c.path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s%s: %s, want %d", c.at, c.path, resp.Status, c.status)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, &p.stderr)
	}
}
