// Package servicetest starts the true server in one line: the service as cmd/claviger assembles it,
// on a fresh SoftHSM2 token and a database of its own, behind HTTP on loopback. Nothing in it is a
// stand-in, but for the token of [StartOn].
//
//	s := servicetest.Start(t)
//	out, err := s.KMS().CreateKey(ctx, &kms.CreateKeyInput{})
//
// What a test needs to see or to do beyond what a client can is here too: the audit trail, the log,
// the clock, a restart, and a ledger that can be cut off from the disk.
package servicetest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/clock"
	"claviger/internal/fault"
	"claviger/internal/install"
	"claviger/internal/op/optest"
	"claviger/service"
	"claviger/store/storetest"
	"claviger/topics/topicstest"
	"claviger/trail/export"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Where every server of this package stands.
const (
	Account = "111122223333"
	Region  = "us-east-1"    // what clients use unless told otherwise
	Abroad  = "eu-central-1" // served as well
	Trail   = "claviger"     // the trail of each account
)

// RootARN and NobodyARN are the principals that a server knows: the owner of the account, who may
// do everything, and a user who may do nothing.
const (
	RootARN   = "arn:aws:iam::" + Account + ":root"
	NobodyARN = "arn:aws:iam::" + Account + ":user/nobody"
)

// Server is a running service. Its methods may be called from several goroutines.
type Server struct {
	URL          string
	Root, Nobody aws.Credentials // access keys of the two principals
	Database     string          // path of the SQLite file
	HSM          hsm.Config      // opens the token that the service uses
	Log          *optest.Log     // everything that the service logged
	Clock        *Clock          // what the service takes for the time
	Vault        *Vault          // what the rotator of [VaultARN] rotates

	// Receiver is a web server that topics may have subscribers at, and Mails a mail server.
	Receiver *topicstest.Receiver
	Mails    *topicstest.MailServer

	ledger cut
	front  *httptest.Server
	config service.Config
	seen   atomic.Int64 // a batch of the trail that is there for certain

	mu      sync.RWMutex // held for reading by requests, for writing while the service is exchanged
	service *service.Service
}

// Start starts a server that is closed when t ends. An option may change the
// configuration before it is used.
func Start(t testing.TB, options ...func(*service.Config)) *Server {
	t.Helper()
	return StartOn(t, hsmtest.SoftHSM(t), options...)
}

// StartOn is [Start] on another token, for what SoftHSM2 can't do.
func StartOn(t testing.TB, token hsm.Config, options ...func(*service.Config)) *Server {
	t.Helper()
	s := &Server{Database: filepath.Join(storetest.Dir(t), "claviger.db"), HSM: token,
		Log: new(optest.Log), Clock: new(Clock), Vault: new(Vault),
		Receiver: topicstest.NewReceiver(t), Mails: topicstest.NewMailServer(t, true)}
	s.front = httptest.NewUnstartedServer(s)
	s.URL = "http://" + s.front.Listener.Addr().String()
	s.config = service.Config{Database: s.Database, HSM: s.HSM, Regions: []string{Region, Abroad},
		Version: "test", Create: true, Log: slog.New(slog.NewTextHandler(s.Log, nil)),
		Ledger: s.ledger.around,
		Trail: service.Trail{Account: Account, Exported: &export.Trail{Name: Trail, Account: Account,
			Home: Region, Bucket: "audit-archive", Prefix: "site"}},
		Rotators: []service.Rotator{s.Vault.rotator()},
		Outbound: s.Receiver.Door(t), Topics: s.topics()}
	for _, o := range options {
		o(&s.config)
	}
	s.open(t)
	s.Root = s.accessKey(t, Account, "")
	s.Nobody = s.accessKey(t, Account, "nobody")
	s.front.Start()
	client := s.front.Client()
	client.Transport = wholeBodies{client.Transport.(*http.Transport)}
	t.Cleanup(func() {
		s.Service().Drain()
		s.front.Close()
		s.close(t)
	})
	return s
}

// ServeHTTP hands a request to the service of the moment.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.service.Handler.ServeHTTP(w, r)
}

// Service returns the service of the moment, for what no client can see. Restart exchanges it.
func (s *Server) Service() *service.Service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.service
}

// Restart lets requests end, closes the service with its token and database, and opens it again
// from what is on the disk. between runs while nothing is open; nil does nothing. Requests that
// come meanwhile wait.
func (s *Server) Restart(t testing.TB, between func()) {
	t.Helper()
	s.Service().Drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.service.Close(); err != nil {
		t.Fatalf("closing the service: %v", err)
	}
	if between != nil {
		between()
	}
	s.openLocked(t)
}

