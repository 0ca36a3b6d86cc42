package webidentity

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"

	"github.com/go-jose/go-jose/v4"
)

// trusting returns a verifier that believes the issuer's authority, and its clock.
func trusting(i *issuer, a *authority) (*Verifier, *clock) {
	c := &clock{}
	return New(Config{CAs: map[string]*x509.CertPool{i.server.URL: a.pool()}, Now: c.now}), c
}

// refused checks that an error is AWS's, by code and sentence, and tells nobody its cause.
func refused(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Message != message {
		t.Errorf("%s: %v, want %s: %s", what, err, code, message)
	}
}

const invalidToken = "InvalidIdentityToken"

func TestVerify_GenuineToken_IsBelieved(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	i.change(func() {
		i.set.Keys = nil
		for _, s := range keys() {
			i.set.Keys = append(i.set.Keys, s.public())
		}
	})
	v, _ := trusting(i, private)
	for _, name := range algorithms {
		c, err := verify(t, v, i.token(keys()[name], map[string]any{"amr": []string{"pwd", "otp"}}),
			i.provider())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := &Claims{Provider: i.provider().ARN, Issuer: i.server.URL,
			Subject: "system:serviceaccount:shop:till", Audience: "sts.amazonaws.com",
			Methods: []string{"pwd", "otp"}, IssuedAt: begin, Expires: begin.Add(time.Hour),
			Values: c.Values}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%s: %+v, want %+v", name, c, want)
		}
		for claim, values := range map[string][]string{"aud": {"sts.amazonaws.com"},
			"sub": {"system:serviceaccount:shop:till"}, "amr": {"pwd", "otp"}} {
			if got := c.Values[i.name()+":"+claim]; !slices.Equal(got, values) {
				t.Errorf("%s: the value of %s is %q, want %q", name, claim, got, values)
			}
		}
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}

func TestVerify_Replay_HoldsAsLongAsTheToken(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	v, clock := trusting(i, private)
	token := i.token(keys()["ES256"], nil)
	for range 3 {
		if _, err := verify(t, v, token, i.provider()); err != nil {
			t.Fatal(err)
		}
		clock.moves(19 * time.Minute)
	}
	clock.moves(3 * time.Minute)
	_, err := verify(t, v, token, i.provider())
	refused(t, "an hour later", err, "ExpiredTokenException", "Token expired: current date/time "+
		"1795870800 must be before the expiration date/time1795870800")
}

