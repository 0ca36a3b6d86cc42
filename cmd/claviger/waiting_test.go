package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// rest makes a signed request to Secrets Manager by REST. Headers are pairs.
func (s *site) rest(address, method, path, body string, headers ...string) (*http.Response, error) {
	r, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	by := aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret}
	if err := v4.NewSigner().SignHTTP(s.t.Context(), by, r, hex.EncodeToString(sum[:]),
		"secretsmanager", "us-west-2", time.Now()); err != nil {
		return nil, err
	}
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
}

// TestServe_SIGTERM_AnswersWhoWaits: nobody who waits for a change keeps the process from its end
// until it is killed.
func TestServe_SIGTERM_AnswersWhoWaits(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := p.address()
	const path = "/v1/secrets/metadata/db"
	for _, q := range [][3]string{{"POST", "/v1/secrets", `{"Name":"db"}`}, {"GET", path, ""}} {
		a, err := s.rest(address, q[0], q[1], q[2])
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode/100 != 2 {
			t.Fatalf("%s was answered %s", q[0], a.Status)
		}
	}
	answered := make(chan int, 1)
	go func() {
		a, err := s.rest(address, "GET", path, "", "If-None-Match", "*", "Prefer", "wait=50")
		if err != nil {
			t.Errorf("a request that waits was dropped: %v", err)
			answered <- 0
			return
		}
		a.Body.Close()
		answered <- a.StatusCode
	}()
	for waits := false; !waits; {
		a, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		all, _ := io.ReadAll(a.Body)
		a.Body.Close()
		waits = strings.Contains(string(all), "\nclaviger_requests_waiting 1\n")
		time.Sleep(5 * time.Millisecond)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != http.StatusNotModified {
		t.Errorf("it was answered %d", status)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the process ended with %d\n%s", code, &p.stderr)
	}
}
