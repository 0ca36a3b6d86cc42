package servicetest_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

// deadline is how long any answer may take: the token's own timeout, and as much
// again for a slow machine.
const deadline = 15 * time.Second

// load is clients that use keys and secrets all the time, and what they were answered.
type load struct {
	stop    atomic.Bool
	over    sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int // by error name; empty for a success
	slow    time.Duration
	wrong   []string
}

// begin starts clients of every kind that needs the token.
func begin(t testing.TB, s *servicetest.Server) *load {
	t.Helper()
	key := createKey(t, s.KMS())
	blob := encrypt(t, s.KMS(), key.KeyId, "steady", nil)
	createSecret(t, s.SecretsManager(), "steady", "steady")
	l := &load{answers: map[string]int{}}
	calls := []func() error{
		func() error {
			return second(s.KMS().Encrypt(t.Context(),
				&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}))
		},
		func() error {
			out, err := s.KMS().Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
			if err == nil && string(out.Plaintext) != "steady" {
				l.blame("Decrypt answered %q", out.Plaintext)
			}
			return err
		},
		func() error {
			return second(s.KMS().GenerateRandom(t.Context(),
				&kms.GenerateRandomInput{NumberOfBytes: aws.Int32(16)}))
		},
		func() error { return second(s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})) },
		func() error {
			a := s.Do(t, "secretsmanager.GetSecretValue", `{"SecretId":"steady"}`)
			switch {
			case a.Status == http.StatusOK && a.Text("SecretString") != "steady":
				l.blame("GetSecretValue answered %s", a.Body)
			case a.Status != http.StatusOK:
				return &smithy.GenericAPIError{Code: a.Code()}
			}
			return nil
		},
	}
	for _, call := range calls {
		l.over.Go(func() {
			for !l.stop.Load() {
				l.count(call)
			}
		})
	}
	return l
}

func (l *load) count(call func() error) {
	start := time.Now()
	err := call()
	took := time.Since(start)
	name := ""
	var api smithy.APIError
	if errors.As(err, &api) {
		name = api.ErrorCode()
	} else if err != nil {
		name = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[name]++
	l.slow = max(l.slow, took)
}

func (l *load) blame(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// soFar returns how many answers there were of a name.
func (l *load) soFar(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers[name]
}

// end stops the clients and checks that nobody was told anything but good answers and the allowed
// errors, and in time.
func (l *load) end(t testing.TB, allowed ...string) {
	t.Helper()
	l.stop.Store(true)
	l.over.Wait()
	for name, n := range l.answers {
		if name != "" && !slices.Contains(allowed, name) {
			t.Errorf("%d requests were answered %s", n, name)
		}
	}
	if len(l.wrong) > 0 {
		t.Errorf("wrong answers: %v", l.wrong)
	}
	if l.slow > deadline {
		t.Errorf("an answer took %v", l.slow)
	}
	if l.answers[""] == 0 {
		t.Error("nothing succeeded at all")
	}
}

// away are the errors by which the two services say that the key can't be used just now.
var away = []string{"KeyUnavailableException", "KMSInternalException", "InternalServiceError"}

// TestToken_AwayAndBack_ServiceGoesOn: while the token is away metadata is still answered, what
// needs the token fails in time and by the right name, /readyz says why, and when it is back
// service goes on by itself within five seconds.
func TestToken_AwayAndBack_ServiceGoesOn(t *testing.T) {
	s := servicetest.Start(t)
	serial := s.Service().Token.Facts().Serial
	key := createKey(t, s.KMS())
	l := begin(t, s)
	for range 2 {
		eventually(t, "there is load", func() bool { return l.soFar("") > 50 })
		putBack := hsmtest.Pull(t, serial)
		eventually(t, "the loss is noticed",
			func() bool { return ready(t, s).Status == http.StatusServiceUnavailable })
		if body := string(ready(t, s).Body); !strings.HasPrefix(body, "not ready: the token") ||
			!s.Log.Has("the token can't be used") {
			t.Errorf("/readyz says %q", body)
		}
		describe(t, s.KMS(), key.KeyId)
		keys(t, s.KMS())
		_, err := s.KMS().Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")})
		refused(t, err, "KeyUnavailableException", "*")
		a := s.Do(t, "secretsmanager.GetSecretValue", `{"SecretId":"steady"}`)
		if a.Status != 500 || a.Code() != "InternalServiceError" {
			t.Errorf("a secret without the token: %d %s", a.Status, a.Body)
		}
		discreet(t, a)
		a = s.Send(t, servicetest.Request{Method: "GET", Path: "/livez", Unsigned: true})
		if a.Status != http.StatusOK {
			t.Errorf("/livez: %d", a.Status)
		}
		putBack()
		returned := time.Now()
		eventually(t, "the service is back", func() bool {
			_, err := s.KMS().Encrypt(t.Context(),
				&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")})
			return err == nil
		})
		if took := time.Since(returned); took > 3*5*time.Second {
			// the promise is five seconds; a loaded machine gets three times that
			t.Errorf("the service came back after %v", took)
		}
		eventually(t, "/readyz agrees", func() bool { return ready(t, s).Status == http.StatusOK })
	}
	l.end(t, away...)
}

func ready(t testing.TB, s *servicetest.Server) servicetest.Answer {
	t.Helper()
	return s.Send(t, servicetest.Request{Method: "GET", Path: "/readyz", Unsigned: true})
}

// TestToken_SessionsKilled_ServiceGoesOn: when all sessions die under the service's hands, a few
// requests may fail, and service goes on by itself.
func TestToken_SessionsKilled_ServiceGoesOn(t *testing.T) {
	s := servicetest.Start(t)
	p, slot := hsmtest.Attacker(t, s.HSM)
	l := begin(t, s)
	for range 5 {
		good := l.soFar("")
		eventually(t, "requests succeed", func() bool { return l.soFar("") > good+20 })
		s.Still(func() {
			if err := p.CloseAllSessions(slot); err != nil {
				t.Error(err)
			}
		})
	}
	good := l.soFar("")
	eventually(t, "requests succeed again", func() bool { return l.soFar("") > good+100 })
	l.end(t, away...)
	if a := ready(t, s); a.Status != http.StatusOK {
		t.Errorf("/readyz: %d %s", a.Status, a.Body)
	}
}
