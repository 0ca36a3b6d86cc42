package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator/servertest"
	"claviger/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/uuid"
)

const (
	clientsOfRotation = 8
	rotatorARN        = "arn:aws:lambda:us-east-1:111122223333:function:databases"
)

// rotationsAsked is how often each secret is rotated: ROTATIONS, or twice beyond the first.
func rotationsAsked(t *testing.T) (n int, full bool) {
	t.Helper()
	text := os.Getenv("ROTATIONS")
	if text == "" {
		return 2, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n, true
}

// TestRotation_ServerKilled_LocksNobodyOut: while a secret is rotated and the server is killed at
// any moment, clients fetch it and log in without pause. With two users that take turns, or two
// passwords of one, no login fails. With a single user some may, between the change at the database
// and the move of the label.
func TestRotation_ServerKilled_LocksNobodyOut(t *testing.T) {
	for _, c := range []struct {
		name, users string
		start       func(*testing.T, string) *rotated
	}{
		{"PostgreSQL, single user", "single", rotatedPostgres},
		{"PostgreSQL, alternating users", "alternating", rotatedPostgres},
		{"MariaDB, single user", "single", rotatedMariaDB},
		{"MariaDB, alternating users", "alternating", rotatedMariaDB},
		{"Redis, two passwords", "", rotatedRedis},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, full := rotationsAsked(t)
			r := openRotations(t, c.start(t, c.users))
			r.begin()
			for i := range n {
				r.rotate((i + 1) % 3)
			}
			r.end()
			if full {
				r.measure()
				fmt.Printf("%s: %s\n", c.name, r.figures())
			}
			r.story()
		})
	}
}

// rotations is a site whose server rotates one secret, and is killed.
type rotations struct {
	t           *testing.T
	site        *site
	process     *process
	address     string
	readers     *readers
	ups         []time.Time // when the server was there again
	versions    []string    // of the secret, in their order
	undisturbed map[string]bool
	calmly      *readers        // who saw rotations in peace; nil: nobody
	spans       []time.Duration // of rotations that nobody disturbed
}

