package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/bench/flooder"
)

// Five connections with thousands of streams that nobody reads, of what asks for no signature and
// of what is refused. They come from the address of a legitimate caller.
func TestFlood_StreamsNobodyReads_StopNoCall(t *testing.T) {
	for _, c := range []struct{ method, path string }{
		{"GET", "/openapi.json"}, {"POST", "/"}, {"GET", "/nowhere"}, {"GET", "/readyz"}} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			floodable(t, nil).compare(&flooder.Flooder{Kind: flooder.Unread, From: []string{self}, N: 5,
				Method: c.method, Path: c.path})
		})
	}
}

// Many connections with many streams of metrics don't take the memory: they were 30 connections
// that made 43 MiB 643.
func TestFlood_Metrics_CostNoMemory(t *testing.T) {
	f := floodable(t, nil)
	f.legitimate("before")
	before := f.resident()
	f.compare(&flooder.Flooder{Kind: flooder.Unread, From: []string{self}, N: 30, Method: "GET",
		Path: "/metrics"})
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
	for name, c := range map[string]struct{ kind, text, from string }{
		"documents that nobody reads": {flooder.Pipeline, documents, self},
		"documents in a hurry":        {flooder.Hurry, documents, stranger},
		"refusals in a hurry":         {flooder.Hurry, forged, self},
	} {
		t.Run(name, func(t *testing.T) {
			floodable(t, nil).compare(&flooder.Flooder{Kind: c.kind, From: []string{c.from},
				N: files(t, 1030), Text: c.text})
		})
	}
}

// 8,300 connections on which nothing happens, from two addresses: there were no files left for the
// token. From its own address a caller's new connection may be cut before it is known.
func TestFlood_IdleConnections_TakeNoFiles(t *testing.T) {
	f := floodable(t, map[string]string{"connections": "512", "connections_per_source": "128"})
	idle := &flooder.Flooder{Kind: flooder.Idle, From: []string{stranger, "127.0.0.3"},
		N: files(t, 8300)}
	f.compare(idle, func() {
		if n := f.connections(); n > 512 || n < 128 {
			t.Errorf("%d connections are open", n)
		}
	})
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
	f := floodable(t, nil)
	now := time.Now().UTC()
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.Encrypt\r\n"+
		"X-Amz-Date: %s\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 100000\r\n"+
		"Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-west-2/kms/aws4_request, "+
		"SignedHeaders=host;x-amz-date, Signature=%s\r\n\r\n", now.Format("20060102T150405Z"), f.site.id,
		now.Format("20060102"), strings.Repeat("0", 64))
	f.compare(&flooder.Flooder{Kind: flooder.Drip, From: []string{self}, N: files(t, 600), Text: head})
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
