package servicetest_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var aTag = []smtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}

// watch is who waits for changes by REST.
type watch struct{ s *servicetest.Server }

// watchedSecret is a secret that others wait for.
type watchedSecret struct {
	watch
	*secretsmanager.Client
	arn *string
}

const (
	valuePath    = "/v1/secrets/shop/db"
	metadataPath = "/v1/secrets/metadata/shop/db"
)

func newWatchedSecret(t *testing.T, s *servicetest.Server) *watchedSecret {
	t.Helper()
	w := &watchedSecret{watch: watch{s}, Client: s.SecretsManager()}
	w.arn = createSecret(t, w.Client, "shop/db", "1").ARN
	return w
}

// get asks for what there is at a path, for what a caller has, which may wait for so long.
func (w watch) get(t testing.TB, path string, as aws.Credentials, had string,
	wait int) servicetest.Answer {
	t.Helper()
	q := servicetest.Request{Method: "GET", Path: path, As: as, Header: http.Header{}}
	if had != "" {
		q.Header.Set("If-None-Match", had)
	}
	if wait > 0 {
		q.Header.Set("Prefer", "wait="+strconv.Itoa(wait))
	}
	return w.s.Send(t, q)
}

// metric returns the sum of what is measured under a name.
func (w watch) metric(t testing.TB, name string) (sum float64) {
	t.Helper()
	a := w.s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
	for line := range bytes.Lines(a.Body) {
		labelled, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if of, _, _ := strings.Cut(labelled, "{"); of == name {
			n, err := strconv.ParseFloat(value, 64)
			accepted(t, err)
			sum += n
		}
	}
	return sum
}

// tokenCalls returns how many calls of the token it costs to do something. About once a second the
// trail's checkpoint calls it, too, and the first one makes its key: what costs nothing itself does
// so in one of a few times.
func (w watch) tokenCalls(t testing.TB, do func()) (calls float64) {
	t.Helper()
	const name = "claviger_token_calls_total"
	for range 5 {
		before := w.metric(t, name)
		do()
		if calls = w.metric(t, name) - before; calls == 0 {
			break
		}
	}
	return calls
}

// waiters has somebody wait with so many requests for another answer than there is, and returns
// once all wait. end waits for their answers.
func (w watch) waiters(t *testing.T, path string, as aws.Credentials, many int) (
	end func() []servicetest.Answer) {
	t.Helper()
	had := w.get(t, path, as, "", 0)
	if had.Status != http.StatusOK || had.Header.Get("ETag") == "" {
		t.Fatalf("answered %d %v %s", had.Status, had.Header, had.Body)
	}
	before := w.metric(t, "claviger_requests_waiting")
	var all sync.WaitGroup
	answers := make([]servicetest.Answer, many)
	for i := range many {
		all.Go(func() { answers[i] = w.get(t, path, as, had.Header.Get("ETag"), 40) })
		if i%64 == 63 || i == many-1 {
			w.await(t, before+float64(i+1))
		}
	}
	return func() []servicetest.Answer {
		all.Wait()
		return answers
	}
}

