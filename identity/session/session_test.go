package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/identity/accesskey"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/internal/signedtoken"
)

const account = optest.Account

// tokensOf returns the tokens of an installation on a true token.
func tokensOf(t testing.TB) (*Tokens, *optest.Kit) {
	t.Helper()
	k := optest.Start(t, hsmtest.SoftHSM(t), func(*optest.Kit) optest.Parts { return optest.Parts{} })
	return &Tokens{Device: k.Token, Key: k.Installation.Identity, Front: k.Installation.Tokens}, k
}

// full is a session that uses every member.
func full() *Session {
	return &Session{
		AccessKeyID: accesskey.NewID(accesskey.Temporary, account), Kind: WebIdentity,
		Account: account, Principal: "AROAQNZGKIQY56JQ7WML", Name: "deploy",
		Issued: optest.Began, Expires: optest.Began.Add(time.Hour),
		Passed: Passed{
			Policies:   []string{`{"Version":"2012-10-17"}`},
			PolicyARNs: []string{"arn:aws:iam::111122223333:policy/a"},
			Tags:       map[string]string{"team": "blue", "cost": ""},
			Transitive: []string{"team"},
		},
		SourceIdentity: "alice", Provider: "arn:aws:iam::111122223333:oidc-provider/issuer.example",
	}
}

func TestOpen_SealedToken_SaysWhatWasSealed(t *testing.T) {
	tokens, _ := tokensOf(t)
	for name, s := range map[string]*Session{"all members": full(),
		"few members": {AccessKeyID: accesskey.NewID(accesskey.Temporary, account),
			Kind: SessionToken, Account: account, Principal: account,
			Issued: optest.Began, Expires: optest.Began.Add(time.Hour)}} {
		t.Run(name, func(t *testing.T) {
			secret := accesskey.NewSecret()
			token, err := tokens.Seal(t.Context(), s, secret, 0)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(token, string(secret.Text())) || len(token) > MaxSize {
				t.Errorf("%d characters: %s", len(token), token)
			}
			got, opened, err := tokens.Open(t.Context(), s.AccessKeyID, token)
			if err != nil || !reflect.DeepEqual(got, s) || *opened != *secret {
				t.Errorf("%+v, %v; want %+v", got, err, s)
			}
		})
	}
}

// TestSeal_LargestSession_FitsAToken: whatever is within [Room] makes a token that AWS's clients
// take, however badly all of it packs.
func TestSeal_LargestSession_FitsAToken(t *testing.T) {
	tokens, _ := tokensOf(t)
	s := full()
	s.Name, s.SourceIdentity = draw(64), draw(256)
	s.Provider = "arn:aws:iam::111122223333:oidc-provider/" + draw(255)
	s.Passed = Passed{Policies: []string{""}}
	for percent := 0; percent <= 100; {
		next := s.Passed.Policies[0] + draw(1)
		var err error
		if percent, err = (&Passed{Policies: []string{next}}).Packed(); err != nil {
			t.Fatal(err)
		}
		if percent <= 100 {
			s.Passed.Policies[0] = next
		}
	}
	token, err := tokens.Seal(t.Context(), s, accesskey.NewSecret(), 0)
	if err != nil || len(token) > MaxSize || len(token) < MaxSize*3/4 {
		t.Errorf("%d characters, %v", len(token), err)
	}
	s.Policies = append(s.Policies, draw(1000))
	if _, err := tokens.Seal(t.Context(), s, accesskey.NewSecret(), 0); fault.Of(err) == nil {
		t.Error("a token longer than the longest was made")
	}
}

// draw returns a text that packs badly.
func draw(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return signedtoken.Encoding.EncodeToString(b)[:n]
}

func TestSeal_LeastSize_IsKept(t *testing.T) {
	tokens, _ := tokensOf(t)
	for least := MaxSize - 6; least <= MaxSize; least++ {
		s := full()
		token, err := tokens.Seal(t.Context(), s, accesskey.NewSecret(), least)
		if err != nil || len(token) < least || len(token) > least+2 || len(token) > MaxSize {
			t.Errorf("%d characters of at least %d: %v", len(token), least, err)
		}
		got, _, err := tokens.Open(t.Context(), s.AccessKeyID, token)
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%+v, %v; want %+v", got, err, s)
		}
	}
}

