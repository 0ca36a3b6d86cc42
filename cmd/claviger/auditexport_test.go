package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// ask makes a request that leaves a record.
func ask(t *testing.T, s *site, p *process, alias string) {
	t.Helper()
	_, err := s.kms("http://"+p.address(), http.DefaultClient).DescribeKey(
		context.WithoutCancel(t.Context()), &kms.DescribeKeyInput{KeyId: aws.String("alias/" + alias)})
	if err == nil {
		t.Fatal("there is no such key")
	}
}

// bucket serves an export as the bucket that it is for, by the example, and returns its endpoint.
func (s *site) bucket(dir string) string {
	s.t.Helper()
	program := filepath.Join(s.t.TempDir(), "trailbucket")
	if out, err := exec.Command("go", "build", "-o", program,
		"claviger/examples/trailbucket").CombinedOutput(); err != nil {
		s.t.Fatalf("go build: %v\n%s", err, out)
	}
	c := exec.Command(program, "-bucket", "audit-archive", "-listen", "127.0.0.1:0", dir)
	said, err := c.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestAuditExport_AWSCLI_ValidatesIt is the AWS CLI as it comes: it asks this service for the trail
// and its public keys, and a bucket for the files.
func TestAuditExport_AWSCLI_ValidatesIt(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	t.Parallel()
	s := initialised(t)
	s.add("[trail]\nbucket = \"audit-archive\"\nprefix = \"site\"\n")
	p := s.start(s.serve()...)
	ask(t, s, p, "one")
	dir := s.path("exported")
	export := []string{"audit", "export", dir, "--config", s.path("claviger.toml"), "--now"}
	r := s.run(export...)
	if r.code != 0 || !regexp.MustCompile(`^Exported [3-9] records in \d log files, with \d digests`).
		MatchString(r.stdout) {
		t.Fatalf("%+v", r)
	}
	endpoint := s.bucket(dir)
	validate := func() string {
		t.Helper()
		c := exec.Command("aws", "cloudtrail", "validate-logs", "--verbose", "--trail-arn",
			"arn:aws:cloudtrail:us-east-1:111122223333:trail/claviger", "--start-time",
			time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339))
		c.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
			"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ACCESS_KEY_ID="+s.id, "AWS_SECRET_ACCESS_KEY="+s.secret, "AWS_REGION=us-east-1",
			"AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL_S3="+endpoint,
			"AWS_ENDPOINT_URL_CLOUDTRAIL=http://"+p.address())
		out, err := c.CombinedOutput()
		want := 0
		if strings.Contains(string(out), "INVALID") {
			want = 1
		}
		if c.ProcessState == nil || c.ProcessState.ExitCode() != want {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	if said := validate(); !strings.Contains(said, "1/1 digest files valid") ||
		!strings.Contains(said, "1/1 log files valid") || strings.Contains(said, "INVALID") {
		t.Fatalf("the AWS CLI says:\n%s", said)
	}

	// Without a server the token is opened as it would, and the chain goes on.
	time.Sleep(time.Second) // a digest ends in a later second
	if code := p.stop(); code != 0 {
		t.Fatal(code)
	}
	if r := s.run(export...); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	p = s.start(s.serve()...)
	p.address()
	if said := validate(); !strings.Contains(said, "2/2 digest files valid") ||
		strings.Contains(said, "INVALID") {
		t.Fatalf("the AWS CLI says:\n%s", said)
	}

	s.tampersWith(dir, validate)
}

// tampersWith changes an export as somebody may who can write to the bucket, in one way after the
// other, and wants to hear of each.
func (s *site) tampersWith(dir string, validate func() string) {
	s.t.Helper()
	const logs = "site/AWSLogs/111122223333/CloudTrail/us-east-1/*/*/*/*.json.gz"
	const digests = "site/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/*/*/*/*.json.gz"
	for _, c := range []struct {
		what, files, beside string
		newest              bool
		change              func([]byte) []byte // to nil: it is gone
		says                string
	}{
		{"a log file is gone", logs, "", false, gone, "INVALID: not found"},
		{"a byte of a log file's is flipped", logs, "", false, flipped, "INVALID"},
		{"a record is another one", logs, "", false, s.replaced("CreateAccount", "DeleteAccount"),
			"INVALID: hash value doesn't match"},
		{"a digest is gone", digests, "", false, gone, "INVALID: not found"},
		{"a digest has another hash", digests, "", true, s.replaced(`"hashValue":"`, `"hashValue":"0`),
			"INVALID: signature verification failed"},
		{"a digest's signature is gone", digests, ".metadata.json", true, gone, "INVALID"},
		{"a digest's signature is another one", digests, ".metadata.json", true, func(b []byte) []byte {
			return regexp.MustCompile(`("signature": ?")....`).ReplaceAll(b, []byte("${1}0000"))
		}, "INVALID: signature verification failed"},
	} {
		found, err := filepath.Glob(filepath.Join(dir, c.files))
		if err != nil || len(found) == 0 {
			s.t.Fatalf("%q: %v", found, err)
		}
		if c.files == logs { // their names end in chance
			found = slices.DeleteFunc(found, func(name string) bool {
				return !strings.Contains(s.unpacked(name), "CreateAccount")
			})
		}
		if len(found) == 0 {
			s.t.Fatalf("%s: there is no such file", c.what)
		}
		name := found[0] + c.beside
		if c.newest {
			name = found[len(found)-1] + c.beside
		}
		whole, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		changed := c.change(bytes.Clone(whole))
		if bytes.Equal(changed, whole) {
			s.t.Fatalf("%s, it was said, and nothing changed", c.what)
		}
		if err = os.WriteFile(name, changed, 0o600); changed == nil {
			err = os.Remove(name)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		if said := validate(); !strings.Contains(said, c.says) {
			s.t.Errorf("%s, and the AWS CLI says:\n%s", c.what, said)
		}
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	if said := validate(); strings.Contains(said, "INVALID") {
		s.t.Errorf("all is as it was, and the AWS CLI says:\n%s", said)
	}
}

func gone([]byte) []byte { return nil }

func flipped(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}

// replaced changes what is packed.
func (s *site) replaced(old, by string) func([]byte) []byte {
	return func(b []byte) []byte {
		s.t.Helper()
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		content := s.unpack(b)
		if !strings.Contains(content, old) {
			s.t.Fatalf("%q isn't in %s", old, content)
		}
		_, err := io.WriteString(w, strings.Replace(content, old, by, 1))
		if err = errors.Join(err, w.Close()); err != nil {
			s.t.Fatal(err)
		}
		return packed.Bytes()
	}
}

func (s *site) unpacked(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.unpack(b)
}

func (s *site) unpack(b []byte) string {
	s.t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

func TestAuditExport_WithoutABucket_IsRefused(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	config := s.path("claviger.toml")
	s.clear(s.run("audit", "export", s.path("x"), "--config", config), 3, "trail.bucket")
	s.clear(s.run("audit", "export", "--config", config), 2, "name the directory")
	s.clear(s.run("audit", "export", s.path("x")), 2, "--config FILE")
}

var eventID = regexp.MustCompile(`"eventID":"([0-9a-f-]{36})"`)

// received is the records that a receiver has, by their ids.
type received struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (r *received) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil {
		r.ids = map[string]bool{}
	}
	for _, found := range eventID.FindAllStringSubmatch(text, -1) {
		r.ids[found[1]] = true
	}
}

func (r *received) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

// collect receives records by HTTP, until the test ends.
func (r *received) collect(t *testing.T) (url string) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		text, err := io.ReadAll(q.Body)
		if err == nil { // else it was cut off, and comes again
			r.add(string(text))
		}
	}))
	t.Cleanup(collector.Close)
	return collector.URL
}