func (w watch) await(t *testing.T, many float64) {
	t.Helper()
	for range 3000 {
		if w.metric(t, "claviger_requests_waiting") == many {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%v requests wait, want %v", w.metric(t, "claviger_requests_waiting"), many)
}

// TestETag_NothingNew_CostsNoTokenCall: it opens nothing, says nothing but that, and is recorded as
// that.
func TestETag_NothingNew_CostsNoTokenCall(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedSecret(t, s)
	etags := map[string]bool{}
	for _, path := range []string{valuePath, metadataPath, "/v1/secrets/value/shop/db"} {
		had := w.get(t, path, s.Root, "", 0).Header.Get("ETag")
		etags[had] = true
		var m servicetest.Mark
		if n := w.tokenCalls(t, func() {
			m = s.Mark(t)
			for _, method := range []string{"GET", "HEAD"} {
				a := s.Send(t, servicetest.Request{Method: method, Path: path,
					Header: http.Header{"If-None-Match": {`"x", ` + had}}})
				if a.Status != http.StatusNotModified || len(a.Body) > 0 || a.Header.Get("ETag") != had {
					t.Errorf("%s %s: %d %v %s", method, path, a.Status, a.Header, a.Body)
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v calls of the token", path, n)
		}
		for _, r := range s.Trail(t, m) {
			if r.EventSource != "secretsmanager.amazonaws.com" || r.ErrorCode != "" ||
				string(r.AdditionalEventData) != `{"notModified":true,"resourceARNs":["`+*w.arn+`"]}` {
				t.Errorf("%s: recorded as %s", path, r.Line)
			}
		}
		if n := len(s.Trail(t, m)); n != 2 {
			t.Errorf("%s: %d records of 2 requests", path, n)
		}
	}
	if len(etags) != 2 { // that of the value by both its paths, and that of the metadata
		t.Errorf("the ETags are %v", etags)
	}
	a := s.Send(t, servicetest.Request{Target: "secretsmanager.GetSecretValue",
		Body: []byte(`{"SecretId":"shop/db"}`), Header: http.Header{"If-None-Match": {"*"}}})
	if a.Status != http.StatusOK || a.Header.Get("ETag") != "" {
		t.Errorf("AWS JSON: %d %v", a.Status, a.Header)
	}
}

// TestETag_EachChange_IsAnotherForThoseWhoseAnswerIs: the value's own depends on its version and
// its labels, that of the metadata on everything.
func TestETag_EachChange_IsAnotherForThoseWhoseAnswerIs(t *testing.T) {
	s := servicetest.Start(t)
	w, ctx := newWatchedSecret(t, s), t.Context()
	policy := ofSecret([3]string{"Allow", servicetest.RootARN, "GetSecretValue"})
	first := *must(w.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: w.arn}))(t)
	var id string
	for of := range first.VersionIdsToStages {
		id = of
	}
	value, metadata := w.get(t, valuePath, s.Root, "", 0), w.get(t, metadataPath, s.Root, "", 0)
	for _, change := range []struct {
		name       string
		do         func() error
		ofTheValue bool
	}{
		{"tags", func() error {
			_, err := s.SecretsManager().TagResource(ctx, &secretsmanager.TagResourceInput{
				SecretId: w.arn, Tags: aTag})
			return err
		}, false},
		{"policy", func() error {
			_, err := w.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: w.arn,
				ResourcePolicy: policy})
			return err
		}, false},
		{"description", func() error {
			_, err := w.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: w.arn,
				Description: aws.String("x")})
			return err
		}, false},
		{"pending version", func() error {
			_, err := w.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: w.arn,
				SecretString: aws.String("next"), VersionStages: []string{"AWSPENDING"}})
			return err
		}, false},
		{"version", func() error {
			_, err := w.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: w.arn,
				SecretString: aws.String("2")})
			return err
		}, true},
		{"label of another version", func() error {
			_, err := w.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
				SecretId: w.arn, VersionStage: aws.String("MINE"), MoveToVersionId: &id})
			return err
		}, false},
		{"label", func() error {
			_, err := w.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
				SecretId: w.arn, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &id,
				RemoveFromVersionId: currentVersion(t, w)})
			return err
		}, true},
	} {
		accepted(t, change.do())
		newer := w.get(t, metadataPath, s.Root, metadata.Header.Get("ETag"), 0)
		if newer.Status != http.StatusOK {
			t.Errorf("%s: the metadata are answered %d", change.name, newer.Status)
		}
		metadata = newer
		newer = w.get(t, valuePath, s.Root, value.Header.Get("ETag"), 0)
		if (newer.Status == http.StatusOK) != change.ofTheValue {
			t.Errorf("%s: the value is answered %d", change.name, newer.Status)
		}
		if newer.Status == http.StatusOK {
			value = newer
		}
	}
	// The same name again is another secret.
	must(w.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: w.arn,
		ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	createSecret(t, w.Client, "shop/db", "1")
	if a := w.get(t, valuePath, s.Root, value.Header.Get("ETag"), 0); a.Status != http.StatusOK {
		t.Errorf("another secret is answered %d", a.Status)
	}
}

// currentVersion returns the id of the version that is current.
func currentVersion(t testing.TB, w *watchedSecret) *string {
	t.Helper()
	return must(w.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: w.arn}))(t).VersionId
}

// TestWait_Thousand_SeeTheChange: each is answered after its commit and without anything else that
// happens, and has cost nothing until then.
func TestWait_Thousand_SeeTheChange(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedSecret(t, s)
	end := w.waiters(t, valuePath, s.Root, 1000)
	m, calls := s.Mark(t), w.metric(t, "claviger_token_calls_total")
	must(w.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: w.arn,
		Tags: aTag}))(t)
	w.await(t, 1000)
	if now := w.metric(t, "claviger_token_calls_total"); now > calls+10 {
		t.Errorf("%v calls of the token while 1,000 wait", now-calls)
	}
	if n := len(s.Trail(t, m)); n != 1 {
		t.Errorf("%d records while 1,000 wait", n)
	}
	must(w.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: w.arn,
		SecretString: aws.String("the new one")}))(t)
	ids := map[string]bool{}
	for _, a := range end() {
		if a.Status != http.StatusOK || !strings.Contains(string(a.Body), "the new one") ||
			a.Header.Get("Preference-Applied") != "wait=40" {
			t.Fatalf("answered %d %v %s", a.Status, a.Header, a.Body)
		}
		ids[a.Header.Get("X-Amzn-Requestid")] = true
	}
	records := map[string]int{}
	for _, r := range s.Trail(t, m) {
		if ids[r.RequestID] {
			records[r.EventName]++
		}
	}
	if records["GetSecretValue"] != 1000 || records["Decrypt"] != 1000 || len(records) != 2 {
		t.Errorf("recorded %v", records)
	}
	w.await(t, 0)
}

