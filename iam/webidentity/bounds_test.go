package webidentity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestVerify_Bounds_AreExact: what is just within is believed, and what is just beyond is not.
func TestVerify_Bounds_AreExact(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	at := func(d time.Duration) int64 { return begin.Add(d).Unix() }
	claims := func(n int) map[string]any {
		many := map[string]any{}
		for k := range n - len(i.claims()) {
			many[fmt.Sprint("claim", k)] = k
		}
		return many
	}
	for what, c := range map[string]struct{ within, beyond map[string]any }{
		"age":    {map[string]any{"iat": at(-oldest)}, map[string]any{"iat": at(-oldest - time.Second)}},
		"skew":   {map[string]any{"iat": at(skew)}, map[string]any{"iat": at(skew + time.Second)}},
		"begin":  {map[string]any{"nbf": at(skew)}, map[string]any{"nbf": at(skew + time.Second)}},
		"expiry": {map[string]any{"exp": at(time.Second)}, map[string]any{"exp": at(0)}},
		"year":   {map[string]any{"exp": 253402300799}, map[string]any{"exp": 253402300800}},
		"subject": {map[string]any{"sub": strings.Repeat("ä", 255)},
			map[string]any{"sub": strings.Repeat("a", 256)}},
		"claims": {claims(mostClaims), claims(mostClaims + 1)},
	} {
		if _, err := custom(t, i, v, c.within); err != nil {
			t.Errorf("%s: just within: %v", what, err)
		}
		if _, err := custom(t, i, v, c.beyond); err == nil {
			t.Errorf("%s: just beyond is believed", what)
		}
	}
	got, err := custom(t, i, v, map[string]any{"exp": float64(at(time.Hour)) + 0.5})
	if err != nil || !got.Expires.Equal(begin.Add(time.Hour+500*time.Millisecond)) {
		t.Errorf("a fraction: %+v, %v", got, err)
	}
}

// TestParse_LongestToken_IsRead, and one that has a character more is not.
func TestParse_LongestToken_IsRead(t *testing.T) {
	prefix, rest, blanks := "", 0, ""
	for rest%4 != 2 { // so that both lengths of a signature are lengths of base64
		payload := `{"iss":"https://issuer.example.org"}` + blanks
		prefix = encoded(`{"alg":"ES256"}`) + "." + encoded(payload) + "."
		rest, blanks = longest-len(prefix), blanks+" "
	}
	if _, err := Parse(prefix + strings.Repeat("A", rest)); err != nil {
		t.Error(err)
	}
	if _, err := Parse(prefix + strings.Repeat("A", rest+1)); err == nil {
		t.Error("a longer one is read")
	}
}

// TestVerify_AgeOfKeys_IsExact: after an hour the issuer is asked, and after six it must answer.
func TestVerify_AgeOfKeys_IsExact(t *testing.T) {
	i := newIssuer(t, nil)
	clock := &clock{}
	v := New(Config{Now: clock.now})
	use := func() error {
		_, err := custom(t, i, v, map[string]any{"exp": begin.Add(24 * time.Hour).Unix()})
		return err
	}
	for k, c := range []struct {
		after time.Duration
		asked int64
	}{{0, 1}, {believed - 1, 1}, {1, 2}, {believed, 3}} {
		clock.moves(c.after)
		if err := use(); err != nil || i.asked.Load() != c.asked {
			t.Errorf("%d: asked %d times, want %d: %v", k, i.asked.Load(), c.asked, err)
		}
	}
	i.change(func() { i.instead = http.NotFound })
	clock.moves(stale - 1)
	if err := use(); err != nil {
		t.Error("just before they are stale:", err)
	}
	clock.moves(1)
	refused(t, "stale", use(), "IDPCommunicationError", errUnreachable.Message)
}

// TestBounded_Body_FailsBehindItsBound, however it is read.
func TestBounded_Body_FailsBehindItsBound(t *testing.T) {
	for _, c := range []struct {
		size int
		good bool
	}{{0, true}, {mostBody - 1, true}, {mostBody, true}, {mostBody + 1, false},
		{2 * mostBody, false}} {
		for name, read := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "in halves": iotest.HalfReader,
			"data with the end": iotest.DataErrReader} {
			b := &bounded{body: io.NopCloser(read(strings.NewReader(strings.Repeat("a", c.size)))),
				left: mostBody}
			got, err := io.ReadAll(b)
			if (err == nil) != c.good || c.good && len(got) != c.size || len(got) > mostBody {
				t.Errorf("%d bytes %s: %d, %v", c.size, name, len(got), err)
			}
		}
	}
}

