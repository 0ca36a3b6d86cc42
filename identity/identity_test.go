package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/identity/sigv4"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	account = optest.Account
	region  = optest.Region
)

var now = optest.Began

// fixture is a directory over a true token and database.
type fixture struct {
	*Directory
	*optest.Kit
	t      testing.TB
	people people
}

func open(t testing.TB) *fixture {
	t.Helper()
	h := &fixture{t: t}
	h.Kit = optest.Start(t, hsmtest.SoftHSM(t), func(k *optest.Kit) optest.Parts {
		h.Directory = New(k.DB, k.Token, &h.people, k.Installation, []string{region, "us-west-2"})
		return optest.Parts{}
	})
	return h
}

// newKey makes an access key of the account's root user.
func (h *fixture) newKey() aws.Credentials {
	h.t.Helper()
	k, secret, change, err := h.NewAccessKey(h.t.Context(), account, account, now)
	if err == nil {
		err = h.db.Commit(change, func(error) []byte { return nil })
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: secret}
}

// mac is what the service would sign an access key's row with.
func (h *fixture) mac(k *AccessKey) any {
	h.t.Helper()
	values, err := accessKeys.Sign(h.t.Context(), h.signer, k)
	if err != nil {
		h.t.Fatal(err)
	}
	return values[len(values)-1]
}

var body = []byte(`{"KeyId":"alias/a"}`)

// signed returns a request that the AWS SDK has signed.
func signed(t testing.TB, as aws.Credentials, region, service string, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://localhost:8200/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "TrentService.DescribeKey")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), as, r, hex.EncodeToString(sum[:]), service,
		region, at); err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *fixture) authenticate(r *http.Request) (policy.Caller, string, error) {
	return h.authenticateFor("kms", r)
}

func (h *fixture) authenticateFor(service string, r *http.Request) (policy.Caller, string, error) {
	return h.Authenticate(h.t.Context(), r, func() ([]byte, error) { return body, nil }, service, now)
}

func (h *fixture) refused(what string, r *http.Request, want *fault.Error) {
	h.t.Helper()
	c, in, err := h.authenticate(r)
	if !errors.Is(err, want) || !reflect.DeepEqual(c, policy.Caller{}) || in != "" {
		h.t.Errorf("%s: %+v in %q, %v; want %v", what, c, in, err, want)
	}
}

func TestAuthenticate_SDKsSignature_SaysWhoItIs(t *testing.T) {
	h := open(t)
	creds := h.newKey()
	for range 2 {
		c, in, err := h.authenticate(signed(t, creds, "us-west-2", "kms", now))
		want := RootUser(account)
		want.AccessKeyID = creds.AccessKeyID
		if err != nil || !reflect.DeepEqual(c, want) || in != "us-west-2" {
			t.Errorf("%+v in %q, %v", c, in, err)
		}
		h.Restart()
	}
}

// TestAuthenticate_STS_HasRulesOfItsOwn: the endpoint for the whole world is in us-east-1, whatever
// Regions are served, and a signature lives for a quarter of an hour.
func TestAuthenticate_STS_HasRulesOfItsOwn(t *testing.T) {
	h := open(t)
	h.regions, h.stsRegions = []string{"eu-central-1"}, []string{"eu-central-1", GlobalRegion}
	creds := h.newKey()
	for _, c := range []struct {
		service, in string
		skew        time.Duration
		good        bool
	}{
		{"sts", "us-east-1", 0, true}, {"sts", "eu-central-1", 0, true},
		{"sts", "us-west-2", 0, false},
		{"sts", "us-east-1", 15 * time.Minute, true}, {"sts", "us-east-1", 16 * time.Minute, false},
		{"kms", "us-east-1", 0, false}, {"kms", "eu-central-1", 0, true},
		{"kms", "eu-central-1", 6 * time.Minute, false},
	} {
		for _, skew := range []time.Duration{c.skew, -c.skew} {
			_, in, err := h.authenticateFor(c.service, signed(t, creds, c.in, c.service, now.Add(skew)))
			if (err == nil) != c.good || c.good && in != c.in {
				t.Errorf("%s in %s, %v off: in %q, %v", c.service, c.in, skew, in, err)
			}
		}
	}
}

