// Package lambda is the rotator of kind lambda: a function that is invoked as AWS Lambda's Invoke
// operation has it, by POST of the event to /2015-03-31/functions/NAME/invocations. A rotation
// function that was written for AWS runs behind it unchanged, in a Lambda Runtime Interface
// Emulator or in anything else that speaks its protocol.
//
// Who may be invoked is the configuration alone: there is one URL, redirects aren't followed and
// the environment's proxies not asked. Requests aren't signed, as the emulator looks at no
// signature; who the service is is shown by its certificate, or by a bearer token. The function
// brings credentials of its own for what it asks of the service.
package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"claviger/secrets/rotation/rotator"
)

// mostAnswer is how much Lambda answers at most when it is waited for, in bytes ("Lambda quotas").
const mostAnswer = 6 << 20

// Function invokes a function. It is safe for use by several goroutines.
type Function struct {
	url     string
	bearer  string
	tail    bool
	timeout time.Duration
	client  *http.Client
	slots   chan struct{} // for each invocation at a time
}

// Invoke implements [rotator.Function]. A function that fails is [rotator.Failed], with the type of
// its error in the text. Its message and the end of its log come as [rotator.Output]: they are the
// function's own words, and may hold anything.
func (f *Function) Invoke(ctx context.Context, e rotator.Event, _ rotator.Secret) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return rotator.Errorf(rotator.Unreachable,
			"the function is busy with others").Because(ctx.Err())
	}
	within, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(within, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	if f.tail {
		request.Header.Set("X-Amz-Log-Type", "Tail")
	}
	if f.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+f.bearer)
	}
	// Nobody knows what became of a request whose answer is lost: it isn't sent again here, as the
	// body would have the transport do.
	request.GetBody = nil
	answer, err := f.client.Do(request)
	if err != nil {
		var opening *openingError
		if errors.As(err, &opening) {
			return opening.fault()
		}
		return f.cutOff(ctx, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case err != nil:
		return f.cutOff(ctx, err)
	case len(text) > mostAnswer:
		return rotator.Errorf(rotator.BadAnswer, "the answer has more than %d bytes", mostAnswer)
	}
	return f.judge(answer, text, e)
}

// late is how Lambda and its emulator say that a function had no time left.
const late = "Task timed out after "

// judge says what an answer means. What the function returned is ignored, as AWS does.
//
// The Runtime Interface Emulator leaves X-Amz-Function-Error out, answers a function that has no
// time left with a bare text, one that can't be loaded with 502, one whose process has ended with
// nothing, and 400 while it is busy (its issues 20 and 86, and its handlers.go).
func (f *Function) judge(answer *http.Response, text []byte, e rotator.Event) error {
	kind := answer.Header.Get("X-Amz-Function-Error")
	var thrown failure
	object := json.Unmarshal(text, &thrown) == nil
	switch fails := object && thrown.Type != "" && thrown.Message != nil; {
	case fails && answer.StatusCode == http.StatusBadGateway:
		return f.failed("Unhandled", thrown, answer, e)
	case answer.StatusCode != http.StatusOK:
		return f.refused(answer, text, e)
	case kind != "" && !object:
		message := string(text)
		return f.failed(kind, failure{Message: &message}, answer, e)
	case kind != "" || fails:
		return f.failed(orElse(kind, "Unhandled"), thrown, answer, e)
	case bytes.HasPrefix(text, []byte(late)):
		return rotator.Errorf(rotator.TimedOut, "the function had no time left").
			Because(f.said(text, e))
	case len(text) == 0:
		return rotator.Errorf(rotator.BadAnswer,
			"the answer is empty: the function's process may have ended")
	case !json.Valid(text):
		return rotator.Errorf(rotator.BadAnswer,
			"the answer isn't a function's: it is no JSON").Because(f.said(text, e))
	}
	return nil
}

// failure is what the runtimes of Lambda answer for an error.
type failure struct {
	Message *string `json:"errorMessage"`
	Type    string  `json:"errorType"`
}

// failed is a function's own error.
func (f *Function) failed(kind string, thrown failure, answer *http.Response,
	e rotator.Event) error {
	var said []byte
	if thrown.Message != nil {
		said = []byte(*thrown.Message)
	}
	reason, what := rotator.Failed, "the function failed"
	if bytes.Contains(said, []byte(late)) {
		reason, what = rotator.TimedOut, "the function had no time left"
	}
	log, err := base64.StdEncoding.DecodeString(answer.Header.Get("X-Amz-Log-Result"))
	if err == nil && len(log) > 0 {
		said = append(append(log, '\n'), said...) // what comes last is kept
	}
	return rotator.Errorf(reason, "%s in %s (%s)", what, e.Step,
		word(orElse(thrown.Type, kind))).Because(f.said(said, e))
}

// refused is an answer that isn't the function's: by Lambda's names where it has one.
func (f *Function) refused(answer *http.Response, text []byte, e rotator.Event) error {
	reason, why := rotator.BadAnswer, "that is no answer of Lambda's"
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		reason, why = rotator.LoginRefused, "the endpoint doesn't let the service in"
	case status == http.StatusNotFound:
		reason, why = rotator.NotAllowed, "there is no such function"
	case status == http.StatusRequestEntityTooLarge:
		reason, why = rotator.Failed, "the event is too large for it"
	case status == http.StatusTooManyRequests:
		reason, why = rotator.Unreachable, "too many are running"
	case status == http.StatusConflict:
		reason, why = rotator.Unreachable, "it isn't ready"
	case status == http.StatusGatewayTimeout:
		reason, why = rotator.TimedOut, "it was not answered in time"
	case status >= 500:
		reason, why = rotator.Unreachable, "it can't be run now"
	case status >= 300 && status < 400:
		why = "the endpoint redirects, and that isn't followed"
	case status == http.StatusBadRequest && len(text) == 0:
		reason, why = rotator.Unreachable, "it is busy"
	case status >= 400:
		reason, why = rotator.Failed, "the request was refused"
	}
	name := answer.Header.Get("X-Amzn-Errortype")
	return rotator.Errorf(reason, "the function was not run: %s (%d %s)", why, answer.StatusCode,
		word(orElse(name, http.StatusText(answer.StatusCode)))).Because(f.said(text, e))
}

// said keeps what a function said, without what the service has said to it in confidence.
func (f *Function) said(text []byte, e rotator.Event) *rotator.Output {
	return rotator.NewOutput(text, f.bearer, e.RotationToken)
}

// cutOff is a request that was sent, at least in part, and whose answer did not come.
func (f *Function) cutOff(ctx context.Context, err error) error {
	var cut *net.OpError
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
	case errors.Is(err, context.DeadlineExceeded):
		return rotator.Errorf(rotator.TimedOut, "the function did not answer within %s",
			f.timeout).Because(err)
	case errors.As(err, &cut) && cut.Op == "remote error":
		// What TLS 1.3 has to say of the client's certificate comes when it is done.
		return (&openingError{rotator.Untrusted, err}).fault()
	}
	return rotator.Errorf(rotator.CutOff, "the connection ended before the answer").Because(err)
}

// mostWord is the most of a name that is the function's to choose.
const mostWord = 100

// word keeps of a name what names are made of: it goes into the log.
func word(name string) string {
	kept := make([]byte, 0, mostWord)
	for i := 0; i < len(name) && len(kept) < mostWord; i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '.', c == '_', c == '$', c == ' ', c == '-':
			kept = append(kept, c)
		}
	}
	return string(kept)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
