package servicetest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// watchedTree is a tree of parameters that others wait for: by a name, by a version or label of it,
// and by a path.
type watchedTree struct {
	watch
	ofParameters
}

const (
	byName      = "/v1/parameters/shop/db/password?WithDecryption=true"
	byLabel     = "/v1/parameters/shop/db/password:live"
	byVersion   = "/v1/parameters/shop/db/password:1"
	oneLevel    = "/v1/parameter-paths/shop/db?WithDecryption=true"
	recursively = "/v1/parameter-paths/shop?Recursive=true"
	everything  = "/v1/parameter-paths?Path=/&Recursive=true"
)

func newWatchedTree(t *testing.T, s *servicetest.Server) *watchedTree {
	t.Helper()
	w := &watchedTree{watch{s}, ofParameters{t, s.ParameterStore()}}
	w.put("/shop/db/password", "1", "SecureString")
	w.put("/shop/db/host", "db1", "String")
	w.label("/shop/db/password", 1, "live")
	return w
}

// ofParameters is Parameter Store for tests that need to see little of its answers.
type ofParameters struct {
	t testing.TB
	*ssm.Client
}

// put makes a parameter, or gives it a version.
func (p ofParameters) put(name, value string, kind types.ParameterType) *ssm.PutParameterOutput {
	p.t.Helper()
	return must(p.PutParameter(p.t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value,
		Type: kind, Overwrite: aws.Bool(true)}))(p.t)
}

func (p ofParameters) label(name string, version int64, labels ...string) {
	p.t.Helper()
	out := must(p.LabelParameterVersion(p.t.Context(), &ssm.LabelParameterVersionInput{Name: &name,
		ParameterVersion: &version, Labels: labels}))(p.t)
	if len(out.InvalidLabels) > 0 || out.ParameterVersion != version {
		p.t.Errorf("labelled as %+v", out)
	}
}

func (p ofParameters) delete(name string) {
	p.t.Helper()
	must(p.DeleteParameter(p.t.Context(), &ssm.DeleteParameterInput{Name: &name}))(p.t)
}

func (p ofParameters) tag(name, key, value string) {
	p.t.Helper()
	must(p.AddTagsToResource(p.t.Context(), &ssm.AddTagsToResourceInput{ResourceType: "Parameter",
		ResourceId: &name, Tags: []types.Tag{{Key: &key, Value: &value}}}))(p.t)
}

