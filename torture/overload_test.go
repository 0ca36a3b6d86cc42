package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

// overload is many clients of one access key on a slow device, and a quiet one of another.
type overload struct {
	w     *workload
	quiet *kms.Client

	done, again, other atomic.Int64
	slowest            atomic.Int64 // of what was told to come again, in ns
}

// ask is one client that makes requests until ctx ends. What it is told to try again it tries again
// as SDKs do, after a time by chance that doubles.
func (o *overload) ask(t *testing.T, ctx context.Context) {
	for tries := 0; ctx.Err() == nil; {
		begin := time.Now()
		_, err := o.w.kms.Encrypt(context.WithoutCancel(ctx),
			&kms.EncryptInput{KeyId: o.w.aes, Plaintext: []byte(plain)})
		var api smithy.APIError
		switch {
		case err == nil:
			o.done.Add(1)
			tries = 0
			continue
		case errors.As(err, &api) && api.ErrorCode() == "ThrottlingException":
			o.again.Add(1)
			for took := int64(time.Since(begin)); took > o.slowest.Load(); {
				o.slowest.Store(took)
			}
		default:
			o.other.Add(1)
			t.Logf("after %v: %v", time.Since(begin), err)
		}
		pause := time.Duration(rand.Int64N(int64(time.Second) << min(tries, 4)))
		tries++
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// quietly times the quiet caller's requests, one after the other.
func (o *overload) quietly(t *testing.T, times int) (took []time.Duration) {
	t.Helper()
	for range times {
		begin := time.Now()
		_, err := o.quiet.Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: o.w.aes, Plaintext: []byte(plain)})
		if err != nil {
			t.Errorf("the quiet caller: %v", err)
		}
		took = append(took, time.Since(begin))
	}
	return took
}

// user makes a user who may do all, and returns its client.
func (s *server) user(t *testing.T, name string) *kms.Client {
	t.Helper()
	c := iam.New(iam.Options{BaseEndpoint: &s.url, Region: region, Credentials: s.keys(),
		HTTPClient: s.client, Retryer: aws.NopRetryer{}})
	_, err := c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	accepted(t, err)
	_, err = c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: &name,
		PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	accepted(t, err)
	made, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	accepted(t, err)
	return kms.New(kms.Options{BaseEndpoint: &s.url, Region: region, HTTPClient: s.client,
		Retryer: aws.NopRetryer{}, Credentials: credentials.NewStaticCredentialsProvider(
			*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey, "")})
}

// More clients than a slow device can serve in time: some are told to come again, and hardly a
// request is answered otherwise. A caller who asks for little meanwhile waits for one more call,
// and the device does what it can.
func TestOverload_SlowDevice_TellsAtOnceAndStaysFair(t *testing.T) {
	clients, span := 300, 10*time.Second
	if driver.Whole() {
		clients, span = 1000, time.Minute
	}
	// The clients want ten seconds of the device each time, and more of it than its timeout at once.
	const sessions, delay = 4, 150 * time.Millisecond
	device := shim.New(t)
	s := launch(t, options{shim: device, hsm: "max_sessions = 4\ntimeout = \"2s\""})
	o := &overload{w: prepare(t, s), quiet: s.user(t, "quiet")}
	o.quietly(t, 5) // nothing is in a cache before
	device.Set(shim.Slow(delay))
	alone := o.quietly(t, 30)

	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	begin := time.Now()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() { o.ask(t, ctx) })
	}
	time.Sleep(span / 5)
	beside := o.quietly(t, 30)
	all.Wait()

	rate := float64(o.done.Load()) / time.Since(begin).Seconds()
	possible := sessions / delay.Seconds()
	if o.again.Load() == 0 {
		t.Error("nobody was told to come again")
	}
	// What turns take is an estimate, so that one in a hundred may be late.
	if o.other.Load() > o.done.Load()/100 {
		t.Errorf("%d requests were answered otherwise than in time or that they come again",
			o.other.Load())
	}
	if rate < possible/2 { // on a machine that is busy with other tests
		t.Errorf("%.0f requests a second were served, of %.0f that could be", rate, possible)
	}
	quiet, busy := percentile(alone, 50), percentile(beside, 50)
	if busy > 4*quiet {
		t.Errorf("the quiet caller took %v instead of %v", busy, quiet)
	}
	driver.Report(t, "overload", "More clients than a slow device can serve in time, beside a quiet caller.",
		"clients", clients, "a call takes", delay, "served", int(o.done.Load()),
		"of what the device could do", rate/possible, "told to come again", int(o.again.Load()),
		"of these, the slowest", time.Duration(o.slowest.Load()), "other failures", int(o.other.Load()),
		"quiet caller alone, p50", quiet, "p99", percentile(alone, 99), "beside them, p50", busy,
		"beside them, p99", percentile(beside, 99))
}