// TryStart starts the service on another database, as `claviger serve` does, and closes it again. It
// returns why it doesn't start. The service of the moment must be closed, as it is inside Restart.
func (s *Server) TryStart(ctx context.Context, database string) error {
	c := s.config
	c.Database, c.Create = database, false
	opened, err := service.Open(ctx, c)
	if err != nil {
		return err
	}
	return opened.Close()
}

// AcceptRows does what `claviger doctor --accept` does, for the tests of what the service does with
// rows that it wouldn't start with. The service must be closed, as it is inside Restart.
func (s *Server) AcceptRows(t testing.TB) {
	t.Helper()
	if found, accepted := s.TryAccept(t, s.Database); !accepted {
		t.Fatalf("the rows were not accepted: %+v", found)
	}
}

// TryAccept is [Server.AcceptRows] for another database. It reports whether the rows were accepted.
func (s *Server) TryAccept(t testing.TB, database string) (*install.Inspection, bool) {
	t.Helper()
	c := s.config
	c.Database = database
	found, accepted, err := service.AcceptRows(t.Context(), c, Account, "claviger test")
	if err != nil {
		t.Fatal(err)
	}
	return found, accepted
}

// Still runs f while no request is being answered. Requests that come meanwhile wait. What would
// crash a PKCS#11 module under a call, such as taking its sessions away, belongs in here.
func (s *Server) Still(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *Server) open(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.openLocked(t)
}

func (s *Server) openLocked(t testing.TB) {
	t.Helper()
	s.config.Clock = s.Clock.source()
	opened, err := service.Open(context.Background(), s.config)
	if err != nil {
		t.Fatalf("opening the service: %v", err)
	}
	s.service = opened
}

func (s *Server) close(t testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.service.Close(); err != nil {
		t.Errorf("closing the service: %v", err)
	}
}

// User makes an access key of the IAM user of that name, who may do nothing that
// nobody has granted.
func (s *Server) User(t testing.TB, name string) aws.Credentials {
	t.Helper()
	return s.UserOf(t, Account, name)
}

// UserOf is [Server.User] for a user of any account, which is made if there is none.
func (s *Server) UserOf(t testing.TB, account, name string) aws.Credentials {
	t.Helper()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accessKey(t, account, name)
}

// RootOf makes an access key of an account's root user, and the account if there is none.
func (s *Server) RootOf(t testing.TB, account string) aws.Credentials {
	t.Helper()
	return s.UserOf(t, account, "")
}

// UserARN returns the ARN of an IAM user of the account.
func UserARN(name string) string { return "arn:aws:iam::" + Account + ":user/" + name }

// accessKey makes an access key of a user, or of the root user if none is named, with what lacks of
// user and account.
func (s *Server) accessKey(t testing.TB, account, user string) aws.Credentials {
	t.Helper()
	const by = "claviger test"
	ctx := context.Background()
	err := s.service.CreateAccount(ctx, account, by)
	if err == nil && user != "" {
		err = s.service.CreateUser(ctx, account, user, by)
		if f := fault.Of(err); f != nil && f.Kind == fault.Exists {
			err = nil
		}
	}
	id, secret := "", ""
	if err == nil {
		id, secret, err = s.service.CreateAccessKey(ctx, account, user, by)
	}
	if err != nil {
		t.Fatalf("making an access key for %q of %s: %v", user, account, err)
	}
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
}

// RunDueJobs has the job runner do what is due by the clock now, and returns when it is done.
func (s *Server) RunDueJobs(t testing.TB) {
	t.Helper()
	s.Service().Jobs.RunDue(t.Context())
}

// Clock is the true time and what a test added to it.
type Clock struct {
	mu     sync.Mutex
	ahead  time.Duration
	jumped time.Duration // of ahead, what the machine's uptime knows nothing of
	boots  int
}

// source is what the service compares: the clock, and the uptime of a machine that Boot starts.
func (c *Clock) source() clock.Source {
	c.mu.Lock()
	defer c.mu.Unlock()
	return clock.Source{Now: c.Now, Uptime: c.uptime, Boot: strconv.Itoa(c.boots)}
}

// began is when this process did, for the true part of the uptime.
var began = time.Now()

func (c *Clock) uptime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(began) + c.ahead - c.jumped
}

// Now returns the time that the service sees. Requests of this package's clients
// are signed at this time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Jump sets the clock ahead, or back, while no time passes.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	c.jumped += d
}

// Boot starts the machine anew for the next start of the service, which has to come. How long it
// was off is what Advance says meanwhile.
func (c *Clock) Boot() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boots++
}

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