// openRotations starts the server with a rotator for the user, whose secret it makes.
func openRotations(t *testing.T, of *rotated) *rotations {
	s := initialised(t)
	r := &rotations{t: t, site: s, address: freeAddress(t), undisturbed: map[string]bool{}}
	s.set("listen", strconv.Quote(r.address))
	s.put("ca.pem", string(servertest.Authority(t)), 0o600)
	r.process = s.start(s.serve()...)
	r.process.address()
	superuser := r.secret("superuser", of.superuser)
	users := ""
	if of.users != "" {
		users = fmt.Sprintf("users = %q\n", of.users)
	}
	if of.users != "single" {
		of.app.MasterARN = superuser
	}
	app := r.secret("app", of.app)
	s.add(fmt.Sprintf("[[rotators]]\nname = \"databases\"\nkind = %q\n%stargets = [%q]\n"+
		"superusers = [%q]\nca_file = %q\n", of.kind, users, of.app.address(), superuser,
		s.path("ca.pem")))
	r.restart()
	r.readers = &readers{t: t, of: of, secret: app, views: map[string]*view{}}
	return r
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// secret makes a secret and returns its ARN.
func (r *rotations) secret(name string, d databaseSecret) string {
	r.t.Helper()
	out, err := r.client().CreateSecret(r.t.Context(), &secretsmanager.CreateSecretInput{Name: &name,
		SecretString: d.text()})
	if err != nil {
		r.t.Fatal(err)
	}
	if name == "app" {
		r.versions = []string{*out.VersionId}
	}
	return *out.ARN
}

// client returns a client with connections of its own, which asks once.
func (r *rotations) client() *secretsmanager.Client {
	url := "http://" + r.address
	return secretsmanager.New(secretsmanager.Options{BaseEndpoint: &url, Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(r.site.id, r.site.secret, ""),
		HTTPClient:  &http.Client{Transport: &http.Transport{}}, Retryer: aws.NopRetryer{}})
}

// restart ends the server as a power failure would, and starts it again.
func (r *rotations) restart() {
	r.t.Helper()
	if err := r.process.cmd.Process.Kill(); err != nil {
		r.t.Fatalf("it had ended before it was killed: %v\n%s", err, &r.process.stderr)
	}
	<-r.process.ended
	r.process = r.site.start(r.site.serve()...)
	r.process.address()
	r.ups = append(r.ups, time.Now())
}

// begin turns rotation on and sends the clients.
func (r *rotations) begin() {
	r.send(clientsOfRotation)
	r.rotate(0)
}

func (r *rotations) send(clients int) {
	for range clients {
		c := r.client()
		r.readers.all.Go(func() { r.readers.read(c) })
	}
}

// rotate rotates the secret once, and kills the server so often meanwhile.
func (r *rotations) rotate(kills int) {
	r.t.Helper()
	version, began := uuid.NewString(), time.Now()
	asked := make(chan error, 1)
	go func() { asked <- r.ask(version) }()
	for i := range kills {
		r.moment(i, version)
		r.restart()
	}
	if err := <-asked; err != nil {
		r.t.Fatal(err)
	}
	r.await(version)
	r.versions = append(r.versions, version)
	if kills == 0 {
		r.undisturbed[version] = true
		r.spans = append(r.spans, time.Since(began))
	}
}

// moment waits for one at which to kill the server: any while a rotation is asked for and begun, or
// while its credentials are set. A server that comes back goes on with it at once.
func (r *rotations) moment(kill int, version string) {
	within := setting
	switch {
	case kill > 0:
	case rand.N(2) == 0:
		within = max(quantile(r.spans, 1), within)
	default:
		r.candidate(version)
	}
	time.Sleep(rand.N(within))
}

// setting is about how long it takes to set and try credentials, and to move the label.
const setting = 100 * time.Millisecond

// candidate waits until the version has a value: its credentials are set next.
func (r *rotations) candidate(version string) {
	c := r.client()
	for range 1000 {
		_, err := c.GetSecretValue(r.t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: &r.readers.secret, VersionId: &version})
		if err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// ask asks for a rotation until there is an answer. Only the first says by what.
func (r *rotations) ask(version string) error {
	in := &secretsmanager.RotateSecretInput{SecretId: &r.readers.secret, ClientRequestToken: &version}
	if len(r.versions) == 1 {
		in.RotationLambdaARN = aws.String(rotatorARN)
		in.RotationRules = &smtypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}
	}
	return r.answered(func(c *secretsmanager.Client) error {
		_, err := c.RotateSecret(r.t.Context(), in)
		return err
	})
}

// answered asks until there is an answer: the server may be away.
func (r *rotations) answered(ask func(*secretsmanager.Client) error) (err error) {
	c := r.client()
	for range 1000 {
		if err = ask(c); err == nil || strings.Contains(err.Error(), "api error") {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// await waits until a version is current and none is pending.
func (r *rotations) await(version string) {
	r.t.Helper()
	for range 3000 {
		var out *secretsmanager.DescribeSecretOutput
		err := r.answered(func(c *secretsmanager.Client) (err error) {
			out, err = c.DescribeSecret(r.t.Context(),
				&secretsmanager.DescribeSecretInput{SecretId: &r.readers.secret})
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if fmt.Sprint(out.VersionIdsToStages[version]) == "[AWSCURRENT]" {
			r.labelled(out.VersionIdsToStages)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatalf("the rotation %s doesn't end:\n%s\n%s", version, r.diagnosis(), &r.process.stderr)
}

// labelled looks whether the version of before has AWSPREVIOUS, and no other any label.
func (r *rotations) labelled(all map[string][]string) {
	r.t.Helper()
	before := r.versions[len(r.versions)-1]
	if len(all) != 2 || fmt.Sprint(all[before]) != "[AWSPREVIOUS]" {
		r.t.Errorf("after a rotation from %s the versions are %v", before, all)
	}
}

func (r *rotations) diagnosis() string {
	return r.site.administer("secrets", "troubleshoot", r.readers.secret)
}

// end stops the clients, and looks whether everything is as it has to be.
func (r *rotations) end() {
	t := r.t
	t.Helper()
	r.readers.ended.Store(true)
	r.readers.all.Wait()
	r.agrees()
	said := r.diagnosis()
	if strings.Contains(said, "in progress") || strings.Contains(said, "failed") {
		t.Errorf("in the end there is something to say: %s", said)
	}
	bad := 0
	for _, f := range r.readers.refusals {
		if r.readers.excused(f, r.ups) {
			continue
		}
		if bad++; bad <= 5 {
			t.Errorf("a login with version %s failed %v after it was asked for, and %q went well %v "+
				"later: %v", f.version, f.at.Sub(f.asked), f.next, f.healing(r.ups), f.err)
		}
	}
	if bad > 5 {
		t.Errorf("%d logins failed that shouldn't have", bad)
	}
}

// measure rotates a secret in peace, with two clients that see when what changes.
func (r *rotations) measure() {
	if r.readers.of.users != "single" {
		return
	}
	crowd := r.readers
	r.readers = &readers{t: r.t, of: crowd.of, secret: crowd.secret, views: map[string]*view{}}
	r.send(2)
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		r.rotate(0)
	}
	r.end()
	r.calmly, r.readers = r.readers, crowd
}

// agrees looks whether the current value is the last that was made, and opens the database.
func (r *rotations) agrees() {
	r.t.Helper()
	out, err := r.client().GetSecretValue(r.t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &r.readers.secret})
	if err != nil {
		r.t.Fatal(err)
	}
	var d databaseSecret
	if err := json.Unmarshal([]byte(*out.SecretString), &d); err != nil {
		r.t.Fatal(err)
	}
	last := r.versions[len(r.versions)-1]
	if err := r.readers.of.login(r.t.Context(), d); err != nil || *out.VersionId != last {
		r.t.Errorf("in the end the current version is %s, and was to be %s. Its login: %v",
			*out.VersionId, last, err)
	}
}

// story stops the server and looks whether the trail tells of each rotation once that it began, and
// then that it went well, and of nothing else that the service did with the secret.
func (r *rotations) story() {
	r.t.Helper()
	if code := r.process.stop(); code != 0 {
		r.t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, &r.process.stderr)
	}
	db, err := store.OpenReader(r.t.Context(), r.site.path("claviger.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	var told, want []string
	err = db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		for line := range strings.Lines(string(records)) {
			if !strings.Contains(line, "AwsServiceEvent") {
				continue
			}
			var e struct{ EventName, RequestID string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				return fmt.Errorf("%w: %s", err, line)
			}
			told = append(told, e.EventName+" "+e.RequestID)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, version := range r.versions[1:] {
		id := " Rotation-" + r.readers.secret + "-" + version
		want = append(want, "RotationStarted"+id, "RotationSucceeded"+id)
	}
	if !slices.Equal(told, want) {
		r.t.Errorf("the trail tells\n%s\nand should\n%s", strings.Join(told, "\n"),
			strings.Join(want, "\n"))
	}
}

// figures says in one line how it went.
func (r *rotations) figures() string {
	var healed []time.Duration
	for _, f := range r.readers.refusals {
		healed = append(healed, f.healing(r.ups))
	}
	text := fmt.Sprintf("%d rotations, %d kills, %d logins, %d refused; a rotation takes %v (median) to "+
		"%v", len(r.versions)-1, len(r.ups)-1, r.readers.logins, len(healed), quantile(r.spans, .5),
		quantile(r.spans, 1))
	if r.calmly == nil {
		return text
	}
	return text + fmt.Sprintf(". From the last login by the old password to the first sight of the new "+
		"one: %s; with two clients %s. A refetch healed after %v (median), %v (most)",
		r.windows(r.readers), r.windows(r.calmly), quantile(healed, .5), quantile(healed, 1))
}

// windows says how long those saw neither of two passwords that rotations lay between, where nobody
// killed the server.
func (r *rotations) windows(by *readers) string {
	var all []time.Duration
	for i, version := range r.versions[1:] {
		if w, ok := by.window(r.versions[i], version); ok && r.undisturbed[version] {
			all = append(all, w)
		}
	}
	return fmt.Sprintf("%v (median of %d), %v (90%%), %v (most)", quantile(all, .5), len(all),
		quantile(all, .9), quantile(all, 1))
}
