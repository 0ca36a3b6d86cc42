package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"claviger/internal/outbound"
	"claviger/internal/outbound/outboundtest"
)

func door(t testing.TB, rows ...outbound.Allowed) *outbound.Door {
	t.Helper()
	d, err := outbound.New(rows)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fails holds an error to a reason.
func fails(t testing.TB, err error, want outbound.Reason) *outbound.Error {
	t.Helper()
	var e *outbound.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("it ends with %v, want %s", err, want)
	}
	return e
}

// TestCheck_URLThatIsNone_IsNamedWithoutItsSecrets: errors reach dead letters, and what stands in a
// query or before an @ may be a connection's credentials.
func TestCheck_URLThatIsNone_IsNamedWithoutItsSecrets(t *testing.T) {
	d := door(t, outbound.Allowed{URL: "https://hooks.example.com/"})
	for _, bad := range []string{"https://hooks.example.com/../a?key=SECRET",
		"https://hooks.example.com/%5ca?key=SECRET", "https://hooks.example.com/a?key=SECRET#f",
		"https://user:SECRET@hooks.example.com/a", "https://user:SECRET@hooks.example.com/a?b=c@d",
		"ftp://hooks.example.com/a?key=SECRET", "https://hooks.example.com:0/a?key=SECRET",
		"https://hooks.example.com/%zz?key=SECRET", "https://user:SECRET@/a",
		"https://other.example.com/a?key=SECRET", "user:SECRET@hooks.example.com/a",
		"https:user:SECRET@hooks.example.com"} {
		e := fails(t, d.Check(bad), outbound.NotAllowed)
		if strings.Contains(e.Error()+e.Host+e.Hint, "SECRET") {
			t.Errorf("%s: %v, at %s; %s", bad, e, e.Host, e.Hint)
		}
	}
}

// TestCheck_URL_IsAllowedByARowThatItBeginsWith, up to a whole step of its path, in whatever
// spelling.
func TestCheck_URL_IsAllowedByARowThatItBeginsWith(t *testing.T) {
	d := door(t, outbound.Allowed{URL: "https://hooks.example.com/claviger/"},
		outbound.Allowed{URL: "https://one.example.com/hook"},
		outbound.Allowed{URL: "https://all.example.com:8443"},
		outbound.Allowed{URL: "http://plain.example.com/"},
		outbound.Allowed{Address: "mail.example.com:465"})
	for _, fine := range []string{"https://hooks.example.com/claviger/", "https://hooks.example.com/claviger/a?b=c",
		"https://HOOKS.example.com:443/claviger/a/b", "https://hooks.example.com./claviger/a",
		"https://one.example.com/hook", "https://one.example.com/hook/a", "https://one.example.com/hook?a",
		"https://all.example.com:8443/anything", "https://all.example.com:8443?a=b",
		"http://plain.example.com:80/x", "https://hooks.example.com/claviger/a%20b",
		"https://hooks.example.com/claviger/a%2Fb"} {
		if err := d.Check(fine); err != nil {
			t.Errorf("%s is refused: %v", fine, err)
		}
	}
	for _, bad := range []string{"https://hooks.example.com/", "https://hooks.example.com/claviger",
		"https://hooks.example.com/clavigera", "https://one.example.com/hooks",
		"https://hooks.example.com/claviger/../other", "https://hooks.example.com/claviger/%2e%2e/other",
		"https://hooks.example.com/claviger/..%2fother", "https://hooks.example.com/claviger/%5c..",
		"https://hooks.example.com/claviger%2Fa", "https://hooks.example.com/%63laviger/a",
		"http://hooks.example.com/claviger/a", "https://plain.example.com/x",
		"https://hooks.example.com:8443/claviger/a", "https://user@hooks.example.com/claviger/a",
		"https://hooks.example.com/claviger/a#b", "https://hooks.example.com.evil.com/claviger/",
		"https://evil.com/https://hooks.example.com/claviger/", "https://all.example.com/",
		"ftp://hooks.example.com/claviger/", "https:hooks.example.com", "//hooks.example.com/claviger/",
		"https://mail.example.com:465/", "", "https://", "https://hooks.example.com@evil.com/claviger/",
		"https://hooks.example.com:0/claviger/", "https://hooks.example.com:99999/claviger/",
		"https://[::1%25eth0]/", "https://*/"} {
		fails(t, d.Check(bad), outbound.NotAllowed)
	}
	var none *outbound.Door
	fails(t, none.Check("https://hooks.example.com/claviger/"), outbound.NotAllowed)
	if err := d.CheckAddress("MAIL.example.com:465"); err != nil {
		t.Error(err)
	}
	e := fails(t, d.CheckAddress("mail.example.com:25"), outbound.NotAllowed)
	if e.Hint != `add [[outbound.allow]] with address = "mail.example.com:25" to the configuration` {
		t.Errorf("the hint is %q", e.Hint)
	}
	e = fails(t, d.Check("https://other.example.com/x"), outbound.NotAllowed)
	const hint = `add [[outbound.allow]] with url = "https://other.example.com:443/" to the configuration`
	if e.Hint != hint || strings.Contains(e.Error(), "allow]]") {
		t.Errorf("the error is %q with the hint %q", e, e.Hint)
	}
}