// TestParameterETag_NothingNew_CostsNoTokenCall: by name and by path, sealed values among them. Its
// record names what was asked for as that of the read does that answered it.
func TestParameterETag_NothingNew_CostsNoTokenCall(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	for _, path := range []string{byName, byLabel, byVersion, oneLevel, recursively, everything} {
		m := s.Mark(t)
		had := w.get(t, path, s.Root, "", 0).Header.Get("ETag")
		read := resourcesOf(t, s, m)
		if !strings.Contains(read, `"ARN":"arn:aws:ssm:`) {
			t.Errorf("%s: the resources of the read are %s", path, read)
		}
		if n := w.tokenCalls(t, func() {
			m = s.Mark(t)
			for _, method := range []string{"GET", "HEAD"} {
				a := s.Send(t, servicetest.Request{Method: method, Path: path,
					Header: http.Header{"If-None-Match": {had}}})
				if had == "" || a.Status != http.StatusNotModified || len(a.Body) > 0 ||
					a.Header.Get("ETag") != had {
					t.Errorf("%s %s: %d %v %s", method, path, a.Status, a.Header, a.Body)
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v calls of the token", path, n)
		}
		for _, r := range s.Trail(t, m) {
			if r.EventSource != "ssm.amazonaws.com" || r.ErrorCode != "" ||
				string(r.AdditionalEventData) != `{"notModified":true}` {
				t.Errorf("%s: recorded as %s", path, r.Line)
			}
		}
		if got := resourcesOf(t, s, m); got != read {
			t.Errorf("%s: the record has the resources %s, and that of the read %s", path, got, read)
		}
		if n := len(s.Trail(t, m)); n != 2 {
			t.Errorf("%s: %d records of 2 requests", path, n)
		}
	}
}

// resourcesOf returns the resources of the records of reads of parameters since a mark, which all
// have the same.
func resourcesOf(t *testing.T, s *servicetest.Server, m servicetest.Mark) string {
	t.Helper()
	all := map[string]bool{}
	for _, r := range s.Trail(t, m) {
		if r.EventSource == "ssm.amazonaws.com" {
			text, err := json.Marshal(r.Resources)
			accepted(t, err)
			all[string(text)] = true
		}
	}
	if len(all) != 1 {
		t.Errorf("the records have the resources %v", slices.Collect(maps.Keys(all)))
	}
	for text := range all {
		return text
	}
	return ""
}

// TestParameterETag_EachChange_IsAnotherForThoseWhoseAnswerIs: and for nobody else.
func TestParameterETag_EachChange_IsAnotherForThoseWhoseAnswerIs(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	all := []string{byName, byLabel, byVersion, oneLevel, recursively, everything}
	had := map[string]string{}
	for _, path := range all {
		had[path] = w.get(t, path, s.Root, "", 0).Header.Get("ETag")
	}
	for _, c := range []struct {
		name  string
		do    func()
		whose []string // whose answer is another
	}{
		{"version", func() { w.put("/shop/db/password", "2", "SecureString") },
			[]string{byName, oneLevel, recursively, everything}},
		{"label moved", func() { w.label("/shop/db/password", 2, "live") }, []string{byLabel}},
		{"label again", func() { w.label("/shop/db/password", 2, "live") }, nil},
		{"other label", func() { w.label("/shop/db/password", 2, "other") }, nil},
		{"tag", func() { w.tag("/shop/db/password", "a", "b") }, nil},
		{"neighbour", func() { w.put("/shop/db/host", "db2", "String") },
			[]string{oneLevel, recursively, everything}},
		{"new one at the path", func() { w.put("/shop/db/port", "1", "String") },
			[]string{oneLevel, recursively, everything}},
		{"deeper one", func() { w.put("/shop/db/replica/port", "1", "String") },
			[]string{recursively, everything}},
		{"above the path", func() { w.put("/shop/name", "1", "String") },
			[]string{recursively, everything}},
		{"elsewhere", func() { w.put("/shopping", "1", "String") }, []string{everything}},
		{"without a slash", func() { w.put("bare", "1", "String") }, []string{everything}},
		{"deleted", func() { w.delete("/shop/db/port") },
			[]string{oneLevel, recursively, everything}},
	} {
		c.do()
		for _, path := range all {
			a := w.get(t, path, s.Root, had[path], 0)
			if (a.Status == http.StatusOK) != slices.Contains(c.whose, path) {
				t.Errorf("%s: %s is answered %d", c.name, path, a.Status)
			}
			if a.Status == http.StatusOK {
				had[path] = a.Header.Get("ETag")
			}
		}
	}
	// The same name with the same version again is another parameter.
	w.delete("/shop/db/host")
	w.put("/shop/db/host", "db1", "String")
	w.put("/shop/db/host", "db2", "String")
	if a := w.get(t, oneLevel, s.Root, had[oneLevel], 0); a.Status != http.StatusOK {
		t.Errorf("another parameter is answered %d", a.Status)
	}
}

// TestParameterETag_ByLabelBelowPath_IsAnotherWhereLabelIs: who filters by a label sees it move.
func TestParameterETag_ByLabelBelowPath_IsAnotherWhereLabelIs(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	w.put("/shop/db/password", "2", "SecureString")
	filters := url.QueryEscape(`[{"Key":"Label","Values":["live"]}]`)
	path := "/v1/parameter-paths/shop/db?ParameterFilters=" + filters
	for version := int64(2); version > 0; version-- {
		end := w.waiters(t, path, s.Root, 1)
		w.label("/shop/db/password", version, "live")
		if a := end()[0]; a.Status != http.StatusOK ||
			!strings.Contains(string(a.Body), fmt.Sprint(`"Version":`, version)) {
			t.Errorf("version %d: answered %d %s", version, a.Status, a.Body)
		}
	}
}

// TestParameterWait_Many_SeeTheChange: those who wait by name, and those who wait by path, are
// answered after its commit and have cost nothing until then.
func TestParameterWait_Many_SeeTheChange(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	ends := []func() []servicetest.Answer{w.waiters(t, byName, s.Root, 200),
		w.waiters(t, oneLevel, s.Root, 200), w.waiters(t, recursively, s.Root, 50)}
	m, calls := s.Mark(t), w.metric(t, "claviger_token_calls_total")
	w.tag("/shop/db/password", "a", "b")
	w.await(t, 450)
	if now := w.metric(t, "claviger_token_calls_total"); now > calls+10 {
		t.Errorf("%v calls of the token while 450 wait", now-calls)
	}
	if n := len(s.Trail(t, m)); n != 1 {
		t.Errorf("%d records while 450 wait", n)
	}
	w.put("/shop/db/password", "the new one", "SecureString")
	for i, end := range ends {
		for _, a := range end() {
			inClear := strings.Contains(string(a.Body), "the new one")
			if a.Status != http.StatusOK || inClear != (i < 2) ||
				a.Header.Get("Preference-Applied") != "wait=40" {
				t.Fatalf("%d: answered %d %v %s", i, a.Status, a.Header, a.Body)
			}
		}
	}
	w.await(t, 0)
}

// TestParameterWait_EachChange_WakesWhomItConcerns: and lets the others wait.
func TestParameterWait_EachChange_WakesWhomItConcerns(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	version := w.waiters(t, byVersion, s.Root, 1) // which never changes
	for _, c := range []struct {
		name, path, says string
		do               func()
	}{
		{"version", byName, `"Version":2`, func() { w.put("/shop/db/password", "2", "SecureString") }},
		{"label", byLabel, `"Version":2`, func() { w.label("/shop/db/password", 2, "live") }},
		{"created", oneLevel, `"/shop/db/port"`, func() { w.put("/shop/db/port", "1", "String") }},
		{"deleted", oneLevel, `"/shop/db/host"`, func() { w.delete("/shop/db/port") }},
		{"deeper", recursively, `"/shop/a/b/c/d"`, func() { w.put("/shop/a/b/c/d", "1", "String") }},
		{"without a slash", everything, `"bare"`, func() { w.put("bare", "1", "String") }},
	} {
		end := w.waiters(t, c.path, s.Root, 1)
		c.do()
		if a := end()[0]; a.Status != http.StatusOK || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: answered %d %s", c.name, a.Status, a.Body)
		}
		w.await(t, 1)
	}
	w.put("/shop/empty/x", "1", "String")
	empty := w.waiters(t, "/v1/parameter-paths/shop/empty", s.Root, 1)
	shallow := w.waiters(t, oneLevel, s.Root, 1)
	w.put("/shop/db/replica/host", "1", "String")
	w.put("/shop/database", "1", "String")
	w.await(t, 3)
	w.delete("/shop/empty/x")
	if a := empty()[0]; a.Status != http.StatusOK || string(a.Body) != `{"Parameters":[]}` {
		t.Errorf("the last one deleted: answered %d %s", a.Status, a.Body)
	}
	w.delete("/shop/db/password")
	restAnswer(t, version()[0], http.StatusNotFound, "ParameterNotFound")
	if a := shallow()[0]; a.Status != http.StatusOK ||
		strings.Contains(string(a.Body), "password") {
		t.Errorf("one level: answered %d %s", a.Status, a.Body)
	}
}

// TestParameterWait_VersionLost_IsToldSo: the hundredth and first version takes the first one's
// place.
func TestParameterWait_VersionLost_IsToldSo(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	w.label("/shop/db/host", 1, "x")
	must(w.UnlabelParameterVersion(t.Context(), &ssm.UnlabelParameterVersionInput{
		Name: aws.String("/shop/db/host"), ParameterVersion: aws.Int64(1), Labels: []string{"x"}}))(t)
	end := w.waiters(t, "/v1/parameters/shop/db/host:1", s.Root, 1)
	for i := range 100 {
		w.put("/shop/db/host", fmt.Sprint(i), "String")
	}
	restAnswer(t, end()[0], http.StatusNotFound, "ParameterVersionNotFound")
}

// TestParameterWait_LabelTaken_IsToldSo: whoever waits for what has a label learns that nothing has
// it any more.
func TestParameterWait_LabelTaken_IsToldSo(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	end := w.waiters(t, byLabel, s.Root, 1)
	must(w.UnlabelParameterVersion(t.Context(), &ssm.UnlabelParameterVersionInput{
		Name: aws.String("/shop/db/password"), ParameterVersion: aws.Int64(1),
		Labels: []string{"live"}}))(t)
	restAnswer(t, end()[0], http.StatusNotFound, "ParameterVersionNotFound")
}

// TestParameterWait_Pages_WaitForWhatIsFromThemOn: what is before a page doesn't change it.
func TestParameterWait_Pages_WaitForWhatIsFromThemOn(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	for i := range 25 {
		w.put(fmt.Sprintf("/many/%02d", i), "1", "String")
	}
	first := w.get(t, "/v1/parameter-paths/many", s.Root, "", 0)
	next := strings.TrimSuffix(strings.TrimPrefix(first.Header.Get("Link"), "<"), `>; rel="next"`)
	second := w.get(t, next, s.Root, "", 0)
	if second.Status != http.StatusOK || !strings.Contains(string(second.Body), "/many/10") {
		t.Fatalf("%s: answered %d %s", next, second.Status, second.Body)
	}
	end := w.waiters(t, next, s.Root, 1)
	w.put("/many/03", "2", "String")
	w.await(t, 1)
	a := w.get(t, "/v1/parameter-paths/many", s.Root, first.Header.Get("ETag"), 0)
	if a.Status != http.StatusOK {
		t.Errorf("the first page is answered %d", a.Status)
	}
	w.put("/many/24", "2", "String") // which is on the third
	if a := end()[0]; a.Status != http.StatusOK {
		t.Errorf("the second page is answered %d", a.Status)
	}
}

// TestParameterETag_OverThousandBelowPath_IsNone: nobody can wait for so many, and each is answered
// at once.
func TestParameterETag_OverThousandBelowPath_IsNone(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	for i := range 1000 {
		w.put(fmt.Sprintf("/many/%04d", i), "1", "String")
	}
	const path = "/v1/parameter-paths/many"
	had := w.get(t, path, s.Root, "", 0).Header.Get("ETag")
	if a := w.get(t, path, s.Root, had, 0); had == "" || a.Status != http.StatusNotModified {
		t.Errorf("1,000: ETag %q, answered %d", had, a.Status)
	}
	w.put("/many/x", "1", "String")
	a := w.get(t, path, s.Root, had, 40)
	if a.Status != http.StatusOK || a.Header.Get("ETag") != "" {
		t.Errorf("1,001: answered %d %v", a.Status, a.Header)
	}
	if a = w.get(t, path, s.Root, "*", 40); a.Status != http.StatusOK {
		t.Errorf("1,001, whatever it is: answered %d", a.Status)
	}
}

// TestParameterWait_ExpiredParameter_IsToldSo: a policy's deletion wakes as any other does.
func TestParameterWait_ExpiredParameter_IsToldSo(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	expires := s.Clock.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")
	must(w.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/shop/db/host"),
		Value: aws.String("db1"), Overwrite: aws.Bool(true), Tier: "Advanced",
		Policies: aws.String(`[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"` +
			expires + `"}}]`)}))(t)
	name := w.waiters(t, "/v1/parameters/shop/db/host", s.Root, 1)
	path := w.waiters(t, oneLevel, s.Root, 1)
	s.Clock.Advance(2 * time.Hour)
	s.RunDueJobs(t)
	restAnswer(t, name()[0], http.StatusNotFound, "ParameterNotFound")
	if a := path()[0]; a.Status != http.StatusOK || strings.Contains(string(a.Body), "host") {
		t.Errorf("by path: answered %d %s", a.Status, a.Body)
	}
}

