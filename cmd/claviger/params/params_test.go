package params_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"claviger/cmd/claviger/params"
	"claviger/cmd/claviger/params/document"
	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// canary is a value of SecureStrings, which nothing may say but a document.
const canary = "hunter2-$ecret"

// desk is somebody with an access key before a true service. A request may be meddled with.
type desk struct {
	t *testing.T
	*servicetest.Server
	url  string
	keys aws.Credentials
	said bytes.Buffer // in all runs
	// meddle may answer a request itself, which it reports.
	meddle func(w http.ResponseWriter, r *http.Request, operation string) bool
}

func sit(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, Server: servicetest.Start(t)}
	d.keys = d.Root
	front := httptest.NewServer(d)
	t.Cleanup(front.Close)
	d.url = front.URL
	for _, name := range []string{"AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM",
		"AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	t.Cleanup(func() {
		if strings.Contains(d.said.String(), canary) {
			t.Errorf("a secret was said:\n%s", &d.said)
		}
	})
	return d
}

var operation = regexp.MustCompile(`^AmazonSSM\.`)

// ServeHTTP hands a request on to the service, unless it is meddled with.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := operation.ReplaceAllString(r.Header.Get("X-Amz-Target"), "")
	if d.meddle != nil && d.meddle(w, r, name) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.Server.ServeHTTP(w, r)
}

// open opens a client with the desk's access key.
func (d *desk) open() *remote.Client {
	d.t.Helper()
	d.t.Setenv("AWS_ACCESS_KEY_ID", d.keys.AccessKeyID)
	d.t.Setenv("AWS_SECRET_ACCESS_KEY", d.keys.SecretAccessKey)
	c, err := remote.Open(d.t.Context(), remote.Options{Endpoint: d.url, Region: servicetest.Region})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) ssm() *ssm.Client {
	return ssm.New(ssm.Options{BaseEndpoint: &d.URL, Region: servicetest.Region,
		Credentials: credentials.StaticCredentialsProvider{Value: d.Root}, Retryer: aws.NopRetryer{}})
}

// may makes a user with a policy, who sits at the desk from now on.
func (d *desk) may(name, statements string) {
	d.t.Helper()
	d.keys = d.User(d.t, name)
	_, err := d.IAM().PutUserPolicy(d.t.Context(), &iam.PutUserPolicyInput{UserName: &name,
		PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	if err != nil {
		d.t.Fatal(err)
	}
}

// key makes a KMS key and returns its ARN.
func (d *desk) key() string {
	d.t.Helper()
	out, err := d.KMS().CreateKey(d.t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		d.t.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

// imports runs an import of a document below /app/dev, and returns all that is said. An error is
// its last line.
func (d *desk) imports(format document.Format, text string, change func(*params.Import)) string {
	d.t.Helper()
	return d.importsIn(d.t.Context(), format, text, change)
}

func (d *desk) importsIn(ctx context.Context, format document.Format, text string,
	change func(*params.Import)) string {
	d.t.Helper()
	i := &params.Import{Text: []byte(text), Format: format, Yes: true,
		Options: plan.Options{Path: "/app/dev"}}
	if change != nil {
		change(i)
	}
	return d.says(func(t *terminal.Terminal) error { return i.Run(ctx, d.open(), t) })
}

// says runs something and returns what it says on both outputs, and its error.
func (d *desk) says(run func(*terminal.Terminal) error) string {
	var out bytes.Buffer
	if err := run(&terminal.Terminal{Out: &out, Err: &out}); err != nil {
		fmt.Fprintf(&out, "ERROR %v\n", err)
	}
	d.said.Write(out.Bytes())
	return out.String()
}

// exports runs an export of /app/dev.
func (d *desk) exports(change func(*params.Export)) (text, said string) {
	d.t.Helper()
	x := &params.Export{Path: "/app/dev", Format: document.JSON,
		File: filepath.Join(d.t.TempDir(), "x")}
	change(x)
	said = d.says(func(t *terminal.Terminal) error { return x.Run(d.t.Context(), d.open(), t) })
	b, err := os.ReadFile(x.File)
	if err != nil && !strings.Contains(said, "ERROR") {
		d.t.Fatal(err)
	}
	return string(b), said
}

// has asks the service itself for a parameter below /app/dev, and returns type and value.
func (d *desk) has(name string) string {
	d.t.Helper()
	out, err := d.ssm().GetParameter(d.t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/app/dev/" + name), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "nothing"
	}
	return string(out.Parameter.Type) + " " + *out.Parameter.Value
}

// contains fails unless a text has all of some others in it.
func (d *desk) contains(text string, all ...string) {
	d.t.Helper()
	for _, one := range all {
		if !strings.Contains(text, one) {
			d.t.Errorf("it doesn't say %q:\n%s", one, text)
		}
	}
}

// secure makes secrets of what is called so.
func secure(i *params.Import) { i.Secure = []string{"*password*"} }
