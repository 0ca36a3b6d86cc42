package servicetest_test

import (
	"net/http"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestPath_SignedRequests_AreServedOnAny: botocore signs a path without repeated slashes and dot
// segments, the SDK for Go as it is sent. Both are served, and a path that says something is
// signed.
func TestPath_SignedRequests_AreServedOnAny(t *testing.T) {
	s := servicetest.Start(t)
	for _, x := range []struct {
		signed, sent string
		status       int
	}{
		{"/", "//", 200}, {"//", "//", 200}, {"/prefix", "/prefix", 200}, {"/prefix/", "/prefix/", 200},
		{"/b/", "/a/.././b//", 200}, {"/", "/prefix", 400}, {"/prefix", "/", 400},
	} {
		a := s.Send(t, servicetest.Request{Path: x.signed, Target: "TrentService.ListKeys",
			Type: "application/x-amz-json-1.1", Body: []byte(`{}`),
			Tamper: func(r *http.Request) { r.URL.Path, r.URL.RawPath = x.sent, x.sent }})
		if a.Status != x.status || x.status != 200 && a.Code() != "InvalidSignatureException" {
			t.Errorf("signed for %s, sent to %s: answered %d %s", x.signed, x.sent, a.Status, a.Body)
		}
	}
	for _, endpoint := range []string{"/", "/prefix", "/prefix/"} {
		at := func(o *kms.Options) { o.BaseEndpoint = aws.String(s.URL + endpoint) }
		if _, err := s.KMS().ListKeys(t.Context(), &kms.ListKeysInput{}, at); err != nil {
			t.Errorf("the SDK at %s: %v", endpoint, err)
		}
	}
}

// TestPath_REST_IsSignedAsSent: what says which resource is meant has one form.
func TestPath_REST_IsSignedAsSent(t *testing.T) {
	s := servicetest.Start(t)
	for signed, sent := range map[string]string{"/v1/keys": "/v1//keys",
		"/v1/aliases": "/v1/x/../aliases"} {
		a := s.Send(t, servicetest.Request{Method: "GET", Path: signed, Service: "kms",
			Tamper: func(r *http.Request) { r.URL.Path, r.URL.RawPath = sent, sent }})
		if a.Status == 200 {
			t.Errorf("signed for %s, sent to %s: answered %d %s", signed, sent, a.Status, a.Body)
		}
	}
}