// TestWait_DeletedSecret_IsToldSo: scheduled for deletion, taken back, and gone.
func TestWait_DeletedSecret_IsToldSo(t *testing.T) {
	s := servicetest.Start(t)
	w, ctx := newWatchedSecret(t, s), t.Context()
	value, metadata := w.waiters(t, valuePath, s.Root, 1), w.waiters(t, metadataPath, s.Root, 1)
	must(w.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: w.arn}))(t)
	restAnswer(t, value()[0], http.StatusConflict, "InvalidRequestException")
	if a := metadata()[0]; a.Status != http.StatusOK ||
		!strings.Contains(string(a.Body), "DeletedDate") {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	metadata = w.waiters(t, metadataPath, s.Root, 1)
	must(w.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: w.arn}))(t)
	if a := metadata()[0]; a.Status != http.StatusOK ||
		strings.Contains(string(a.Body), "DeletedDate") {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	value, metadata = w.waiters(t, valuePath, s.Root, 1), w.waiters(t, metadataPath, s.Root, 1)
	must(w.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: w.arn,
		ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
	restAnswer(t, value()[0], http.StatusNotFound, "ResourceNotFoundException")
	restAnswer(t, metadata()[0], http.StatusNotFound, "ResourceNotFoundException")
}

// restAnswer asserts that REST refused, and how.
func restAnswer(t *testing.T, a servicetest.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.Code() != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
}

// TestWait_CallerMayNoMore_IsRefused: by its own policy, by that of the secret, by its access key,
// and when its session is over. What was allowed a moment ago counts for nobody.
func TestWait_CallerMayNoMore_IsRefused(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	w := newWatchedSecret(t, s)
	mine := permit("secretsmanager:GetSecretValue", *w.arn, "")
	key := permit("kms:Decrypt", "*", "")
	reader, keyless := a.user("reader", mine, key), a.user("keyless", mine, key)
	role := a.role("pod", trustedBy(servicetest.UserARN("ann"), ""), mine, key)
	taken := must(s.STS(servicetest.As(a.keys)).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("one"), DurationSeconds: aws.Int32(900)}))(t)
	session := aws.Credentials{AccessKeyID: *taken.Credentials.AccessKeyId,
		SecretAccessKey: *taken.Credentials.SecretAccessKey,
		SessionToken:    *taken.Credentials.SessionToken}
	change := func() {
		must(w.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: w.arn,
			SecretString: aws.String(time.Now().String())}))(t)
	}

	ends := []func() []servicetest.Answer{w.waiters(t, valuePath, reader, 1),
		w.waiters(t, valuePath, keyless, 1)}
	must(a.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("reader"),
		PolicyName: aws.String("own")}))(t)
	must(a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("keyless"),
		AccessKeyId: &keyless.AccessKeyID, Status: "Inactive"}))(t)
	change()
	restAnswer(t, ends[0]()[0], http.StatusForbidden, "AccessDeniedException")
	restAnswer(t, ends[1]()[0], http.StatusUnauthorized, "UnrecognizedClientException")

	end := w.waiters(t, valuePath, session, 1)
	must(w.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: w.arn,
		ResourcePolicy: ofSecret([3]string{"Deny", role, "GetSecretValue"})}))(t)
	restAnswer(t, end()[0], http.StatusForbidden, "AccessDeniedException")

	must(w.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: w.arn}))(t)
	end = w.waiters(t, valuePath, session, 1)
	m := s.Mark(t)
	s.Clock.Advance(16 * time.Minute)
	change()
	over := end()[0]
	restAnswer(t, over, http.StatusUnauthorized, "ExpiredTokenException")
	records := s.Records(t, m, over.Header.Get("X-Amzn-Requestid"))
	if len(records) != 1 || records[0].ErrorCode != "ExpiredTokenException" ||
		records[0].EventName != "GetSecretValue" || records[0].UserIdentity.Type != "AssumedRole" {
		t.Errorf("recorded as %+v", records)
	}
}

// TestWait_SignatureGrowsOld_CountsForTheRequest: it was good when the request came.
func TestWait_SignatureGrowsOld_CountsForTheRequest(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedSecret(t, s)
	end := w.waiters(t, metadataPath, s.Root, 1)
	s.Clock.Advance(20 * time.Minute)
	must(w.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: w.arn,
		Tags: aTag}))(t)
	if a := end()[0]; a.Status != http.StatusOK {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
}

// TestWait_Restart_IsAnsweredAndGoesOn: nobody who waits keeps the service from its end, and an
// ETag is the same afterwards.
func TestWait_Restart_IsAnsweredAndGoesOn(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedSecret(t, s)
	had := w.get(t, valuePath, s.Root, "", 0).Header.Get("ETag")
	end := w.waiters(t, valuePath, s.Root, 3)
	s.Restart(t, nil)
	for _, a := range end() {
		if a.Status != http.StatusNotModified {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	if a := w.get(t, valuePath, s.Root, had, 0); a.Status != http.StatusNotModified {
		t.Errorf("after the restart: %d %s", a.Status, a.Body)
	}
}
