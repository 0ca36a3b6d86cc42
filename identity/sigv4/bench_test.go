package sigv4_test

import (
	"net/http"
	"testing"

	"claviger/identity/sigv4"
)

// encrypt is a small request as the SDK for Go sends it.
func encrypt(t testing.TB) (*http.Request, []byte) {
	body := []byte(`{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","Plaintext":"c2VjcmV0IHNlY3JldCBzZWNyZXQ="}`)
	r := request(t, "POST", "/", body)
	for k, v := range map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Encrypt",
		"Accept-Encoding":       "identity",
		"Amz-Sdk-Invocation-Id": "0b8a4a2c-2c39-4fbb-9d32-b1a1a3b6e9a0",
		"Amz-Sdk-Request":       "attempt=1; max=3",
		"User-Agent": "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux " +
			"md/GOARCH#amd64 api/kms#1.62.4",
	} {
		r.Header.Set(k, v)
	}
	return r, body
}

func BenchmarkVerify(b *testing.B) {
	header, body := encrypt(b)
	query, _ := encrypt(b)
	for _, c := range []struct {
		name string
		sent sent
	}{{"header", sign(b, header, body)}, {"presigned", presign(b, query, body, hash(body))}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.sent.check(kms); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sigv4.DeriveKey([]byte(credentials.SecretAccessKey), "20261121", "eu-central-1", "kms")
	}
}
