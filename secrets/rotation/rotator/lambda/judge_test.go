package lambda

import (
	"errors"
	"net/http"
	"regexp"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
)

// plain is what a text for the log may consist of, whatever an endpoint answers.
var plain = regexp.MustCompile(`^[ -~]{1,300}$`)

func FuzzJudge(f *testing.F) {
	f.Add(200, "Unhandled", "U1RBUlQ=", []byte(`{"errorMessage":"m","errorType":"E"}`))
	f.Add(502, "", "", []byte(`{"errorMessage":"m","errorType":"E"}`))
	f.Add(429, "x\ny", "*", []byte("Task timed out after 3.00 seconds"))
	f.Fuzz(func(t *testing.T, status int, kind, log string, text []byte) {
		function := &Function{bearer: "let-me-in", timeout: time.Minute}
		err := function.judge(&http.Response{StatusCode: status, Header: http.Header{
			"X-Amz-Function-Error": {kind}, "X-Amz-Log-Result": {log}, "X-Amzn-Errortype": {kind}}},
			text, rotator.Event{Step: rotator.SetSecret})
		var failed *rotator.Error
		if err != nil && (!errors.As(err, &failed) || !plain.MatchString(failed.Text)) {
			t.Errorf("got %q", err)
		}
	})
}
