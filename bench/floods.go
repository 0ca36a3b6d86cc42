package main

import (
	"fmt"
	"strings"
	"time"

	"claviger/bench/flooder"
)

// patience is what p99 may become in a flood, as a multiple of that of a quiet time just before.
const patience = 5

// floodLines measure a caller while strangers from another address do their worst. What HTTP/2 adds
// to that needs TLS and is in the tests of cmd/claviger.
func (b *bench) floodLines(s *process, c *client, w *work) error {
	documents := strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 20)
	refused := strings.Repeat("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.ListKeys\r\n"+
		"Content-Length: 2\r\n\r\n{}", 20)
	now := time.Now().UTC()
	slow := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.Encrypt\r\n"+
		"X-Amz-Date: %s\r\nContent-Length: 100000\r\nAuthorization: AWS4-HMAC-SHA256 "+
		"Credential=%s/%s/%s/kms/aws4_request, SignedHeaders=host;x-amz-date, Signature=%s\r\n\r\n",
		now.Format("20060102T150405Z"), c.credentials.AccessKeyID, now.Format("20060102"), c.region,
		strings.Repeat("0", 64))
	fmt.Println("\n| Encrypt by 4 clients, while | p50 before | p50 then | p99 before | p99 then | " +
		"p99 to before | of at most |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|")
	for _, f := range []struct {
		what string
		*flooder.Flooder
	}{
		{"1,030 connections ask for documents and read none", &flooder.Flooder{Kind: flooder.Pipeline,
			N: 1030, Text: documents}},
		{"1,030 connections read documents in a hurry", &flooder.Flooder{Kind: flooder.Hurry, N: 1030,
			Text: documents}},
		{"1,030 connections are refused in a hurry", &flooder.Flooder{Kind: flooder.Hurry, N: 1030,
			Text: refused}},
		{"8,300 connections do nothing", &flooder.Flooder{Kind: flooder.Idle, N: 8300}},
		{"600 connections with a known access key send slow bodies", &flooder.Flooder{
			Kind: flooder.Drip, N: 600, Text: slow}},
	} {
		f.Address, f.Plain, f.From = s.addr, true, []string{"127.0.0.2"}
		measure := func() (figures, error) {
			request := c.request("kms", "TrentService.Encrypt", w.encrypt())
			return load(s, 4, b.span, func(int, int) []byte { return request })
		}
		quiet, err := measure()
		if err != nil {
			return err
		}
		end, err := f.Start()
		if err != nil {
			return err
		}
		busy, err := measure()
		end()
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %v | %v | %v | %v | %.1f | %d |\n", f.what, quiet.p50, busy.p50, quiet.p99,
			busy.p99, float64(busy.p99)/float64(quiet.p99), patience)
	}
	return nil
}
