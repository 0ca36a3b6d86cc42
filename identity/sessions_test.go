package identity

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/identity/accesskey"
	"claviger/identity/session"
	"claviger/identity/sigv4"
	"claviger/internal/clock"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/policy"
	"claviger/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	roleID  = "AROAQNZGKIQY56JQ7WML"
	roleARN = "arn:aws:iam::" + account + ":role/teams/blue/deploy"
	userID  = "AIDAQNZGKIQY56JQ7WML"
	userARN = "arn:aws:iam::" + account + ":user/alice"

	someARN = "arn:aws:iam::" + account + ":policy/some"
)

// openSessions opens a directory that knows a role and a user.
func openSessions(t testing.TB) *fixture {
	t.Helper()
	h := open(t)
	h.people.known = map[string]*Principal{
		roleID: {Caller: policy.Caller{Type: policy.AssumedRole, Account: account, Role: roleARN,
			UniqueID: roleID, Tags: map[string]string{"of": "role"}}},
		userID: {Caller: policy.Caller{Type: policy.IAMUser, Account: account, ARN: userARN,
			UniqueID: userID, PrincipalID: userID, Policies: everything}},
	}
	return h
}

// ofRole is a session of the role that lives for an hour.
func ofRole() session.Session {
	return session.Session{Kind: session.AssumeRole, Account: account, Principal: roleID,
		Name: "s1", Issued: now, Expires: now.Add(time.Hour)}
}

// begin makes a session.
func (h *fixture) begin(s session.Session) aws.Credentials {
	h.t.Helper()
	c, err := h.NewSession(h.t.Context(), s, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.Secret,
		SessionToken: c.Token}
}

