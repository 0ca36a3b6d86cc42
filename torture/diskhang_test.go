package torture

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"claviger/store/storetest"
	"claviger/store/storetest/disk"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// What the service says of a disk that hangs, with some room for a busy machine.
const (
	hangNoticed = 5*time.Second + 3*time.Second
	hangTold    = 10*time.Second + 3*time.Second
)

// asked is a request that was sent, and what came back.
type asked struct {
	ended chan struct{}
	err   error
	took  time.Duration
}

func ask(f func() error) *asked {
	a := &asked{ended: make(chan struct{})}
	begin := time.Now()
	go func() {
		defer close(a.ended)
		a.err = f()
		a.took = time.Since(begin)
	}()
	return a
}

// says expects an error of a name and with a text, which SDKs try again, in time.
func (a *asked) says(t *testing.T, code, text string, within time.Duration) {
	t.Helper()
	<-a.ended
	var e smithy.APIError
	if !errors.As(a.err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Errorf("answered %v, want %s with %q", a.err, code, text)
	}
	if !retryer.IsErrorRetryable(a.err) {
		t.Errorf("no SDK tries again after %v", a.err)
	}
	if a.took > within {
		t.Errorf("answered after %s, want %s", a.took, within)
	}
}

const (
	noOutcome  = "does not know whether the request was performed"
	notStarted = "can't store its records"
)

// hung is a server whose disk can hang, with a secret and a key.
type hung struct {
	*server
	disk *disk.Disk
	key  *string
}

func launchHung(t *testing.T) *hung {
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	h := &hung{server: launch(t, options{dir: dir, env: d.Env()}), disk: d}
	made, err := h.kms().CreateKey(t.Context(), &kms.CreateKeyInput{})
	accepted(t, err)
	h.key = made.KeyMetadata.KeyId
	_, err = h.secrets().CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("s"), SecretString: aws.String("before")})
	accepted(t, err)
	return h
}

// token is of the change that hangs.
const token = "8e0c7d0e-9e0e-4a37-8f4e-7a5a6d0c2b11"

func (h *hung) put() (string, error) {
	out, err := h.secrets().PutSecretValue(context.Background(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("s"),
			SecretString: aws.String("after"), ClientRequestToken: aws.String(token)})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}

func (h *hung) encrypt() error {
	_, err := h.kms().Encrypt(context.Background(), &kms.EncryptInput{KeyId: h.key,
		Plaintext: []byte("x")})
	return err
}

// value is what the secret holds, with how many versions.
func (h *hung) value(t *testing.T) (string, int) {
	t.Helper()
	v, err := h.secrets().GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("s")})
	accepted(t, err)
	all, err := h.secrets().ListSecretVersionIds(t.Context(),
		&secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("s")})
	accepted(t, err)
	return aws.ToString(v.SecretString), len(all.Versions)
}

// hang holds the disk with one request inside of a COMMIT.
func (h *hung) hang(t *testing.T, f func() error) *asked {
	t.Helper()
	h.disk.Hold()
	inside := ask(f)
	if _, err := within(recoveryLimit, func() bool { return h.disk.Held() > 0 }); err != nil {
		t.Fatal("nothing is held: ", err)
	}
	return inside
}

// TestDisk_SyncHangs_IsNoticedAndEndsInTime: the server says that it isn't ready, each request ends
// in time by an error that SDKs try again, and the log says it once. What was told to be unknown is
// there once the disk answers, and its token finds it.
func TestDisk_SyncHangs_IsNoticedAndEndsInTime(t *testing.T) {
	t.Parallel()
	h := launchHung(t)
	inside := h.hang(t, func() error { _, err := h.put(); return err })
	behind := ask(h.encrypt)
	took, err := within(hangNoticed, func() bool { return !h.ready() })
	if err != nil {
		t.Error("it says that it is ready: ", err)
	}
	if took < 3*time.Second {
		t.Errorf("it was called unready after %s, which a slow disk may take", took)
	}
	behind.says(t, "KeyUnavailableException", notStarted, hangNoticed)
	if _, body := h.get("/readyz"); body != "not ready: the disk of the database does not answer\n" {
		t.Errorf("/readyz says %q", body)
	}
	var many sync.WaitGroup
	for range 50 {
		many.Go(func() { ask(h.encrypt).says(t, "KeyUnavailableException", notStarted, 3*time.Second) })
	}
	many.Wait()
	if status, _ := h.get("/livez"); status != http.StatusOK {
		t.Errorf("/livez answers %d", status)
	}
	if out := h.run("audit", "tail", "--config", h.path("claviger.toml"), "-n", "1"); out == "" {
		t.Error("the trail can't be read meanwhile")
	}
	inside.says(t, "InternalServiceError", noOutcome, hangTold)
	errs := func() int { return strings.Count(h.log(), "level=ERROR") }
	// what is told to the client may come before what is told to the operator
	if _, err := within(recoveryLimit, func() bool { return errs() >= 2 }); err != nil || errs() > 2 {
		t.Errorf("the log has %d errors:\n%s", errs(), tail(h.log()))
	}
	if h.metric("claviger_database_hangs_total") != 1 || h.metric("claviger_database_ready") != 0 ||
		h.metric("claviger_database_uncertain_total") != 1 {
		t.Error("the metrics don't say it")
	}
	h.disk.Release()
	if _, err := within(recoveryLimit, h.ready); err != nil {
		t.Fatal("it doesn't come back: ", err)
	}
	if value, versions := h.value(t); value != "after" || versions != 2 {
		t.Errorf("the secret holds %q and has %d versions", value, versions)
	}
	if id, err := h.put(); err != nil || id != token {
		t.Errorf("the same again is answered %q, %v", id, err)
	}
	if _, versions := h.value(t); versions != 2 {
		t.Errorf("the same again made version %d", versions)
	}
	if code := h.term(); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, tail(h.log()))
	}
}

// TestDisk_SyncHangsAtTheEnd_EndsInTime: SIGTERM ends it nevertheless, with an exit code and a line
// that says what is left, and so it ends a start. The next start has all that was acknowledged.
func TestDisk_SyncHangsAtTheEnd_EndsInTime(t *testing.T) {
	t.Parallel()
	h := launchHung(t)
	inside := h.hang(t, h.encrypt)
	begin := time.Now()
	if code := h.term(); code != 33 {
		t.Errorf("it ended with %d:\n%s", code, tail(h.log()))
	}
	if took := time.Since(begin); took > 26*time.Second {
		t.Errorf("it ended after %s", took)
	}
	inside.says(t, "DependencyTimeoutException", noOutcome, hangTold)
	if !strings.Contains(h.log(), "the database is left as it is") {
		t.Errorf("the log doesn't say what is left:\n%s", tail(h.log()))
	}
	start := h.command(t.Context(), "serve", "--config", h.path("claviger.toml"))
	accepted(t, start.Start())
	if _, err := within(recoveryLimit, func() bool { return h.disk.Held() > 0 }); err != nil {
		t.Fatal("the start syncs nothing: ", err)
	}
	ended := ask(start.Wait)
	accepted(t, start.Process.Signal(syscall.SIGTERM))
	<-ended.ended
	if ended.err == nil || ended.took > 10*time.Second {
		t.Errorf("a start on a disk that hangs ended with %v after %s", ended.err, ended.took)
	}
	h.disk.Release()
	h.start()
	if value, versions := h.value(t); value != "before" || versions != 1 {
		t.Errorf("the secret holds %q and has %d versions", value, versions)
	}
}
