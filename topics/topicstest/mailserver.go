package topicstest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Mail is a mail as the server got it.
type Mail struct {
	From, To string // of the envelope
	Raw      string
	TLS      bool
	User     string // that has logged in, or nothing
}

// Subject returns the subject as people see it, and Text the text.
func (m Mail) Read(t testing.TB) (header mail.Header, subject, text string) {
	t.Helper()
	read, err := mail.ReadMessage(strings.NewReader(m.Raw))
	if err != nil {
		t.Fatalf("%v in %s", err, m.Raw)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	return read.Header, subject, strings.ReplaceAll(string(body), "\r\n", "\n")
}

// MailServer is a mail server on loopback that speaks SMTP (RFC 5321), with STARTTLS or with TLS
// from the beginning, and with AUTH PLAIN for one user.
type MailServer struct {
	Address        string
	Roots          *x509.CertPool
	User, Password string

	listener net.Listener
	config   *tls.Config
	implicit bool
	mu       sync.Mutex
	mails    []Mail
	refuse   func(to string) string // an answer to RCPT, or nothing
	came     chan struct{}
}

// NewMailServer starts a mail server; implicit has TLS from the beginning.
func NewMailServer(t testing.TB, implicit bool) *MailServer {
	t.Helper()
	borrowed := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	t.Cleanup(borrowed.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{Address: listener.Addr().String(), Roots: x509.NewCertPool(), User: "claviger",
		Password: "secret", listener: listener, implicit: implicit, came: make(chan struct{}, 1),
		config: &tls.Config{Certificates: borrowed.TLS.Certificates}}
	s.Roots.AddCert(borrowed.Certificate())
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			served.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		served.Wait()
	})
	return s
}

// Refuse has the server answer RCPT with a line for some addresses.
func (s *MailServer) Refuse(line func(to string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = line
}

// Dial connects to the server.
func (s *MailServer) Dial(ctx context.Context, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// All returns the mails that came since the last call.
func (s *MailServer) All() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.mails
	s.mails = nil
	return all
}

// Await returns the mails that come next, at least so many.
func (s *MailServer) Await(t testing.TB, n int) (all []Mail) {
	t.Helper()
	for {
		if all = append(all, s.All()...); len(all) >= n {
			return all
		}
		select {
		case <-s.came:
		case <-t.Context().Done():
			t.Fatalf("%d of %d mails came", len(all), n)
		}
	}
}

// talk is one connection.
type talk struct {
	*textproto.Conn
	server *MailServer
	conn   net.Conn
	mail   Mail
}

func (s *MailServer) serve(conn net.Conn) {
	defer conn.Close()
	k := &talk{server: s, conn: conn}
	if s.implicit {
		k.conn = tls.Server(conn, s.config)
		k.mail.TLS = true
	}
	k.Conn = textproto.NewConn(k.conn)
	k.say("220 mail.example.com ESMTP")
	for {
		line, err := k.ReadLine()
		if err != nil || !k.command(line) {
			return
		}
	}
}

func (k *talk) say(line string) { _ = k.PrintfLine("%s", line) }

// command answers a command, and says whether there may be another one.
func (k *talk) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		if k.mail.TLS || k.server.implicit {
			k.say("250-mail.example.com")
			k.say("250 AUTH PLAIN")
		} else {
			k.say("250-mail.example.com")
			k.say("250 STARTTLS")
		}
	case "STARTTLS":
		k.say("220 go ahead")
		k.conn = tls.Server(k.conn, k.server.config)
		k.Conn = textproto.NewConn(k.conn)
		k.mail.TLS = true
	case "AUTH":
		k.login(rest)
	case "MAIL":
		k.mail.From = address(rest)
		k.say("250 ok")
	case "RCPT":
		k.recipient(address(rest))
	case "DATA":
		return k.data()
	case "QUIT":
		k.say("221 bye")
		return false
	default:
		k.say("250 ok")
	}
	return true
}

func address(rest string) string {
	_, a, _ := strings.Cut(rest, "<")
	a, _, _ = strings.Cut(a, ">")
	return a
}

func (k *talk) login(rest string) {
	_, encoded, _ := strings.Cut(rest, " ")
	b, _ := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(b), "\x00")
	if len(parts) != 3 || parts[1] != k.server.User || parts[2] != k.server.Password {
		k.say("535 no")
		return
	}
	k.mail.User = parts[1]
	k.say("235 ok")
}

func (k *talk) recipient(to string) {
	k.server.mu.Lock()
	refuse := k.server.refuse
	k.server.mu.Unlock()
	if refuse != nil && refuse(to) != "" {
		k.say(refuse(to))
		return
	}
	k.mail.To = to
	k.say("250 ok")
}

func (k *talk) data() bool {
	k.say("354 go ahead")
	lines, err := bufio.NewReader(k.DotReader()), error(nil)
	var raw []byte
	if raw, err = io.ReadAll(lines); err != nil {
		return false
	}
	m := k.mail
	m.Raw = string(raw)
	k.server.mu.Lock()
	k.server.mails = append(k.server.mails, m)
	k.server.mu.Unlock()
	k.say("250 taken")
	select {
	case k.server.came <- struct{}{}:
	default:
	}
	return true
}
