package sigv4_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"claviger/identity/sigv4"
)

// TestVerify_CurlsSignature_Fits lets curl sign requests: it signs the path as sent in some
// versions, and no body's hash in a header.
func TestVerify_CurlsSignature_Fits(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p, err := sigv4.Parse(r, time.Now(), kms)
		if err == nil {
			c := p.Credential
			err = p.Verify(r, body, sigv4.DeriveKey([]byte(credentials.SecretAccessKey), c.Date,
				c.Region, c.Service))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	}))
	defer server.Close()
	for _, args := range [][]string{
		{"/"},
		{"/v1/keys/alias/app"},
		{"/v1/secrets/value/prod%2Fdb%20x/y:z@1"},
		{"/v1/keys?limit=10&marker=a%2Fb%3D"},
		{"/v1/keys/encrypt/alias/app", "--data", `{"Plaintext":"AA=="}`, "-H",
			"Content-Type: application/json"},
		{"/", "--data", "{}", "-H", "X-Amz-Target: TrentService.ListKeys", "-H",
			"Content-Type:  application/x-amz-json-1.1"},
		{"/v1/keys", "-X", "DELETE", "-H", "X-Amz-Security-Token: abc=="},
	} {
		args[0] = server.URL + args[0]
		out, err := exec.CommandContext(t.Context(), curl,
			append([]string{"--silent", "--show-error", "--fail-with-body", "--path-as-is",
				"--user", credentials.AccessKeyID + ":" + credentials.SecretAccessKey, "--aws-sigv4",
				"aws:amz:eu-central-1:kms"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}