func TestAuthenticate_Unknown_IsRefused(t *testing.T) {
	h := open(t)
	creds := h.newKey()
	unknown := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE",
		SecretAccessKey: creds.SecretAccessKey}
	wrong := aws.Credentials{AccessKeyID: creds.AccessKeyID,
		SecretAccessKey: h.newKey().SecretAccessKey}
	session := aws.Credentials{AccessKeyID: creds.AccessKeyID,
		SecretAccessKey: creds.SecretAccessKey, SessionToken: "a session"}
	h.refused("unknown access key", signed(t, unknown, region, "kms", now), sigv4.ErrUnknownKey)
	h.refused("another key's secret", signed(t, wrong, region, "kms", now), sigv4.ErrMismatch)
	h.refused("session token", signed(t, session, region, "kms", now), sigv4.ErrToken)
	h.refused("nobody", httptest.NewRequest("POST", "/", nil), sigv4.ErrMissing)
	for what, r := range map[string]*http.Request{
		"another service": signed(t, creds, region, "secretsmanager", now),
		"another Region":  signed(t, creds, "eu-central-1", "kms", now),
		"yesterday":       signed(t, creds, region, "kms", now.AddDate(0, 0, -1)),
		"an hour ahead":   signed(t, creds, region, "kms", now.Add(time.Hour)),
	} {
		if c, _, err := h.authenticate(r); fault.Of(err) == nil ||
			fault.Of(err).Kind != fault.Unauthenticated || !reflect.DeepEqual(c, policy.Caller{}) {
			t.Errorf("%s: %+v, %v", what, c, err)
		}
	}
}

func TestAuthenticate_InactiveKey_IsUnknown(t *testing.T) {
	h := open(t)
	creds := h.newKey()
	k, err := h.AccessKey(t.Context(), creds.AccessKeyID)
	if err != nil {
		t.Fatal(err)
	}
	inactive := *k
	inactive.Status = "Inactive"
	h.Edit(`UPDATE access_keys SET status = 'Inactive', mac = ?`, h.mac(&inactive))
	h.refused("inactive", signed(t, creds, region, "kms", now), sigv4.ErrUnknownKey)
}

func TestAuthenticate_EditedRow_IsNotBelieved(t *testing.T) {
	for _, column := range []string{
		`account = '444455556666'`, `rev = 2`,
		`principal_id = '444455556666'`, `status = 'Active '`, `created = created + 1`,
		`sealed = x'00'`, `mac = x''`,
		`id = 'AKIAIOSFODNN7EXAMPLE'`,
	} {
		t.Run(column, func(t *testing.T) {
			h := open(t)
			creds := h.newKey()
			h.Edit(`UPDATE access_keys SET ` + column)
			if strings.HasPrefix(column, "id") {
				creds.AccessKeyID = "AKIAIOSFODNN7EXAMPLE"
			}
			c, _, err := h.authenticate(signed(t, creds, region, "kms", now))
			if f := fault.Of(err); f == nil || f.Kind != fault.Internal || f.Message != "" ||
				!reflect.DeepEqual(c, policy.Caller{}) {
				t.Errorf("%+v, %v; want an internal error that says nothing to callers", c, err)
			}
		})
	}
}