// TestVerify_FalseToken_IsRefused: in each one thing is wrong.
func TestVerify_FalseToken_IsRefused(t *testing.T) {
	private := newAuthority()
	i, foreign := newIssuer(t, private), newIssuer(t, private)
	v, _ := trusting(i, private)
	es := keys()["ES256"]
	token := func(changes map[string]any) string { return i.token(es, changes) }
	good := token(nil)
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	flipped := []byte(unencoded(t, signature))
	flipped[0] ^= 1
	stranger := &signer{es.id, "ES256", newAuthority().key}
	minute := func(n time.Duration) int64 { return begin.Add(n * time.Minute).Unix() }
	noKey, invalid := errNoKey.Message, errNotValidated.Message
	const lacks = "Missing a required claim: "
	for what, c := range map[string]struct{ token, code, message string }{
		"tampered payload": {header + "." + encoded(strings.Replace(unencoded(t, payload), "till", "boss",
			1)) + "." + signature, invalidToken, invalid},
		"tampered signature": {header + "." + payload + "." + encoded(string(flipped)),
			invalidToken, invalid},
		"no signature":     {header + "." + payload + ".", invalidToken, invalid},
		"a stranger's key": {i.token(stranger, nil), invalidToken, invalid},
		"a signature over another header": {encoded(`{"kid":"`+es.id+`","alg":"ES256"}`) + "." + payload +
			"." + signature, invalidToken, invalid},
		"a key of another algorithm": {i.token(&signer{es.id, "RS256", keys()["RS256"].key}, nil),
			invalidToken, noKey},
		"an unknown key": {i.token(&signer{"another", "ES256", es.key}, nil), invalidToken, noKey},
		"a foreign issuer": {foreign.token(es, nil), invalidToken,
			"No OpenIDConnect provider found in your account for " + foreign.server.URL},
		"a wrong audience": {token(map[string]any{"aud": "kubernetes"}), invalidToken,
			"Incorrect token audience"},
		"no audience":    {token(map[string]any{"aud": nil}), invalidToken, lacks + "aud"},
		"audiences of 1": {token(map[string]any{"aud": []any{"a-client", 1}}), invalidToken, invalid},
		"azp of another, aud ours": {token(map[string]any{"azp": "another"}), invalidToken,
			"Incorrect token audience"},
		"an audience of a map": {token(map[string]any{"aud": map[string]any{}}), invalidToken,
			invalid},
		"azp that is a list": {token(map[string]any{"azp": []string{"a-client"}}), invalidToken, invalid},
		"expired": {token(map[string]any{"exp": minute(-3)}), "ExpiredTokenException",
			"Token expired: current date/time 1795867200 must be before the expiration " +
				"date/time1795867020"},
		"no exp":          {token(map[string]any{"exp": nil}), invalidToken, lacks + "exp"},
		"exp as text":     {token(map[string]any{"exp": "1795870800"}), invalidToken, invalid},
		"exp of no year":  {token(map[string]any{"exp": 1e300}), invalidToken, invalid},
		"issued later":    {token(map[string]any{"iat": minute(6)}), invalidToken, invalid},
		"no iat":          {token(map[string]any{"iat": nil}), invalidToken, lacks + "iat"},
		"begins later":    {token(map[string]any{"nbf": minute(6)}), invalidToken, invalid},
		"nbf as text":     {token(map[string]any{"nbf": "soon"}), invalidToken, invalid},
		"no sub":          {token(map[string]any{"sub": nil}), invalidToken, lacks + "sub"},
		"sub of nobody":   {token(map[string]any{"sub": ""}), invalidToken, invalid},
		"sub of a number": {token(map[string]any{"sub": 7}), invalidToken, invalid},
		"sub in two lines": {token(map[string]any{"sub": "till\nboss"}), invalidToken,
			invalid},
		"sub too long": {token(map[string]any{"sub": strings.Repeat("ä", 256)}), invalidToken, invalid},
		"issued long ago": {token(map[string]any{"iat": begin.Unix() - 441398}), "ExpiredTokenException",
			"Token too old: 441398"},
	} {
		_, err := verify(t, v, c.token, i.provider())
		refused(t, what, err, c.code, c.message)
	}
	if _, err := verify(t, v, good, i.provider()); err != nil {
		t.Error("after all of that a good one is refused:", err)
	}
}

// TestVerify_SeveralFaults_AreFoundInAWSsOrder: audience, key, signature, time, subject.
func TestVerify_SeveralFaults_AreFoundInAWSsOrder(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	v, _ := trusting(i, private)
	es := keys()["ES256"]
	said := map[string]any{"sub": nil}
	inOrder := []struct {
		what   string
		add    func()
		signer *signer
	}{
		{"Missing a required claim: sub", func() {}, es},
		{"Token expired: current date/time 1795867200 must be before the expiration date/time1",
			func() { said["exp"] = 1 }, es},
		{errNotValidated.Message, func() {}, &signer{es.id, "ES256", newAuthority().key}},
		{errNoKey.Message, func() {}, &signer{"another", "ES256", es.key}},
		{errAudience.Message, func() { said["aud"] = "x" }, &signer{"another", "ES256", es.key}},
	}
	for _, c := range inOrder {
		c.add()
		_, err := verify(t, v, i.token(c.signer, said), i.provider())
		if f := fault.Of(err); f == nil || f.Message != c.what {
			t.Errorf("%v, want %s", err, c.what)
		}
	}
}

