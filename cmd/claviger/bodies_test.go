package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// announcing is strangers who know an access key, announce bodies of 1 MiB, send so much of each,
// and nothing more. Who is cut off comes again.
type announcing struct {
	*site
	address                    string
	connections, sources, sent int
}

// start returns once all have sent what they send, or as much as the server takes.
func (a announcing) start() (end func()) {
	a.t.Helper()
	now := time.Now().UTC()
	head := fmt.Sprintf("PUT /v1/secrets/value/db HTTP/1.1\r\nHost: x\r\nX-Amz-Date: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 1048576\r\nAuthorization: AWS4-HMAC-SHA256 "+
		"Credential=%s/%s/us-west-2/secretsmanager/aws4_request, SignedHeaders=host;x-amz-date, "+
		"Signature=%s\r\n\r\n", now.Format("20060102T150405Z"), a.id, now.Format("20060102"),
		strings.Repeat("0", 64))
	ctx, cancel := context.WithCancel(a.t.Context())
	var all sync.WaitGroup
	var there atomic.Int64
	part := []byte(head + strings.Repeat(" ", a.sent))
	for i := range a.connections {
		from := fmt.Sprintf("127.0.0.%d", 2+i%a.sources) // the first is [stranger]
		all.Go(func() {
			for ctx.Err() == nil {
				a.announce(ctx, from, part, &there)
			}
		})
	}
	for wait := time.Now().Add(2 * time.Second); there.Load() < int64(a.connections) &&
		time.Now().Before(wait); {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond) // for what was sent to be read
	return func() {
		cancel()
		all.Wait()
	}
}

// announce makes one connection, and waits for its end.
func (a announcing) announce(ctx context.Context, from string, part []byte, there *atomic.Int64) {
	c, err := dialFrom(from)(ctx, "tcp", a.address)
	if err != nil {
		time.Sleep(10 * time.Millisecond)
		return
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	if _, err := c.Write(part); err == nil {
		there.Add(1)
	}
	_, _ = io.Copy(io.Discard, c)
	time.Sleep(100 * time.Millisecond) // it shares the processors with the server
}

// dialFrom dials from an address of the loopback network.
func dialFrom(host string) func(context.Context, string, string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}).DialContext
}

// attempts is how often SDKs send a request, unless they are told otherwise.
const attempts = 3

// putFrom stores a value in a request of so many bytes, and returns what it was answered. Who is
// told to come again does that as SDKs do.
func (s *site) putFrom(c *http.Client, address string, size int) (said string, err error) {
	for attempt := range attempts {
		time.Sleep(time.Duration(attempt) * time.Second)
		said, err = s.putOnce(c, address, size)
		if err != nil || !strings.HasPrefix(said, "429") && !strings.HasPrefix(said, "503") {
			break
		}
		s.t.Logf("%d bytes are to come again: %s", size, said)
	}
	return said, err
}

func (s *site) putOnce(c *http.Client, address string, size int) (string, error) {
	body := `{"SecretString":"a value"`
	body += strings.Repeat(" ", size-len(body)-1) + "}"
	r, err := http.NewRequest("PUT", "http://"+address+"/v1/secrets/value/db", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(body))
	by := aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret}
	if err := v4.NewSigner().SignHTTP(s.t.Context(), by, r, hex.EncodeToString(sum[:]),
		"secretsmanager", "us-west-2", time.Now()); err != nil {
		return "", err
	}
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%s %.200s", resp.Status, said), err
}

// TestBodies_Announced_KeepNobodysOut, nor those that come in part, of one source or of many: not
// others', and not those of a known caller's connection from the same source. Those that are only
// announced keep out no new connection of their source either. And they cost no memory. Where the
// processors are so busy that a good body comes slowly too it may be sent away, but not thrice.
func TestBodies_Announced_KeepNobodysOut(t *testing.T) {
	for _, c := range []struct{ connections, sources, sent int }{
		{70, 1, 0}, {500, 1, 0}, {70, 1, 70 << 10}, {500, 1, 70 << 10}, {70, 1, 1<<20 - 1},
		{500, 20, 70 << 10}, {500, 20, 1<<20 - 1},
	} {
		t.Run(fmt.Sprintf("%d of %d sources with %d bytes", c.connections, c.sources, c.sent),
			func(t *testing.T) {
				s := initialised(t)
				p := s.start(s.serve()...)
				address := p.address()
				resp, err := s.rest(address, "POST", "/v1/secrets", `{"Name":"db"}`)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				clients := map[string]*http.Client{}
				by := func(from string, once bool) *http.Client {
					return &http.Client{Transport: &http.Transport{DisableKeepAlives: once,
						DialContext: dialFrom(from)}}
				}
				clients["another"] = by(self, true)
				clients["known"] = by(stranger, false)
				if c.sent == 0 {
					clients["the same"] = by(stranger, true)
				}
				if said, err := s.putFrom(clients["known"], address, 100); err != nil {
					t.Fatal(said, err)
				}
				end := announcing{s, address, files(t, c.connections), c.sources, c.sent}.start()
				defer end()
				for name, client := range clients {
					for _, size := range []int{100 << 10, 1 << 20} {
						var took time.Duration
						for range 3 {
							began := time.Now()
							said, err := s.putFrom(client, address, size)
							took = max(took, time.Since(began))
							if err != nil || !strings.HasPrefix(said, "200") {
								t.Errorf("%d bytes of %s after %v: %s %v", size, name, time.Since(began), said, err)
							}
						}
						t.Logf("%d bytes of %s: %v at most", size, name, took)
					}
				}
				end()
				t.Logf("it had %d MiB", s.peak(p))
				if mib := s.peak(p); mib > 350 {
					t.Errorf("it had %d MiB", mib)
				}
			})
	}
}

// peak returns the most memory that a process ever had, in MiB.
func (s *site) peak(p *process) int {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return kib >> 10
}