func TestNew_RowsThatCanNotBe_AreRefused(t *testing.T) {
	for _, rows := range [][]outbound.Allowed{{{}}, {{URL: "https://a.example.com", Address: "a:1"}},
		{{URL: "a.example.com"}}, {{URL: "https://a.example.com/?q"}}, {{URL: "https://a.example.com/?"}},
		{{URL: "https://a.example.com/#f"}},
		{{URL: "https://a.example.com/a%2Fb/"}}, {{URL: "https://u:p@a.example.com/"}}, {{Address: "a"}},
		{{Address: "a:0"}}, {{Address: ":25"}}, {{Address: "*:25"}}, {{URL: "https://*.example.com/"}},
		{{URL: "https://a.example.com"}, {URL: "https://A.example.com:443/"}},
		{{Address: "a:1"}, {Address: "A:1"}},
		{{URL: "http://a.example.com/", Roots: outboundtest.Authority()}}} {
		if _, err := outbound.New(rows); err == nil {
			t.Errorf("%+v is taken", rows)
		}
	}
}

// TestMayReach_Address_IsOfTheInternetUnlessSaid: also one that stands in another one.
func TestMayReach_Address_IsOfTheInternetUnlessSaid(t *testing.T) {
	for address, want := range map[string]struct{ usual, private bool }{
		"93.184.215.14": {true, true}, "2606:2800:21f:cb07:6820:80da:af6b:8b2c": {true, true},
		"10.1.2.3": {false, true}, "172.16.0.1": {false, true}, "172.31.255.255": {false, true},
		"172.32.0.1": {true, true}, "192.168.1.1": {false, true}, "127.0.0.1": {false, true},
		"127.8.8.8": {false, true}, "169.254.169.254": {false, true}, "100.64.0.1": {false, true},
		"::1": {false, true}, "fe80::1": {false, true}, "fd00::1": {false, true},
		"fec0::1": {false, true}, "::ffff:10.0.0.1": {false, true}, "::ffff:93.184.215.14": {true, true},
		"64:ff9b::10.0.0.1": {false, true}, "64:ff9b::93.184.215.14": {true, true},
		"2002:0a00:0001::1": {false, true}, "2002:5db8:d70e::1": {true, true},
		"::10.0.0.1": {false, true},
		"0.0.0.0":    {}, "0.1.2.3": {}, "::": {}, "224.0.0.1": {}, "255.255.255.255": {}, "ff02::1": {},
		"240.0.0.1": {}, "::ffff:0.0.0.0": {},
	} {
		a := netip.MustParseAddr(address)
		for private, want := range map[bool]bool{false: want.usual, true: want.private} {
			err := outbound.MayReach(outbound.Allowed{URL: "https://a.example.com/", Private: private}, a)
			if (err == nil) != want {
				t.Errorf("%s with private = %v: %v", address, private, err)
			}
		}
	}
}