func TestPacked_MorePassed_TakesMore(t *testing.T) {
	var few, many Passed
	few.Tags, many.Tags = map[string]string{"a": "b"}, map[string]string{}
	for i := range 50 {
		many.Tags[draw(100)+fmt.Sprint(i)] = draw(200)
	}
	little, err := few.Packed()
	if err != nil || little < 1 || little > 2 {
		t.Errorf("one tag: %d percent, %v", little, err)
	}
	if much, err := many.Packed(); err != nil || much < 300 {
		t.Errorf("fifty tags: %d percent, %v", much, err)
	}
}

// TestOpen_NotOurs_CostsNoCallOfTheToken: what nobody here made is refused before the token is
// asked.
func TestOpen_NotOurs_CostsNoCallOfTheToken(t *testing.T) {
	tokens, k := tokensOf(t)
	s := full()
	token, err := tokens.Seal(t.Context(), s, accesskey.NewSecret(), 0)
	if err != nil {
		t.Fatal(err)
	}
	foreign := *tokens
	foreign.Front = signedtoken.New([]byte("another installation"))
	theirs, err := foreign.Seal(t.Context(), s, accesskey.NewSecret(), 0)
	if err != nil {
		t.Fatal(err)
	}
	other := accesskey.NewID(accesskey.Temporary, account)
	raw, err := signedtoken.Encoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	k.TokenCalls.Store(0)
	refused := func(what, id, token string) {
		t.Helper()
		if got, _, err := tokens.Open(t.Context(), id, token); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	for i := range raw {
		raw[i] ^= 1
		refused(fmt.Sprintf("byte %d changed", i), s.AccessKeyID,
			signedtoken.Encoding.EncodeToString(raw))
		raw[i] ^= 1
	}
	refused("of another key", other, token)
	refused("of another installation", s.AccessKeyID, theirs)
	refused("nothing", s.AccessKeyID, "")
	refused("too long", s.AccessKeyID, strings.Repeat("A", MaxSize+1))
	refused("cut", s.AccessKeyID, token[:len(token)-1])
	refused("another token of this maker", s.AccessKeyID,
		tokens.Front.Make(string(raw[16:]), "page token", s.AccessKeyID))
	if n := k.TokenCalls.Load(); n != 0 {
		t.Errorf("%d calls of the token", n)
	}
	refused("another version", s.AccessKeyID,
		tokens.Front.Make("\x02"+string(raw[17:]), scope, s.AccessKeyID))
	refused("sealed by nobody", s.AccessKeyID,
		tokens.Front.Make("\x01"+strings.Repeat("x", 100), scope, s.AccessKeyID))
}

// none is a device that nothing gets to.
type none struct{}

func (none) Seal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) {
	return nil, custody.ErrUnavailable
}

func (none) Unseal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) {
	panic("a token that nobody made got to the device")
}

// FuzzOpen: no token opens but one that was sealed, and what is sealed never ends in a panic,
// whatever it unpacks to.
func FuzzOpen(f *testing.F) {
	s := full()
	packed, err := pack(s)
	if err != nil {
		f.Fatal(err)
	}
	secret := accesskey.NewSecret()
	f.Add("AAAA", append(secret[:], packed...))
	f.Add("", []byte{})
	f.Add(strings.Repeat("_", MaxSize), make([]byte, accesskey.SecretSize))
	tokens := Tokens{Device: none{}, Front: signedtoken.New([]byte("fuzz"))}
	f.Fuzz(func(t *testing.T, token string, plaintext []byte) {
		if s, _, err := tokens.Open(t.Context(), "ASIAQNZGKIQY56JQ7WML", token); err == nil {
			t.Errorf("%q opens: %+v", token, s)
		}
		s, err := read(plaintext)
		if err != nil {
			return
		}
		again, err := pack(s)
		if err != nil {
			t.Fatalf("%+v can't be packed: %v", s, err)
		}
		back, err := read(append(plaintext[:accesskey.SecretSize:accesskey.SecretSize], again...))
		if err != nil {
			t.Fatalf("%+v can't be read back: %v", s, err)
		}
		if third, err := pack(back); err != nil || !bytes.Equal(third, again) {
			t.Errorf("%+v, %v; want %+v", back, err, s)
		}
	})
}
