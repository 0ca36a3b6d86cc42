// Package mail sends mails by the site's own server (RFC 5321), as plain text (RFC 5322). What is
// in them comes from whoever may publish, so that no text of theirs can become a header.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// Security is how the connection to the server is protected.
type Security string

// Securities.
const (
	TLS      Security = "tls"      // from its beginning, usually port 465
	STARTTLS Security = "starttls" // before anything is said, usually port 587
	Plain    Security = "none"     // for a server on the same machine
)

// Server is the site's mail server.
type Server struct {
	Address  string // host:port
	Security Security
	Roots    *x509.CertPool // that its certificate is by; nil: the system's
	User     string         // empty: there is no login
	Password func() (string, error)
	From     mail.Address
	// Recipients are whom mails may go to: domains, or whole addresses; * is anybody.
	Recipients []string

	// Dial connects to the address.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Message is a mail.
type Message struct {
	To      string // an address, alone
	Name    string // that From shows instead of the server's; may be empty
	Subject string
	Text    string
	ID      string // of the Message-Id, without its host: letters, digits and hyphens
	Date    time.Time
	// Headers are further ones. Their values are written by us.
	Headers map[string]string
}

// Refusal is what a server said to a mail.
type Refusal struct {
	Code      int // of SMTP; 0: there was no answer
	Permanent bool
	Cause     error
}

// Error implements error. What the server said isn't told: it may name its own inside.
func (r *Refusal) Error() string {
	if r.Code == 0 {
		return "the mail server can't be reached"
	}
	return fmt.Sprintf("the mail server refused the mail with %d", r.Code)
}

// Unwrap returns the cause, for a log.
func (r *Refusal) Unwrap() error { return r.Cause }

// timeout is how long one mail takes at most.
const timeout = 30 * time.Second

// May reports whether mails may go to an address.
func (s *Server) May(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return slices.ContainsFunc(s.Recipients, func(r string) bool {
		return r == "*" || strings.EqualFold(r, address) || strings.EqualFold(r, domain)
	})
}

// Send sends a mail. An error is a [*Refusal].
func (s *Server) Send(ctx context.Context, m Message) error {
	if !s.May(m.To) {
		return &Refusal{Code: 550, Permanent: true,
			Cause: errors.New("the configuration allows no mail to this address")}
	}
	text, err := s.write(m)
	if err != nil {
		return &Refusal{Code: 554, Permanent: true, Cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.send(ctx, m.To, text); err != nil {
		return refused(err)
	}
	return nil
}

// refused reads an error of net/smtp: the server's own code, where it gave one.
func refused(err error) error {
	r := &Refusal{Cause: err}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		r.Code, r.Permanent = answer.Code, answer.Code >= 500
	}
	return r
}

func (s *Server) send(ctx context.Context, to string, text []byte) error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	conn, err := s.Dial(ctx, s.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	secure := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if s.Security == TLS {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if s.Security == STARTTLS {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if s.User != "" {
		if err := s.login(c, host); err != nil {
			return err
		}
	}
	return s.transfer(c, to, text)
}

// login gives the password. net/smtp does so over TLS alone, and on the machine itself.
func (s *Server) login(c *smtp.Client, host string) error {
	password, err := s.Password()
	if err != nil {
		return err
	}
	err = c.Auth(smtp.PlainAuth("", s.User, password, host))
	var answer *textproto.Error
	if errors.As(err, &answer) {
		// The password may be set right: that is no fault of the mail.
		return fmt.Errorf("the mail server refuses the login with %d", answer.Code)
	}
	return err
}

func (s *Server) transfer(c *smtp.Client, to string, text []byte) error {
	if err := c.Mail(s.From.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the mail is the server's by now
	return nil
}

// write makes the mail. Every value of a header is encoded (RFC 2047) or made of what can't break a
// line.
func (s *Server) write(m Message) ([]byte, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || strings.ContainsAny(m.To, "\r\n") {
		return nil, errors.New("the address is none")
	}
	from := s.From
	if m.Name != "" {
		from.Name = m.Name
	}
	_, host, _ := strings.Cut(s.From.Address, "@")
	var b bytes.Buffer
	header := func(name, value string) { b.WriteString(name + ": " + oneLine(value) + "\r\n") }
	header("From", from.String())
	header("To", (&mail.Address{Address: m.To}).String())
	header("Subject", mime.QEncoding.Encode("utf-8", oneLine(m.Subject)))
	header("Date", m.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	header("Message-Id", "<"+m.ID+"@"+host+">")
	header("Auto-Submitted", "auto-generated") // RFC 3834: nothing answers it
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	for _, name := range sorted(m.Headers) {
		header(name, m.Headers[name])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	text := strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n", "\r\n")
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}

func sorted(m map[string]string) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// oneLine has no character that ends a line or is none to show.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