// A sealed secret belongs to its access key: another key's row can't borrow it, even under a MAC
// that fits.
func TestAuthenticate_SecretOfAnotherKey_IsNotBelieved(t *testing.T) {
	h := open(t)
	mine, theirs := h.newKey(), h.newKey()
	k, err := h.AccessKey(t.Context(), theirs.AccessKeyID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := h.AccessKey(t.Context(), mine.AccessKeyID)
	if err != nil {
		t.Fatal(err)
	}
	k.sealed = m.sealed
	h.Edit(`UPDATE access_keys SET sealed = ?, mac = ? WHERE id = ?`, k.sealed, h.mac(k),
		theirs.AccessKeyID)
	borrowed := aws.Credentials{AccessKeyID: theirs.AccessKeyID,
		SecretAccessKey: mine.SecretAccessKey}
	if c, _, err := h.authenticate(signed(t, borrowed, region, "kms", now)); fault.Of(err) == nil ||
		fault.Of(err).Kind != fault.Internal {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAuthenticate_KnownKey_AsksTheTokenOnceADay(t *testing.T) {
	h := open(t)
	creds := h.newKey()
	h.Restart()
	if _, _, err := h.authenticate(signed(t, creds, region, "kms", now)); err != nil {
		t.Fatal(err)
	}
	h.TokenCalls.Store(0)
	for i := range 10 {
		if _, _, err := h.authenticate(signed(t, creds, region, "kms",
			now.Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	h.refused("a bad signature",
		signed(t, aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: "x"}, region,
			"kms", now), sigv4.ErrMismatch)
	if n := h.TokenCalls.Load(); n != 0 {
		t.Errorf("%d calls of the token for requests of the same day, Region and service", n)
	}
	if _, _, err := h.authenticate(signed(t, creds, "us-west-2", "kms", now)); err != nil {
		t.Fatal(err)
	}
	if n := h.TokenCalls.Load(); n != 1 {
		t.Errorf("%d calls of the token for another Region, want one", n)
	}
}

func TestAuthenticate_TokenAway_LetsInWhoIsKnown(t *testing.T) {
	h := open(t)
	known, later := h.newKey(), h.newKey()
	if _, _, err := h.authenticate(signed(t, known, region, "kms", now)); err != nil {
		t.Fatal(err)
	}
	h.Directory.token = away{}
	if _, _, err := h.authenticate(signed(t, known, region, "kms", now)); err != nil {
		t.Errorf("a known caller: %v", err)
	}
	if _, _, err := h.authenticate(signed(t, later, region, "kms", now)); !errors.Is(err,
		custody.ErrUnavailable) {
		t.Errorf("another: %v, want unavailable", err)
	}
	if _, _, _, err := h.NewAccessKey(t.Context(), account, account, now); !errors.Is(err,
		custody.ErrUnavailable) {
		t.Errorf("NewAccessKey: %v, want unavailable", err)
	}
}

// away is a token that can't be reached.
type away struct{}

func (away) Seal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) {
	return nil, custody.ErrUnavailable
}
func (away) Unseal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) {
	return nil, custody.ErrUnavailable
}

func TestNewAccessKey_Made_HasAWSsForm(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id, secret := newAccessKey(account)
		if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(id) ||
			!regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`).MatchString(secret) {
			t.Errorf("%s, %d characters of secret", id, len(secret))
		}
		if seen[id] || seen[secret] {
			t.Error("a key came twice")
		}
		seen[id], seen[secret] = true, true
	}
}

func TestNewAccessKey_Secret_IsInNoFile(t *testing.T) {
	h := open(t)
	creds := h.newKey()
	if _, _, err := h.authenticate(signed(t, creds, region, "kms", now)); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		files, err := filepath.Glob(h.Path + "*")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		found := false
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(b, []byte(creds.AccessKeyID))
			if bytes.Contains(b, []byte(creds.SecretAccessKey)) ||
				bytes.Contains(b, []byte(creds.SecretAccessKey[:20])) {
				t.Errorf("%s: %s holds the secret", when, file)
			}
		}
		if !found {
			t.Errorf("%s: no file holds even the id", when)
		}
	}
	look("while it runs")
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	look("after it was closed")
}