// TestVerify_UnusualToken_IsBelieved: a clock may be five minutes ahead, an audience one of some.
func TestVerify_UnusualToken_IsBelieved(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	v, _ := trusting(i, private)
	soon := begin.Add(4 * time.Minute).Unix()
	for what, c := range map[string]struct {
		changes  map[string]any
		audience string
	}{
		"a clock ahead":        {map[string]any{"iat": soon, "nbf": soon}, "sts.amazonaws.com"},
		"no nbf":               {map[string]any{"nbf": nil}, "sts.amazonaws.com"},
		"a fraction":           {map[string]any{"exp": 1795870800.5}, "sts.amazonaws.com"},
		"one of two audiences": {map[string]any{"aud": []string{"x", "a-client"}}, "a-client"},
		"an audience as text":  {map[string]any{"aud": "a-client"}, "a-client"},
		"an authorized party":  {map[string]any{"azp": "a-client", "aud": "account"}, "a-client"},
		"a party, no audience": {map[string]any{"azp": "a-client", "aud": nil}, "a-client"},
	} {
		got, err := verify(t, v, i.token(keys()["ES256"], c.changes), i.provider())
		if err != nil || got.Audience != c.audience ||
			!slices.Equal(got.Values[i.name()+":aud"], []string{c.audience}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		party, _ := c.changes["azp"].(string)
		if err == nil && (got.AuthorizedParty != party ||
			!slices.Equal(got.Values[i.name()+":azp"], nonEmpty(party))) {
			t.Errorf("%s: the authorized party is %q, want %q", what, got.AuthorizedParty, party)
		}
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// TestParse_WeakAlgorithm_IsRefused: what anybody can make is refused before there is a look at
// the issuer, and whatever key it names.
func TestParse_WeakAlgorithm_IsRefused(t *testing.T) {
	i := newIssuer(t, newAuthority())
	good := i.token(keys()["RS256"], nil)
	_, rest, _ := strings.Cut(good, ".")
	payload, _, _ := strings.Cut(rest, ".")
	der, err := x509.MarshalPKIXPublicKey(keys()["RS256"].key.Public())
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"DER": der,
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
	tokens := map[string]string{}
	for form, secret := range secrets {
		text := encoded(`{"alg":"HS256","kid":"key of RS256"}`) + "." + payload
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		tokens["HS256 by "+form] = text + "." + encoded(string(mac.Sum(nil)))
	}
	for _, name := range []string{"none", "NONE", "", "rs256", "PS256", "EdDSA", "ES256K", "RS1"} {
		tokens[name] = encoded(`{"alg":"`+name+`"}`) + "." + payload + "."
	}
	for what, token := range tokens {
		_, err := Parse(token)
		refused(t, what, err, invalidToken, errNotJWT.Message)
	}
}

// TestParse_MalformedToken_IsRefused: there is one way to write a token.
func TestParse_MalformedToken_IsRefused(t *testing.T) {
	i := newIssuer(t, newAuthority())
	es := keys()["ES256"]
	good := i.token(es, nil)
	header, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	with := func(h, p string) string { return es.sign(t, h, p) }
	said := unencoded(t, payload)
	for what, token := range map[string]string{
		"empty":           "",
		"short":           "a.b",
		"opaque":          "an-access-token-that-is-none",
		"two parts":       header + "." + payload,
		"five parts":      good + ".a.b",
		"too long":        header + "." + payload + "." + strings.Repeat("A", longest),
		"with padding":    header + "=." + payload + "." + signature,
		"a line end":      header + ".\n" + payload + "." + signature,
		"a blank before":  " " + good,
		"trailing bits":   header + "." + payload + "." + signature[:len(signature)-1] + "B",
		"standard base64": header + "." + payload + ".++//",
		"JSON": `{"protected":"` + header + `","payload":"` + payload +
			`","signature":"AA"}`,
		"header of null":      with("null", said),
		"header of list":      with(`["ES256"]`, said),
		"payload of text":     with(es.header(), `"x"`),
		"payload of nothing":  with(es.header(), ""),
		"two payloads":        with(es.header(), said+said),
		"two algorithms":      with(`{"alg":"ES256","alg":"none"}`, said),
		"two subjects":        with(es.header(), strings.Replace(said, "{", `{"sub":"boss",`, 1)),
		"two in what is deep": with(es.header(), strings.Replace(said, "{", `{"a":[{"b":1,"b":2}],`, 1)),
		"two by an escape":    with(es.header(), strings.Replace(said, "{", `{"su\u0062":"boss",`, 1)),
		"no UTF-8":            with(es.header(), strings.Replace(said, "till", "t\xffll", 1)),
		"critical extensions": with(`{"alg":"ES256","crit":["b64"],"b64":false}`, said),
		"kid of a number":     with(`{"alg":"ES256","kid":7}`, said),
	} {
		_, err := Parse(token)
		refused(t, what, err, invalidToken, errNotJWT.Message)
	}
	_, err := Parse(with(es.header(), `{"sub":"x"}`))
	refused(t, "no issuer", err, invalidToken, "Missing a required claim: iss")
	for _, iss := range []string{"http://issuer.example.org", "accounts.google.com",
		"https://A.example",
		"file:///etc/passwd", "https://user@issuer.example.org"} {
		_, err := Parse(i.token(es, map[string]any{"iss": iss}))
		refused(t, iss, err, invalidToken, "No OpenIDConnect provider found in your account for "+iss)
	}
	_, err = Parse(i.token(es, map[string]any{"iss": "https://x\n" + strings.Repeat("ä", 300)}))
	if f := fault.Of(err); len(f.Message) > 320 || strings.ContainsAny(f.Message, "\nä") {
		t.Errorf("the answer repeats what was sent: %q", f.Message)
	}
}

func unencoded(t *testing.T, text string) string {
	t.Helper()
	b, err := unbase64(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestVerify_OddKeySets_AreRead: keys for other things and of unknown types are no hindrance, and
// none is used for what it isn't for.
func TestVerify_OddKeySets_AreRead(t *testing.T) {
	private := newAuthority()
	es := keys()["ES256"]
	secret := jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: es.id}
	encrypting, other, exact := es.public(), es.public(), es.public()
	encrypting.Use, other.Algorithm, exact.Algorithm, exact.Use = "enc", "RS256", "ES256", ""
	unnamed := *es
	unnamed.id = ""
	for what, c := range map[string]struct {
		set    []jose.JSONWebKey
		signer *signer
		good   bool
	}{
		"a secret beside it":    {[]jose.JSONWebKey{secret, es.public()}, es, true},
		"two with one id":       {[]jose.JSONWebKey{keys()["RS256"].public(), es.public()}, es, true},
		"for its algorithm":     {[]jose.JSONWebKey{exact}, es, true},
		"for encryption":        {[]jose.JSONWebKey{encrypting}, es, false},
		"for another algorithm": {[]jose.JSONWebKey{other}, es, false},
		"none":                  {nil, es, false},
		"the only one, unnamed": {[]jose.JSONWebKey{es.public(), keys()["RS256"].public()}, &unnamed,
			true},
		"one of several, unnamed": {[]jose.JSONWebKey{es.public(), es.public()}, &unnamed, false},
	} {
		i := newIssuer(t, private)
		v, _ := trusting(i, private)
		i.change(func() { i.set.Keys = c.set })
		header := c.signer.header()
		if c.signer.id == "" {
			header = `{"alg":"ES256"}`
		}
		_, rest, _ := strings.Cut(i.token(c.signer, nil), ".")
		payload, _, _ := strings.Cut(rest, ".")
		_, err := verify(t, v, c.signer.sign(t, header, unencoded(t, payload)), i.provider())
		if c.good && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if !c.good {
			refused(t, what, err, invalidToken, errNoKey.Message)
		}
	}
}

// FuzzParse looks for tokens that are read otherwise than go-jose reads them, and for names of
// issuers that are no part of an ARN.
func FuzzParse(f *testing.F) {
	payload := encoded(`{"iss":"https://issuer.example.org:8443/a","sub":"x","aud":["y"],"exp":1.5e9}`)
	for _, header := range []string{`{"alg":"ES256","kid":"a"}`, `{"alg":"none"}`, `{"alg":"RS256"}`,
		`{"alg":"HS256"}`, `{"alg":"RS256","alg":"none"}`, `{"alg":"RS256","crit":["b64"]}`} {
		f.Add(encoded(header) + "." + payload + ".AAAA")
	}
	f.Add(encoded(`{"alg":"ES256"}`) + "." + encoded(`{"iss":"http://[::1]:80"}`) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := Parse(text)
		if err != nil {
			if got := fault.Of(err); got.Code != invalidToken || len(got.Message) > 400 {
				t.Fatalf("%v", err)
			}
			return
		}
		if name, err := Name(token.Issuer); err != nil || name != token.Name ||
			!slices.Contains(algorithms, token.algorithm) {
			t.Fatalf("%q, %q by %q: %v", token.Issuer, token.Name, token.algorithm, err)
		}
		// What else is in there must do no harm either.
		c := &Claims{Audience: "y"}
		_ = c.times(token.claims, begin)
		if c.read(token) == nil && len(c.Values) > len(token.claims)+1 {
			t.Fatalf("%d values of %d claims", len(c.Values), len(token.claims))
		}
		names := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(token.algorithm)}
		if other, err := jose.ParseSignedCompact(text, names); err == nil &&
			string(other.UnsafePayloadWithoutVerification()) != string(token.payload) {
			t.Fatal("go-jose reads another payload")
		}
	})
}