// TestParameterETag_SecretByReference_IsNone: a secret changes unseen from here, so that whoever
// asks is answered at once.
func TestParameterETag_SecretByReference_IsNone(t *testing.T) {
	s := servicetest.Start(t)
	createSecret(t, s.SecretsManager(), "shop/db", "s3cr3t")
	const path = "/v1/parameters/aws/reference/secretsmanager/shop/db?WithDecryption=true"
	for _, had := range []string{"", "*", `"x"`} {
		a := watch{s}.get(t, path, s.Root, had, 40)
		if a.Status != http.StatusOK || a.Header.Get("ETag") != "" ||
			!strings.Contains(string(a.Body), `"Value":"s3cr3t"`) {
			t.Errorf("%s: answered %d %v %s", had, a.Status, a.Header, a.Body)
		}
	}
}

// TestParameterWait_CallerMayNoMore_IsRefused: the policy of its own that let it in is gone, on a
// name or a path.
func TestParameterWait_CallerMayNoMore_IsRefused(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	w := newWatchedTree(t, s)
	resource := "arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account + ":parameter/shop/*"
	reader := a.user("reader", permit("ssm:GetParameter*", resource, ""))
	nobody := w.get(t, byName, s.Nobody, "*", 40)
	restAnswer(t, nobody, http.StatusForbidden, "AccessDeniedException")
	restAnswer(t, w.get(t, "/v1/parameter-paths/shop", s.Nobody, "*", 40), http.StatusForbidden,
		"AccessDeniedException")
	ends := []func() []servicetest.Answer{w.waiters(t, byName, reader, 1),
		w.waiters(t, oneLevel, reader, 1)}
	must(a.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String("reader"),
		PolicyName: aws.String("own")}))(t)
	w.put("/shop/db/password", "2", "SecureString")
	for _, end := range ends {
		restAnswer(t, end()[0], http.StatusForbidden, "AccessDeniedException")
	}
}

// TestParameterWait_Restart_IsAnsweredAndGoesOn: an ETag is the same afterwards.
func TestParameterWait_Restart_IsAnsweredAndGoesOn(t *testing.T) {
	s := servicetest.Start(t)
	w := newWatchedTree(t, s)
	had := map[string]string{}
	var ends []func() []servicetest.Answer
	for _, path := range []string{byName, byLabel, oneLevel, recursively} {
		had[path] = w.get(t, path, s.Root, "", 0).Header.Get("ETag")
		ends = append(ends, w.waiters(t, path, s.Root, 2))
	}
	s.Restart(t, nil)
	for _, end := range ends {
		for _, a := range end() {
			if a.Status != http.StatusNotModified {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		}
	}
	for path, etag := range had {
		if a := w.get(t, path, s.Root, etag, 0); a.Status != http.StatusNotModified {
			t.Errorf("%s after the restart: %d %s", path, a.Status, a.Body)
		}
	}
}