// TestDo_NameOfAPrivateAddress_IsRefusedWhenItIsDialled: resolving it is what tells.
func TestDo_NameOfAPrivateAddress_IsRefusedWhenItIsDialled(t *testing.T) {
	r := outboundtest.Start(t)
	d := door(t, outbound.Allowed{URL: r.URL, Roots: outboundtest.Authority()})
	_, err := d.Do(t.Context(), outbound.Request{Method: "POST", URL: r.URL, Timeout: time.Minute})
	e := fails(t, err, outbound.NotAllowed)
	if !strings.Contains(e.Hint, "private = true") ||
		!strings.Contains(e.Error(), "no address of the Internet") {
		t.Errorf("the error is %q with the hint %q", e, e.Hint)
	}
	if len(r.Seen()) != 0 {
		t.Error("it was asked all the same")
	}
	_, err = door(t, outbound.Allowed{Address: strings.TrimPrefix(r.URL, "https://")}).
		Dial(t.Context(), strings.TrimPrefix(r.URL, "https://"))
	fails(t, err, outbound.NotAllowed)
}

func TestDo_Request_ComesAsItIsAndAlone(t *testing.T) {
	var got *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		got = q
		w.Header().Set("Set-Cookie", "a=b")
		_, _ = w.Write([]byte("answer"))
	}))
	defer s.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	d := door(t, outbound.Allowed{URL: s.URL, Private: true})
	for range 2 {
		a, err := d.Do(t.Context(), outbound.Request{Method: "PUT", URL: s.URL + "/a?b=c",
			Header: http.Header{"x-own": {"1"}, "Host": {"evil.example.com"}}, Body: []byte("x"),
			Timeout: time.Minute, Most: 100})
		if err != nil {
			t.Fatal(err)
		}
		if string(a.Body) != "answer" || a.Status != 200 {
			t.Errorf("the answer is %+v", a)
		}
		if got.Method != "PUT" || got.URL.String() != "/a?b=c" || got.Header.Get("X-Own") != "1" ||
			got.ContentLength != 1 || "http://"+got.Host != s.URL || !got.Close ||
			got.Header.Get("Cookie") != "" || got.Header.Get("Accept-Encoding") != "" {
			t.Errorf("the request is %s %s of %s with %v", got.Method, got.URL, got.Host, got.Header)
		}
	}
	_, err := d.Do(t.Context(), outbound.Request{Method: "GET", URL: s.URL, Timeout: time.Minute,
		Most: 5})
	fails(t, err, outbound.TooLarge)
	_, err = d.Do(t.Context(), outbound.Request{Method: "G T", URL: s.URL, Timeout: time.Minute})
	fails(t, err, outbound.Malformed)
	_, err = d.Do(t.Context(), outbound.Request{Method: "GET", URL: s.URL, Timeout: time.Minute,
		Header: http.Header{"A": {"b\r\nc"}}})
	fails(t, err, outbound.Malformed)
}

// TestDo_ReceiverFromHell_EndsInTime with a reason, and no redirect is followed.
func TestDo_ReceiverFromHell_EndsInTime(t *testing.T) {
	reasons := map[outboundtest.Mood]outbound.Reason{outboundtest.Hangs: outbound.TimedOut,
		outboundtest.Drips:  outbound.TimedOut,
		outboundtest.Resets: outbound.CutOff, outboundtest.TakesAndKills: outbound.CutOff,
		outboundtest.Endless: outbound.Malformed, outboundtest.Babbles: outbound.Malformed}
	statuses := map[outboundtest.Mood]int{outboundtest.Redirects: 307, outboundtest.Broken: 500,
		outboundtest.Busy: 429, outboundtest.Refuses: 400}
	r := outboundtest.Start(t)
	d := door(t, outbound.Allowed{URL: r.URL, Roots: outboundtest.Authority(), Private: true})
	for _, m := range outboundtest.Bad() {
		r.Is(m)
		a, err := d.Do(t.Context(), outbound.Request{Method: "POST", URL: r.URL, Body: []byte("x"),
			Timeout: 500 * time.Millisecond, Most: 1 << 20})
		if status, ok := statuses[m]; ok {
			if err != nil || a.Status != status {
				t.Errorf("mood %d: %+v, %v", m, a, err)
			}
			continue
		}
		fails(t, err, reasons[m])
	}
	if len(r.Taken()) != 0 {
		t.Errorf("a redirect was followed: %v", r.Taken())
	}
}

