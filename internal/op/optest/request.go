package optest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"

	"github.com/google/uuid"
)

// Who asks and where, unless the test says otherwise: the root user of Account, in Region.
const (
	Account = "111122223333"
	Region  = "us-east-1"
)

// Root returns the root user of an account, who may do everything in it.
func Root(account string) policy.Caller {
	return policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::" + account + ":root", PrincipalID: account}
}

// User returns an IAM user of [Account], who may do what is granted to him.
func User(name string) policy.Caller {
	return policy.Caller{Type: policy.IAMUser, Account: Account, ARN: UserARN(name),
		PrincipalID: "AIDA" + name}
}

// UserARN returns the ARN of an IAM user of [Account].
func UserARN(name string) string { return "arn:aws:iam::" + Account + ":user/" + name }

// AllowsAll is a policy document.
const AllowsAll = `{"Version":"2012-10-17","Statement":
	[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Somebody is a user of an account, which allows what documents say.
func Somebody(t testing.TB, of, name string, documents ...string) policy.Caller {
	t.Helper()
	c := policy.Caller{Type: policy.IAMUser, Account: of, PrincipalID: "AIDA" + strings.ToUpper(name),
		ARN: "arn:aws:iam::" + of + ":user/" + name}
	for _, text := range documents {
		d, err := policy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c.Policies = append(c.Policies, d)
	}
	return c
}

// As returns a context in which a caller asks.
func As(ctx context.Context, caller policy.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// In returns a context in which requests are for a Region.
func In(ctx context.Context, region string) context.Context {
	return context.WithValue(ctx, regionKey{}, region)
}

type (
	callerKey struct{}
	regionKey struct{}
)

// callers believes the context. That a signature says who asks is shown by package identity.
type callers struct{}

func (callers) Authenticate(ctx context.Context, _ *http.Request, _ func() ([]byte, error),
	_ string, _ time.Time) (policy.Caller, string, error) {
	caller, ok := ctx.Value(callerKey{}).(policy.Caller)
	if !ok {
		caller = Root(Account)
	}
	region, ok := ctx.Value(regionKey{}).(string)
	if !ok {
		region = Region
	}
	return caller, region, nil
}

// Renew implements [op.Authenticator].
func (a callers) Renew(ctx context.Context, r *http.Request, service string, _, now time.Time) (
	policy.Caller, error) {
	caller, _, err := a.Authenticate(ctx, r, nil, service, now)
	return caller, err
}

// Request returns a request for an operation with a document: anything that is encoded as a JSON
// object; nil is an empty one.
func Request(t testing.TB, o op.Operation, document any) *op.Request {
	t.Helper()
	if document == nil {
		return RequestOf(o, []byte("{}"))
	}
	body, err := wire.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	return RequestOf(o, body)
}

// RequestOf returns a request for an operation with a body that may be no document at all.
func RequestOf(o op.Operation, body []byte) *op.Request {
	return &op.Request{
		HTTP:    httptest.NewRequest("POST", "/", nil),
		ID:      uuid.NewString(),
		Read:    func() ([]byte, error) { return body, nil },
		Name:    func() (op.Operation, string, error) { return o, "", nil },
		Decode:  func(v any) error { return wire.Decode(body, v) },
		Present: func(pointer string) bool { return wire.Present(body, pointer) },
	}
}
