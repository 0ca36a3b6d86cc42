package sigv4_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"claviger/identity/sigv4"
)

// mutations change what a request means, or who signed it. A mutation that finds nothing to change
// returns false.
var mutations = []struct {
	name   string
	mutate func(rnd *rand.Rand, s *sent) bool
}{
	{"method", func(_ *rand.Rand, s *sent) bool { s.Method += "X"; return true }},
	{"path longer", func(_ *rand.Rand, s *sent) bool { s.URL = s.URL.JoinPath("x"); return true }},
	{"path letter", func(_ *rand.Rand, s *sent) bool {
		s.URL.RawPath = ""
		s.URL.Path = strings.Replace(s.URL.Path, "x", "X", 1)
		return strings.Contains(s.URL.Path, "X")
	}},
	{"path slash", func(_ *rand.Rand, s *sent) bool {
		s.URL.RawPath = ""
		s.URL.Path = "/" + s.URL.Path
		return true
	}},
	{"query parameter added",
		func(_ *rand.Rand, s *sent) bool { s.URL.RawQuery += "&more=1"; return true }},
	{"query name added", func(_ *rand.Rand,
		s *sent) bool {
		s.URL.RawQuery += "&more"
		return true
	}},
	{"query empty name added",
		func(_ *rand.Rand, s *sent) bool { s.URL.RawQuery += "&="; return true }},
	{"query semicolon added",
		func(_ *rand.Rand, s *sent) bool { s.URL.RawQuery += "&;"; return true }},
	{"query value", func(_ *rand.Rand, s *sent) bool {
		s.URL.RawQuery += "%20"
		return s.URL.RawQuery != "%20" && !strings.Contains(s.URL.RawQuery, "X-Amz-Signature")
	}},
	{"query parameter dropped", func(_ *rand.Rand, s *sent) bool {
		_, rest, more := strings.Cut(s.URL.RawQuery, "&")
		s.URL.RawQuery = rest
		return more
	}},
	{"query name escaped", func(_ *rand.Rand, s *sent) bool {
		old := s.URL.RawQuery
		s.URL.RawQuery = strings.Replace(old, "X-Amz-Expires=600", "X-Amz%2DExpires=601", 1)
		return s.URL.RawQuery != old
	}},
	{"expiry", func(_ *rand.Rand, s *sent) bool {
		old := s.URL.RawQuery
		s.URL.RawQuery = strings.Replace(old, "X-Amz-Expires=600", "X-Amz-Expires=6000", 1)
		return s.URL.RawQuery != old
	}},
	{"host", func(_ *rand.Rand, s *sent) bool { s.Host = "x" + s.Host; return true }},
	{"signed header", func(_ *rand.Rand, s *sent) bool {
		return onHeader(s, func(v []string) []string { return []string{v[0] + "x"} })
	}},
	{"signed header again", func(_ *rand.Rand, s *sent) bool {
		return onHeader(s, func(v []string) []string { return append(v, "x") })
	}},
	{"signed header emptied",
		func(_ *rand.Rand, s *sent) bool {
			return onHeader(s,
				func([]string) []string { return []string{""} })
		}},
	{"signed header gone", func(_ *rand.Rand,
		s *sent) bool {
		return onHeader(s, func([]string) []string { return nil })
	}},
	{"x-amz header added", func(_ *rand.Rand,
		s *sent) bool {
		s.Header.Set("X-Amz-Late", "1")
		return true
	}},
	{"x-amz header in small letters",
		func(_ *rand.Rand, s *sent) bool { s.Header["x-amz-late"] = []string{"1"}; return true }},
	{"body longer", func(_ *rand.Rand, s *sent) bool { s.body = append(s.body, 0); return true }},
	{"body shorter", func(_ *rand.Rand, s *sent) bool {
		if len(s.body) > 0 {
			s.body = s.body[1:]
			return true
		}
		return false
	}},
	{"body bit", func(rnd *rand.Rand, s *sent) bool {
		if len(s.body) == 0 {
			return false
		}
		s.body[rnd.IntN(len(s.body))] ^= 1 << rnd.IntN(8)
		return true
	}},
	{"access key's scope day",
		func(_ *rand.Rand, s *sent) bool { return inAuth(s, "20261121", "20261122") }},
	{"signed header unsigned",
		func(_ *rand.Rand, s *sent) bool { return inAuth(s, "amz-sdk-invocation-id;", "") }},
	{"signed headers' order", func(_ *rand.Rand, s *sent) bool {
		return inAuth(s, "amz-sdk-invocation-id;content-length", "content-length;amz-sdk-invocation-id")
	}},
	{"signed header twice", func(_ *rand.Rand,
		s *sent) bool {
		return inAuth(s, "host", "host;host")
	}},
	{"signed header in capitals",
		func(_ *rand.Rand, s *sent) bool { return inAuth(s, "amz-sdk", "Amz-sdk") }},
	{"signature digit", func(rnd *rand.Rand, s *sent) bool {
		return onSignature(s, func(sig string) string {
			b := []byte(sig)
			i := rnd.IntN(len(b))
			b[i] = "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", b[i])+1)%16]
			return string(b)
		})
	}},
	{"signature in capitals",
		func(_ *rand.Rand, s *sent) bool { return onSignature(s, strings.ToUpper) }},
	{"signature shorter", func(_ *rand.Rand,
		s *sent) bool {
		return onSignature(s, func(sig string) string { return sig[:63] })
	}},
	{"signature longer", func(_ *rand.Rand,
		s *sent) bool {
		return onSignature(s, func(sig string) string { return sig + "0" })
	}},
	{"signature empty", func(_ *rand.Rand,
		s *sent) bool {
		return onSignature(s, func(string) string { return "" })
	}},
}

