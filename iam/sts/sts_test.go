package sts_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/iam/entity"
	"claviger/iam/sts"
	"claviger/iam/webidentity"
	"claviger/iam/webidentity/issuertest"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

const (
	account = optest.Account
	another = "444455556666"
)

// fixture is STS over a true token and database.
type fixture struct {
	*optest.Kit
	*sts.STS
	t        testing.TB
	entities *entity.Directory
	callers  *identity.Directory
}

func start(t testing.TB) *fixture {
	t.Helper()
	h := &fixture{t: t}
	h.Kit = optest.Start(t, hsmtest.SoftHSM(t), func(k *optest.Kit) optest.Parts {
		h.entities = entity.New(k.DB, k.Installation.Rows)
		h.callers = identity.New(k.DB, k.Token, h.entities, k.Installation, []string{optest.Region})
		h.STS = sts.New(sts.Config{Sessions: h.callers, Entities: h.entities, Region: optest.Region,
			WebIdentities: webidentity.New(webidentity.Config{Now: k.Clock.Now})})
		return optest.Parts{Operations: h.STS.Operations()}
	})
	return h
}

func (h *fixture) commit(change domain.Change, err error) {
	h.t.Helper()
	if err == nil {
		err = h.DB.Commit(change, func(error) []byte { return nil })
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// role makes a role of an account that trusts by these statements.
func (h *fixture) role(account, name, statements string) *entity.Role {
	h.t.Helper()
	r := entity.NewRole(account, name, "/", optest.Began)
	r.Trust = `{"Version":"2012-10-17","Statement":[` + statements + `]}`
	r.MaxSessionDuration = 3600
	h.commit(h.entities.Roles.Insert(h.t.Context(), r))
	return r
}

// user makes a user of an account with an identity policy that allows these actions on everything,
// and returns it as a caller.
func (h *fixture) user(account, name string, actions ...string) policy.Caller {
	h.t.Helper()
	u := entity.NewUser(account, name, "/", optest.Began)
	if len(actions) > 0 {
		u.Put("own", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["`+
			strings.Join(actions, `","`)+`"],"Resource":"*"}}`)
	}
	h.commit(h.entities.Users.Insert(h.t.Context(), u))
	p, err := h.entities.Principal(h.t.Context(), account, u.ID)
	if err != nil || p == nil {
		h.t.Fatal(p, err)
	}
	return p.Caller
}

// trusts is a statement of a trust policy.
func trusts(principal string, actions ...string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":["%s"]}`, principal,
		strings.Join(actions, `","`))
}

// declare makes an issuer a provider of an account.
func (h *fixture) declare(i *issuertest.Issuer, account string) *entity.Provider {
	h.t.Helper()
	p := entity.NewProvider(account, "http", i.Name, optest.Began)
	p.ClientIDs = []string{issuertest.Audience}
	h.commit(h.entities.Providers.Insert(h.t.Context(), p))
	return p
}

// asks performs an operation as somebody.
func (h *fixture) asks(as policy.Caller, operation string, in any) (any, error) {
	h.t.Helper()
	return h.Serve(optest.As(h.t.Context(), as), h.Operation("sts:"+operation), in)
}

// assume starts a session of a role and returns the answer.
func (h *fixture) assume(as policy.Caller, in sts.AssumeRoleInput) sts.AssumeRoleOutput {
	h.t.Helper()
	out, err := h.asks(as, "AssumeRole", in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out.(sts.AssumeRoleOutput)
}

// is returns whom credentials make, as a request that they sign does.
func (h *fixture) is(c sts.Credentials) (policy.Caller, error) {
	h.t.Helper()
	return caller(h.t.Context(), h, c)
}

func (h *fixture) must(c sts.Credentials) policy.Caller {
	h.t.Helper()
	who, err := h.is(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return who
}

func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != code || f.Message != text {
		t.Errorf("answered %v; want %s: %s", err, code, text)
	}
}

func notAllowed(t testing.TB, err error, who policy.Caller, action, arn string) {
	t.Helper()
	refused(t, err, "AccessDeniedException", "User: "+who.ARN+" is not authorized to perform: "+
		action+" on resource: "+arn)
}

// named is the request for a session of a role.
func named(arn string) sts.AssumeRoleInput {
	return sts.AssumeRoleInput{RoleArn: arn, RoleSessionName: "s1"}
}

func tag(key, value string) sts.Tag { return sts.Tag{Key: key, Value: value} }

func to[T any](v T) *T { return &v }

func caller(ctx context.Context, h *fixture, c sts.Credentials) (policy.Caller, error) {
	r := httptest.NewRequest("POST", "http://localhost/", strings.NewReader("x"))
	sign(ctx, h.t, r, c, h.Clock.Now())
	who, _, err := h.callers.Authenticate(ctx, r, func() ([]byte, error) { return []byte("x"), nil },
		"kms", h.Clock.Now())
	return who, err
}

const hour = time.Hour