// syslog receives records as RFC 5425 has them until the test ends, and says what it is known by.
// Of a connection that was cut off it has what was whole.
func (r *received) syslog(t *testing.T) (address string, authority []byte) {
	t.Helper()
	known := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(known.Close)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: known.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r.readMessages(bufio.NewReader(conn))
			}()
		}
	}()
	return l.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: known.Certificate().Raw})
}

func (r *received) readMessages(in *bufio.Reader) {
	for {
		length, err := in.ReadString(' ')
		n, bad := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || bad != nil {
			return
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		r.add(string(message))
	}
}

// TestCopies_ServerKilled_HaveEveryRecord: what was on its way comes again.
func TestCopies_ServerKilled_HaveEveryRecord(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	var collected, logged received
	address, authority := logged.syslog(t)
	s.put("syslog.pem", string(authority), 0o600)
	s.add("[[trail.copies]]\nname = \"files\"\nkind = \"directory\"\nto = \"" +
		s.path("copy") + "\"\n" +
		"[[trail.copies]]\nname = \"http\"\nkind = \"http\"\nto = \"" + collected.collect(t) + "/\"\n" +
		"[[trail.copies]]\nname = \"log\"\nkind = \"syslog\"\nto = \"" + address + "\"\n" +
		"ca_file = \"" + s.path("syslog.pem") + "\"\n" +
		"[[trail.copies]]\nname = \"gone\"\nkind = \"syslog\"\nto = \"127.0.0.1:9\"\n")
	for n := range 4 {
		p := s.start(s.serve()...)
		for range 5 {
			ask(t, s, p, "killed")
		}
		time.Sleep(time.Duration(n) * 400 * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.ended
	}
	p := s.start(s.serve()...)
	ask(t, s, p, "last")
	r := s.run("audit", "tail", "-n", "0", "--config", s.path("claviger.toml"))
	wanted := eventID.FindAllStringSubmatch(r.stdout, -1)
	if len(wanted) < 21 {
		t.Fatalf("%d records, %+v", len(wanted), r)
	}
	missing := func() (n int) {
		var filed received
		files, err := filepath.Glob(s.path("copy/*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			filed.add(string(text))
		}
		for _, id := range wanted {
			if !filed.has(id[1]) || !collected.has(id[1]) || !logged.has(id[1]) {
				n++
			}
		}
		return n
	}
	for began := time.Now(); missing() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%d records of %d did not come:\n%s", missing(), len(wanted), &p.stderr)
		}
	}
}