// onHeader changes the header that every request of the test signs.
func onHeader(s *sent, change func([]string) []string) bool {
	const name = "Amz-Sdk-Invocation-Id"
	if v := change(s.Header[name]); v != nil {
		s.Header[name] = v
	} else {
		delete(s.Header, name)
	}
	return true
}

// inAuth replaces text in the Authorization header, or in the query of a presigned request.
func inAuth(s *sent, old, text string) bool {
	auth := s.Header.Get("Authorization")
	if auth == "" {
		escape := strings.NewReplacer(";", "%3B", "/", "%2F")
		before := s.URL.RawQuery
		s.URL.RawQuery = strings.Replace(before, escape.Replace(old), escape.Replace(text), 1)
		return before != s.URL.RawQuery
	}
	s.Header.Set("Authorization", strings.Replace(auth, old, text, 1))
	return s.Header.Get("Authorization") != auth
}

// onSignature changes the signature's hexadecimal digits.
func onSignature(s *sent, change func(string) string) bool {
	auth, query := s.Header.Get("Authorization"), s.URL.RawQuery
	if _, sig, ok := strings.Cut(auth, "Signature="); ok {
		return inAuth(s, sig, change(sig))
	}
	_, sig, _ := strings.Cut(query, "X-Amz-Signature=")
	return inAuth(s, sig, change(sig))
}

// TestVerify_AlteredRequest_IsRefused signs random requests and refuses each of
// them after any change.
func TestVerify_AlteredRequest_IsRefused(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	tried := map[string]int{}
	for i := range 300 {
		r, body := random(t, rnd)
		r.Header.Set("Amz-Sdk-Invocation-Id", "c2f9")
		var good sent
		if i%2 == 0 {
			good = sign(t, r, body)
		} else {
			good = presign(t, r, body, hash(body))
		}
		if err := good.check(kms); err != nil {
			t.Fatal(err)
		}
		for _, m := range mutations {
			bad := good.clone()
			if !m.mutate(rnd, &bad) {
				continue
			}
			tried[m.name]++
			if err := bad.check(kms); err == nil {
				t.Errorf("%s: accepted %s %s %v", m.name, bad.Method, bad.URL, bad.Header)
			}
		}
	}
	for _, m := range mutations {
		if tried[m.name] < 20 {
			t.Errorf("%s: tried only %d times", m.name, tried[m.name])
		}
	}
}

// TestVerify_OtherKey_IsRefused refuses a good request under the keys of another secret, day,
// Region or service.
func TestVerify_OtherKey_IsRefused(t *testing.T) {
	r := sign(t, request(t, "POST", "/", nil), nil)
	p, err := sigv4.Parse(r.Request, signedAt, kms)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*sigv4.SigningKey{
		{},
		sigv4.DeriveKey([]byte("another"), "20261121", "eu-central-1", "kms"),
		sigv4.DeriveKey([]byte(credentials.SecretAccessKey), "20261122", "eu-central-1", "kms"),
		sigv4.DeriveKey([]byte(credentials.SecretAccessKey), "20261121", "eu-west-1", "kms"),
		sigv4.DeriveKey([]byte(credentials.SecretAccessKey), "20261121", "eu-central-1", "ssm"),
	} {
		if p.Verify(r.Request, r.body, key) == nil {
			t.Error("verified under another key")
		}
	}
	if err := p.Verify(r.Request, r.body, kmsKey); err != nil {
		t.Error(err)
	}
}