func TestDo_CertificateOfAnother_IsNotTrusted(t *testing.T) {
	for name, row := range map[string]outbound.Allowed{
		"another name": {URL: outboundtest.Impostor(t), Roots: outboundtest.Authority(),
			Private: true},
		"another authority": {URL: outboundtest.Start(t).URL, Private: true},
	} {
		_, err := door(t, row).Do(t.Context(), outbound.Request{Method: "POST", URL: row.URL,
			Timeout: time.Minute})
		if e := fails(t, err, outbound.Untrusted); !strings.Contains(e.Hint, "ca_file") {
			t.Errorf("%s: the hint is %q", name, e.Hint)
		}
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	address := strings.Replace(plain.URL, "http:", "https:", 1)
	_, err := door(t, outbound.Allowed{URL: address, Private: true}).Do(t.Context(),
		outbound.Request{Method: "POST", URL: address, Timeout: time.Minute})
	fails(t, err, outbound.Untrusted)
}

func TestDo_NobodyThere_IsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	address := "https://" + l.Addr().String()
	d := door(t, outbound.Allowed{URL: address, Private: true},
		outbound.Allowed{URL: "https://nobody.invalid/"})
	_, err = d.Do(t.Context(), outbound.Request{Method: "POST", URL: address, Timeout: time.Minute})
	fails(t, err, outbound.Unreachable)
	_, err = d.Do(t.Context(), outbound.Request{Method: "POST", URL: "https://nobody.invalid/",
		Timeout: 5 * time.Second})
	var e *outbound.Error
	if !errors.As(err, &e) || e.Reason != outbound.Unreachable && e.Reason != outbound.TimedOut {
		t.Errorf("a name that isn't there ends with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Do(ctx, outbound.Request{Method: "POST", URL: address, Timeout: time.Minute})
	fails(t, err, outbound.CutOff)
}

func TestDialTLS_Address_IsTheOneThatIsListed(t *testing.T) {
	r := outboundtest.Start(t)
	address := strings.TrimPrefix(r.URL, "https://")
	d := door(t, outbound.Allowed{Address: address, Roots: outboundtest.Authority(), Private: true})
	conn, err := d.DialTLS(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	_, err = door(t, outbound.Allowed{Address: address, Private: true}).DialTLS(t.Context(), address)
	fails(t, err, outbound.Untrusted)
	_, err = d.DialTLS(t.Context(), "localhost:1")
	fails(t, err, outbound.NotAllowed)
}

func FuzzCheck(f *testing.F) {
	for _, text := range []string{"https://hooks.example.com/claviger/a", "https://hooks.example.com/claviger/%2e%2e/b",
		"https://hooks.example.com:443/claviger/../b", "http://[::1]/", "https://a@hooks.example.com/claviger/"} {
		f.Add(text)
	}
	d, err := outbound.New([]outbound.Allowed{{URL: "https://hooks.example.com/claviger/"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d.Check(text) != nil {
			return
		}
		q, err := http.NewRequest("GET", text, nil)
		if err != nil ||
			!strings.EqualFold(strings.TrimSuffix(q.URL.Hostname(), "."), "hooks.example.com") ||
			!strings.HasPrefix(q.URL.Path, "/claviger/") || strings.Contains(q.URL.Path, "/../") {
			t.Errorf("%q is allowed and leads to %v: %v", text, q, err)
		}
	})
}
