package config

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"

	"claviger/cmd/claviger/exit"
	"claviger/internal/access"
	"claviger/internal/outbound"
	"claviger/service"
	tmail "claviger/topics/mail"
)

// SNS is how those are reached who subscribe to topics.
type SNS struct {
	// https://claviger.example.com: where they reach this service; left out: nobody can subscribe
	URL  string `toml:"url"`
	SMTP *SMTP  `toml:"smtp"` // left out: nobody can subscribe by mail
}

// SMTP is the site's mail server.
type SMTP struct {
	Address      string   `toml:"address"`       // host:port
	Security     string   `toml:"security"`      // starttls, tls, or none on loopback; starttls if left out
	CAFile       string   `toml:"ca_file"`       // PEM file that its certificate is by
	User         string   `toml:"user"`          // left out: there is no login
	PasswordFile string   `toml:"password_file"` // of mode 0600 or 0400; with user
	From         string   `toml:"from"`          // Claviger <claviger@example.com>
	Recipients   []string `toml:"recipients"`    // domains or addresses that mail may go to; * is any
}

var securities = []string{string(tmail.STARTTLS), string(tmail.TLS), string(tmail.Plain)}

// checkSNS checks what can be known before any file is read.
func (c *Config) checkSNS() error {
	if c.SNS.URL != "" {
		u, err := url.Parse(c.SNS.URL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
			u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("sns.url: %q is no URL that receivers could follow", c.SNS.URL)
		}
	}
	m := c.SNS.SMTP
	if m == nil {
		return nil
	}
	host, _, err := net.SplitHostPort(m.Address)
	from, fromErr := mail.ParseAddress(m.From)
	switch {
	case c.SNS.URL == "":
		return errors.New("sns.url is missing: mails have links to it")
	case err != nil || host == "":
		return fmt.Errorf("sns.smtp.address: %q is no host:port", m.Address)
	case m.Security != "" && !slices.Contains(securities, m.Security):
		return fmt.Errorf("sns.smtp.security is one of %s", strings.Join(securities, ", "))
	case m.Security == string(tmail.Plain) && !isLoopback(host):
		return errors.New("sns.smtp.security: none is for a server on this machine alone")
	case fromErr != nil || strings.ContainsAny(from.Address, "\r\n"):
		return fmt.Errorf("sns.smtp.from: %q is no mail address", m.From)
	case (m.User == "") != (m.PasswordFile == ""):
		return errors.New("set sns.smtp.user and sns.smtp.password_file, or neither")
	case len(m.Recipients) == 0:
		return errors.New("sns.smtp.recipients is missing: the domains that mail may go to")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// filesOfSNS are those that [sns] names.
func (c *Config) filesOfSNS() (all []access.File) {
	if c.SNS.SMTP == nil {
		return nil
	}
	if f := c.SNS.SMTP.CAFile; f != "" {
		all = append(all, access.Look("the mail server's authorities", f, access.Read))
	}
	if f := c.SNS.SMTP.PasswordFile; f != "" {
		all = append(all, secret("the password for the mail server", f, ownerOnly))
	}
	return all
}

// Topics returns how those are reached who subscribe to topics. The password is read at each login,
// so that a new one needs no restart.
func (c *Config) Topics() (t service.Topics, err error) {
	t.URL = strings.TrimRight(c.SNS.URL, "/")
	m := c.SNS.SMTP
	if m == nil {
		return t, nil
	}
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return t, exit.Mark(fmt.Errorf("sns.smtp.from: %w", err), exit.ErrConfig)
	}
	s := &tmail.Server{Address: m.Address, Security: tmail.STARTTLS, User: m.User, From: *from,
		Recipients: m.Recipients}
	if m.Security != "" {
		s.Security = tmail.Security(m.Security)
	}
	if m.CAFile != "" {
		if s.Roots, err = authorities(m.CAFile); err != nil {
			return t, exit.Mark(fmt.Errorf("sns.smtp.ca_file: %w", err), exit.ErrConfig)
		}
	}
	// The site has named its mail server here, wherever it is.
	door, err := outbound.New([]outbound.Allowed{{Address: m.Address, Private: true}})
	if err != nil {
		return t, exit.Mark(fmt.Errorf("sns.smtp.address: %w", err), exit.ErrConfig)
	}
	s.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		return door.Dial(ctx, address)
	}
	if m.User != "" {
		if _, err := m.password(); err != nil {
			return t, err
		}
		s.Password = m.password
	}
	t.Mail = s
	return t, nil
}

func (m *SMTP) password() (string, error) {
	if err := Private(m.PasswordFile); err != nil {
		return "", err
	}
	text, err := os.ReadFile(m.PasswordFile)
	if err != nil {
		return "", exit.Mark(err, exit.ErrConfig)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
