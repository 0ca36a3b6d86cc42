package redis

import (
	"context"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"claviger/secrets/rotation/rotator"
)

// The driver logs to standard error by itself, and quotes there what servers say.
func init() { logging.Disable() }

// session is one connection, and whoever is logged in there.
type session struct {
	client *redis.Client
	conn   *redis.Conn
	socket net.Conn
	stop   func() bool

	// refusal is what the server has refused the last command with. It is compared and never shown:
	// a server may repeat in it what it was asked.
	refusal string

	answered bool // a command, so that TLS is through
}

// open connects to a server, encrypted as the documents ask for, and logs nobody in.
func (t *Target) open(ctx context.Context, server rotator.Endpoint,
	asks ...rotator.Document) (*session, error) {
	socket, err := t.dial(ctx, server, encryptionOf(t.config.Reach, asks))
	if err != nil {
		return nil, err
	}
	s := &session{socket: socket}
	s.client = redis.NewClient(&redis.Options{
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			return &bounded{Conn: socket, left: mostAnswers}, nil
		},
		// Nothing is done twice behind our back, and nobody is told who is asking. Without credentials
		// here the driver tries no password twice.
		Protocol: 2, MaxRetries: -1, DialerRetries: 1, PoolSize: 1, PipelinePoolSize: -1,
		DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled},
		ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1,
	})
	s.conn = s.client.Conn()
	s.stop = context.AfterFunc(ctx, func() { socket.Close() })
	return s, nil
}

func (s *session) close() {
	s.stop()
	s.conn.Close()
	s.client.Close()
	s.socket.Close()
}

// ask sends a command. What it returns is a [rotator.Error].
func (s *session) ask(ctx context.Context, command ...any) (answer any, err error) {
	c := redis.NewCmd(ctx, command...)
	if err := s.conn.Process(ctx, c); err != nil {
		s.refusal = err.Error()
		return nil, s.uncertified(explain(ctx, named(command), err))
	}
	s.answered = true
	return c.Val(), nil
}

// uncertified explains a connection that ended before anything was answered. If the server has
// asked for a certificate it is for lack of one (with TLS 1.3 it says so after the handshake).
func (s *session) uncertified(err error) error {
	c, isTLS := s.socket.(*secured)
	if isTLS && c.asked && !s.answered && is(err, rotator.CutOff) {
		return rotator.Errorf(rotator.Untrusted, "the server asks for a certificate, which a rotator "+
			"has not (tls-auth-clients)")
	}
	return err
}

// named is a command without its arguments.
func named(command []any) string {
	name := command[0].(string)
	if name == "ACL" || name == "CONFIG" {
		name += " " + command[1].(string)
	}
	return name
}

func (s *session) login(ctx context.Context, as rotator.Document) error {
	_, err := s.ask(ctx, "AUTH", as.Text("username"), as.Text("password"))
	return err
}

// loginByAny logs in by the first password that is in force.
func (s *session) loginByAny(ctx context.Context, versions []rotator.Document) error {
	for _, d := range versions {
		if err := s.login(ctx, d); err == nil || !is(err, rotator.LoginRefused) {
			return err
		}
	}
	return rotator.Errorf(rotator.LoginRefused, "no password that the secret has had of late is the "+
		"user's, or the user is disabled")
}

// What Redis and Valkey answer where there is no such file.
const (
	noACLFile    = "not configured to use an ACL file"
	noConfigFile = "running without a config file"
)

// save has the server keep its users over its next start, in the file that they are in.
func (s *session) save(ctx context.Context) error {
	_, err := s.ask(ctx, "ACL", "SAVE")
	if err == nil || !strings.Contains(s.refusal, noACLFile) {
		return err
	}
	_, err = s.ask(ctx, "CONFIG", "REWRITE")
	if err != nil && strings.Contains(s.refusal, noConfigFile) {
		return rotator.Errorf(rotator.Failed, "the server has no file that it could save its users in, "+
			"and after its next start the password of before would be in force: give it an aclfile, or "+
			"let the rotator leave users unsaved if something else makes them at each start")
	}
	return err
}