// TestVerify_Redirects_AreCounted: three are followed. As many keys as AWS reads are read.
func TestVerify_Redirects_AreCounted(t *testing.T) {
	for hops, good := range map[int]bool{mostRedirects: true, mostRedirects + 1: false} {
		i := newIssuer(t, nil)
		i.change(func() {
			for range mostKeys - 1 {
				i.set.Keys = append(i.set.Keys, keys()["ES384"].public())
			}
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				if strings.Count(q.URL.Path, "/on") < hops {
					http.Redirect(w, q, "/on"+q.URL.Path, http.StatusFound)
					return
				}
				i.serve(w, q)
			}
		})
		_, err := custom(t, i, New(Config{Now: (&clock{}).now}), nil)
		if (err == nil) != good {
			t.Errorf("%d redirects: %v", hops, err)
		}
	}
}

// TestVerify_ManyKeysOfOneID_AreNotAllTried.
func TestVerify_ManyKeysOfOneID_AreNotAllTried(t *testing.T) {
	for others, good := range map[int]bool{mostOfID - 1: true, mostOfID: false} {
		i := newIssuer(t, nil)
		i.change(func() {
			right := i.set.Keys[0]
			i.set.Keys = nil
			for range others {
				key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				other := right
				other.Key = key.Public()
				i.set.Keys = append(i.set.Keys, other)
			}
			i.set.Keys = append(i.set.Keys, right)
		})
		_, err := custom(t, i, New(Config{Now: (&clock{}).now}), nil)
		if (err == nil) != good {
			t.Errorf("%d others of its id: %v", others, err)
		}
	}
}

// TestVerify_ManyIssuersAtOnce_AreAskedInTurn: one whose turn doesn't come counts as out of reach.
func TestVerify_ManyIssuersAtOnce_AreAskedInTurn(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now, Timeout: 50 * time.Millisecond})
	for range mostFetches {
		v.fetches <- struct{}{}
	}
	_, err := custom(t, i, v, nil)
	refused(t, "no turn", err, "IDPCommunicationError", errUnreachable.Message)
	if i.asked.Load() != 0 {
		t.Error("it was asked all the same")
	}
	<-v.fetches
	if _, err := custom(t, i, v, nil); err != nil {
		t.Error(err)
	}
	if len(v.fetches) != mostFetches-1 {
		t.Error("a turn was not given back")
	}
}

// TestVerify_ManyIssuersOfOneAccount_KeepNobodyOut: another account's issuers are asked.
func TestVerify_ManyIssuersOfOneAccount_KeepNobodyOut(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	p := i.provider()
	for range mostOfOne {
		if !v.begin(p.account()) {
			t.Fatal("too few may be asked")
		}
	}
	_, err := custom(t, i, v, nil)
	refused(t, "too many", err, "IDPCommunicationError", errUnreachable.Message)
	p.ARN = strings.Replace(p.ARN, p.account(), "444455556666", 1)
	if _, err := verify(t, v, i.token(keys()["ES256"], nil), p); err != nil {
		t.Errorf("of another account: %v", err)
	}
	v.end("111122223333")
	if _, err := custom(t, i, v, nil); err != nil {
		t.Error(err)
	}
	if v.running["111122223333"] != mostOfOne-1 || len(v.running) != 1 {
		t.Errorf("%v are asked", v.running)
	}
}

// TestAuthorities_File_IsReadAsAWhole or not at all.
func TestAuthorities_File_IsReadAsAWhole(t *testing.T) {
	one, two := newAuthority(), newAuthority()
	certificate := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	leaf := one.server(t).Certificate[0]
	all := one.pool()
	all.AddCert(two.certificate)
	both := certificate(one.certificate.Raw) + "# another\n" + certificate(two.certificate.Raw)
	for what, c := range map[string]struct {
		text string
		good bool
	}{
		"two":           {both, true},
		"blanks behind": {both + "\n\n", true},
		"empty":         {"", false},
		"text":          {"x", false},
		"text behind":   {both + "x", false},
		"a server's":    {both + certificate(leaf), false},
		"a torn one":    {both + certificate([]byte("x")), false},
		"a key":         {strings.ReplaceAll(both, "CERTIFICATE", "PRIVATE KEY"), false},
	} {
		path := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		pool, err := Authorities(path)
		if (err == nil) != c.good || c.good && !pool.Equal(all) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Authorities(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