// revoke ends a session before its time.
func (h *fixture) revoke(id string, at time.Time) {
	h.t.Helper()
	at = at.UTC()
	settled := clock.NewGuard(clock.Source{Now: func() time.Time { return at },
		Uptime: func() time.Duration { return 0 }, Boot: "test"}, clock.State{}).Settle(at)
	change, err := h.RevokeSession(h.t.Context(), id, account, at, settled)
	if err == nil {
		err = h.db.Commit(change, func(error) []byte { return nil })
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *fixture) signs(as aws.Credentials) *http.Request {
	h.t.Helper()
	return signed(h.t, as, region, "kms", now)
}

func TestAuthenticate_Session_IsItsPrincipalAsOfNow(t *testing.T) {
	h := openSessions(t)
	text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	compiled, err := policy.ParseInline(text)
	if err != nil {
		t.Fatal(err)
	}
	managed := new(policy.Document)
	h.people.policies = map[string]*policy.Document{someARN: managed}
	s := ofRole()
	s.Passed = session.Passed{Policies: []string{text}, PolicyARNs: []string{someARN},
		Tags: map[string]string{"a": "b"}}
	s.SourceIdentity, s.Provider = "bob", "arn:aws:iam::111122223333:oidc-provider/x"
	creds := h.begin(s)
	want := policy.Caller{Type: policy.AssumedRole, Account: account, Role: roleARN,
		ARN:      "arn:aws:sts::" + account + ":assumed-role/deploy/s1",
		UniqueID: roleID, PrincipalID: roleID + ":s1", AccessKeyID: creds.AccessKeyID,
		Tags: map[string]string{"of": "role"}, Session: &policy.Session{Issued: now,
			Policies: []*policy.Document{compiled, managed}, Tags: map[string]string{"a": "b"},
			SourceIdentity: "bob", Provider: s.Provider}}
	for range 2 {
		c, in, err := h.authenticate(h.signs(creds))
		if err != nil || in != region || !reflect.DeepEqual(c, want) {
			t.Errorf("%+v (%+v) in %q, %v; want %+v", c, c.Session, in, err, want)
		}
	}
	h.people.known[roleID].Policies = everything
	h.people.policies = nil
	c, _, err := h.authenticate(h.signs(creds))
	if err != nil || len(c.Policies) != 1 || len(c.Session.Policies) != 2 ||
		len(c.Session.Policies[1].Statements) != 0 {
		t.Errorf("after a change: %+v (%+v), %v", c, c.Session, err)
	}
}

func TestAuthenticate_SessionOfUser_IsTheUserOrAFederatedOne(t *testing.T) {
	h := openSessions(t)
	for name, c := range map[string]struct {
		session   session.Session
		typ, arn  string
		principal string
		policies  int
	}{
		"GetSessionToken of a user": {session.Session{Kind: session.SessionToken, Principal: userID},
			policy.IAMUser, userARN, userID, 1},
		"GetSessionToken of root": {session.Session{Kind: session.SessionToken, Principal: account},
			policy.Root, "arn:aws:iam::" + account + ":root", account, 0},
		"GetFederationToken of a user": {session.Session{Kind: session.FederationToken,
			Principal: userID, Name: "f"}, policy.FederatedUser,
			"arn:aws:sts::" + account + ":federated-user/f", account + ":f", 1},
		"GetFederationToken of root": {session.Session{Kind: session.FederationToken,
			Principal: account, Name: "f"}, policy.FederatedUser,
			"arn:aws:sts::" + account + ":federated-user/f", account + ":f", 1},
	} {
		t.Run(name, func(t *testing.T) {
			c.session.Account, c.session.Issued = account, now
			c.session.Expires = now.Add(time.Minute)
			got, _, err := h.authenticate(h.signs(h.begin(c.session)))
			if err != nil || got.Type != c.typ || got.ARN != c.arn || got.PrincipalID != c.principal ||
				len(got.Policies) != c.policies || got.Session == nil || got.Role != "" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestAuthenticate_SessionThatIsNone_IsRefusedInOrder: token and key belong together, then the
// session goes on, then its principal is there, and only then is the signature looked at.
func TestAuthenticate_SessionThatIsNone_IsRefusedInOrder(t *testing.T) {
	h := openSessions(t)
	creds, other, longTerm := h.begin(ofRole()), h.begin(ofRole()), h.newKey()
	over := ofRole()
	over.Expires = now
	gone := ofRole()
	gone.Principal = "AROAQNZGKIQY56JQ7WMM"
	for name, c := range map[string]struct {
		creds aws.Credentials
		want  *fault.Error
	}{
		"no token":           {without(creds, "token"), sigv4.ErrUnknownKey},
		"another's token":    {with(creds, other.SessionToken), sigv4.ErrToken},
		"a made-up token":    {with(creds, "FwoGZXIvYXdzE"), sigv4.ErrToken},
		"of a long-term key": {with(longTerm, creds.SessionToken), sigv4.ErrToken},
		"over":               {h.begin(over), sigv4.ErrExpired},
		"over, bad secret":   {without(h.begin(over), "secret"), sigv4.ErrExpired},
		"gone":               {h.begin(gone), sigv4.ErrUnknownKey},
		"gone, bad secret":   {without(h.begin(gone), "secret"), sigv4.ErrUnknownKey},
		"bad secret":         {without(creds, "secret"), sigv4.ErrMismatch},
	} {
		t.Run(name, func(t *testing.T) { h.refused(name, h.signs(c.creds), c.want) })
	}
}

func with(c aws.Credentials, token string) aws.Credentials {
	c.SessionToken = token
	return c
}

func without(c aws.Credentials, what string) aws.Credentials {
	if what == "token" {
		c.SessionToken = ""
	} else {
		c.SecretAccessKey = strings.Repeat("x", 40)
	}
	return c
}

// TestAuthenticate_STS_EndsTheSentence: of a bad token STS speaks with a full stop.
func TestAuthenticate_STS_EndsTheSentence(t *testing.T) {
	h := openSessions(t)
	creds := with(h.begin(ofRole()), "none")
	for service, want := range map[string]string{"sts": sigv4.ErrUnknownKey.Message,
		"kms": sigv4.ErrToken.Message} {
		_, _, err := h.authenticateFor(service, signed(t, creds, region, service, now))
		if f := fault.Of(err); f == nil || f.Message != want {
			t.Errorf("%s: %v", service, err)
		}
	}
}

// TestAuthenticate_IAM_ServesSessionsOfRoles: and of nobody else.
func TestAuthenticate_IAM_ServesSessionsOfRoles(t *testing.T) {
	h := openSessions(t)
	for kind, good := range map[session.Kind]bool{session.AssumeRole: true, session.WebIdentity: true,
		session.SessionToken: false, session.FederationToken: false} {
		s := ofRole()
		if s.Kind = kind; !good {
			s.Principal = userID
		}
		_, _, err := h.authenticateFor("iam", signed(t, h.begin(s), GlobalRegion, "iam", now))
		if good != (err == nil) || !good && !errors.Is(err, sigv4.ErrToken) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAuthenticate_TokenTwice_CountsIfItIsTheSame(t *testing.T) {
	h := openSessions(t)
	creds := h.begin(ofRole())
	r := h.signs(creds)
	r.Header.Add("X-Amz-Security-Token", creds.SessionToken)
	if _, _, err := h.authenticate(r); errors.Is(err, sigv4.ErrToken) {
		t.Errorf("the same token: %v", err)
	}
	r = h.signs(creds)
	r.Header.Add("X-Amz-Security-Token", "another")
	h.refused("two tokens", r, sigv4.ErrToken)
}

func TestAuthenticate_RevokedSession_IsOverAtOnce(t *testing.T) {
	h := openSessions(t)
	creds, other := h.begin(ofRole()), h.begin(ofRole())
	if _, _, err := h.authenticate(h.signs(creds)); err != nil {
		t.Fatal(err)
	}
	h.revoke(creds.AccessKeyID, now)
	for range 2 {
		h.refused("revoked", h.signs(creds), sigv4.ErrExpired)
		if _, _, err := h.authenticate(h.signs(other)); err != nil {
			t.Errorf("another session of the role: %v", err)
		}
		h.Restart()
	}
}

// TestAuthenticate_RevocationTakenAway_IsOverStill: this process remembers what it wrote or read.
func TestAuthenticate_RevocationTakenAway_IsOverStill(t *testing.T) {
	h := openSessions(t)
	creds, another := h.begin(ofRole()), accesskey.NewID(accesskey.Temporary, account)
	for _, read := range []bool{true, false} {
		h.revoke(creds.AccessKeyID, now)
		if read {
			h.refused("revoked", h.signs(creds), sigv4.ErrExpired)
		}
		away := func(tx *store.Tx) error {
			_, err := tx.Exec(qForgetSessions, store.Micros(now.Add(2*LongestSession)))
			return err
		}
		if err := h.db.Commit(away, func(error) []byte { return nil }); err != nil {
			t.Fatal(err)
		}
		h.revoke(another, now)
		h.refused("revoked, and its row taken away", h.signs(creds), sigv4.ErrExpired)
		creds = h.begin(ofRole())
	}
	if h.over.with(nil, time.Now().Add(LongestSession)); len(h.over.until) > 0 {
		t.Errorf("%d sessions are remembered after they would have ended", len(h.over.until))
	}
}

func TestAuthenticate_RoleRevokedBefore_EndsWhatBeganEarlier(t *testing.T) {
	h := openSessions(t)
	creds := h.begin(ofRole())
	if _, _, err := h.authenticate(h.signs(creds)); err != nil {
		t.Fatal(err)
	}
	h.people.known[roleID].RevokedBefore = now
	h.refused("revoked", h.signs(creds), sigv4.ErrExpired)
	later := ofRole()
	later.Issued = now.Add(time.Millisecond)
	if _, _, err := h.authenticate(h.signs(h.begin(later))); err != nil {
		t.Errorf("a session that began later: %v", err)
	}
}

// TestAuthenticate_SessionOfRole_TellsOfItsUseNowAndThen: not with each request, and not of what
// was refused.
func TestAuthenticate_SessionOfRole_TellsOfItsUseNowAndThen(t *testing.T) {
	h := openSessions(t)
	creds := h.begin(ofRole())
	wrong := creds
	wrong.SecretAccessKey = "wrong"
	h.refused("another secret", h.signs(wrong), sigv4.ErrMismatch)
	for range 3 {
		if _, _, err := h.authenticate(h.signs(creds)); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{roleID + " " + region}; !slices.Equal(h.people.used, want) {
		t.Errorf("told of %v, want %v", h.people.used, want)
	}
}

// TestRevokeSession_RowThatIsOfNoUse_IsDeleted: what has expired anyway isn't kept.
func TestRevokeSession_RowThatIsOfNoUse_IsDeleted(t *testing.T) {
	h := openSessions(t)
	first := accesskey.NewID(accesskey.Temporary, account)
	for i := range 3 { // twice the same is once
		h.revoke(first, now.Add(time.Duration(i)*time.Second))
	}
	count := func() (n int) {
		rows, err := revokedSessions.Select(t.Context(), h.signer, h.db, qRevokedSessions)
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	if n := count(); n != 1 {
		t.Errorf("%d rows of one session", n)
	}
	h.revoke(accesskey.NewID(accesskey.Temporary, account), now.Add(LongestSession+time.Minute))
	if n := count(); n != 1 {
		t.Errorf("%d rows after the first is of no use", n)
	}
}

func TestAuthenticate_EditedRevocation_LetsNobodyIn(t *testing.T) {
	for _, edit := range []string{`id = 'ASIAQNZGKIQY56JQ7WML'`, `account = '444455556666'`,
		`until = until + 1`, `mac = x''`} {
		t.Run(edit, func(t *testing.T) {
			h := openSessions(t)
			creds := h.begin(ofRole())
			h.revoke(creds.AccessKeyID, now)
			h.Edit(`UPDATE iam_revoked_sessions SET ` + edit)
			c, _, err := h.authenticate(h.signs(creds))
			if f := fault.Of(err); f == nil || f.Kind != fault.Internal || c.ARN != "" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}

// TestAuthenticate_KnownSession_AsksTheTokenOnceADay: a token is opened once for a day, Region and
// service, and one that nobody made never.
func TestAuthenticate_KnownSession_AsksTheTokenOnceADay(t *testing.T) {
	h := openSessions(t)
	creds := h.begin(ofRole())
	if _, _, err := h.authenticate(h.signs(creds)); err != nil {
		t.Fatal(err)
	}
	h.TokenCalls.Store(0)
	for range 10 {
		if _, _, err := h.authenticate(h.signs(creds)); err != nil {
			t.Fatal(err)
		}
		h.refused("made up", h.signs(with(creds, creds.SessionToken+"A")), sigv4.ErrToken)
	}
	if n := h.TokenCalls.Load(); n != 0 {
		t.Errorf("%d calls of the token", n)
	}
	if _, _, err := h.authenticate(signed(t, creds, "us-west-2", "kms", now)); err != nil {
		t.Fatal(err)
	}
	if n := h.TokenCalls.Load(); n != 1 {
		t.Errorf("%d calls of the token for another Region, want one", n)
	}
}

func TestNewAccessKey_DrawnTwice_IsDrawnAgain(t *testing.T) {
	h := open(t)
	var changes [2]domain.Change
	_, _, change, err := h.NewAccessKey(t.Context(), account, account, now)
	if err != nil {
		t.Fatal(err)
	}
	changes[0], changes[1] = change, change
	for i, change := range changes {
		err := h.db.Commit(change, func(error) []byte { return nil })
		if errors.Is(err, store.Stale) != (i == 1) || i == 0 && err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}
