package config

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/internal/outbound"
	"claviger/service"
	"claviger/trail/copies"
	"claviger/trail/export"
)

// Trail is how the trail is exported and copied, and for how long it is kept.
type Trail struct {
	Name   string      `toml:"name"`   // of the trail as CloudTrail has it; claviger if left out
	Bucket string      `toml:"bucket"` // that exported files are for; left out: none is exported
	Prefix string      `toml:"prefix"` // of the names of objects in it
	Keep   string      `toml:"keep"`   // such as 400d; for ever if left out
	Copies []TrailCopy `toml:"copies"` // that are sent on, record by record
}

// TrailCopy is a receiver of all records.
type TrailCopy struct {
	Name     string `toml:"name"`
	Kind     string `toml:"kind"`     // directory, syslog or http
	To       string `toml:"to"`       // a path, host:port, or a URL
	Required bool   `toml:"required"` // nothing is removed from the trail that it hasn't taken
	From     string `toml:"from"`     // where a new copy begins: oldest, or newest; oldest if left out

	FileSize int64  `toml:"file_size"` // of directory, in bytes; 64 MiB if left out
	FileAge  string `toml:"file_age"`  // of directory; 1h if left out

	CAFile            string `toml:"ca_file"`            // of syslog and http
	ClientCertificate string `toml:"client_certificate"` // of syslog
	ClientKey         string `toml:"client_key"`         // of syslog
	AuthorizationFile string `toml:"authorization_file"` // of http: the header of that name
}

var (
	copyName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	ageForm  = regexp.MustCompile(`^[1-9][0-9]{0,5}d$`)
)

const day = 24 * time.Hour

// keep reads how long the trail is kept: days, so that nobody writes minutes by mistake.
func (t *Trail) keep() (time.Duration, error) {
	if t.Keep == "" {
		return 0, nil
	}
	days, err := strconv.Atoi(strings.TrimSuffix(t.Keep, "d"))
	if err != nil || !ageForm.MatchString(t.Keep) || days > 36500 {
		return 0, fmt.Errorf("trail.keep is a number of days such as 400d, and %q is not", t.Keep)
	}
	return time.Duration(days) * day, nil
}

// exported is the trail that files are exported of, or nil.
func (c *Config) exported() (*export.Trail, error) {
	t := c.Trail
	if t.Bucket == "" {
		if t.Name != "" || t.Prefix != "" {
			return nil, errors.New("trail.bucket is missing: digests name the bucket that they are for")
		}
		return nil, nil
	}
	made := export.Trail{Name: t.Name, Account: c.Account, Home: c.Regions[0], Bucket: t.Bucket,
		Prefix: t.Prefix}
	if made.Name == "" {
		made.Name = "claviger"
	}
	return &made, made.Check()
}

// checkTrail checks what can be known before any file is read.
func (c *Config) checkTrail() error {
	if _, err := c.Trail.keep(); err != nil {
		return err
	}
	if _, err := c.exported(); err != nil {
		return fmt.Errorf("trail: %w", err)
	}
	seen := map[string]bool{}
	for i := range c.Trail.Copies {
		one := &c.Trail.Copies[i]
		if err := one.check(); err != nil {
			return fmt.Errorf("trail copy %q: %w", one.Name, err)
		}
		if seen[one.Name] {
			return fmt.Errorf("there are two trail copies with the name %s", one.Name)
		}
		seen[one.Name] = true
	}
	return nil
}

func (t *TrailCopy) check() error {
	isDirectory, isSyslog, isHTTP := t.Kind == "directory", t.Kind == "syslog", t.Kind == "http"
	switch {
	case !copyName.MatchString(t.Name):
		return errors.New("name is 1 to 64 letters, digits, hyphens and underscores")
	case !isDirectory && !isSyslog && !isHTTP:
		return fmt.Errorf("kind is directory, syslog or http, and %q is none", t.Kind)
	case t.To == "":
		return errors.New("to is missing: a path, host:port or a URL")
	case !slices.Contains([]string{"", "oldest", "newest"}, t.From):
		return fmt.Errorf("from is oldest or newest, and %q is not", t.From)
	case !isDirectory && (t.FileSize != 0 || t.FileAge != ""):
		return errors.New("file_size and file_age are for directories")
	case t.FileSize < 0:
		return errors.New("file_size is a number of bytes")
	case isDirectory && t.CAFile != "":
		return errors.New("ca_file is for syslog and http")
	case !isSyslog && (t.ClientCertificate != "" || t.ClientKey != ""):
		return errors.New("client_certificate and client_key are for syslog")
	case (t.ClientCertificate == "") != (t.ClientKey == ""):
		return errors.New("set client_certificate and client_key both, or none of them")
	case !isHTTP && t.AuthorizationFile != "":
		return errors.New("authorization_file is for http")
	}
	if isSyslog {
		if host, port, err := net.SplitHostPort(t.To); err != nil || host == "" || port == "" {
			return fmt.Errorf("to is host:port, and %q is not", t.To)
		}
	}
	if isHTTP {
		if u, err := url.Parse(t.To); err != nil || u.Host == "" ||
			u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())) {
			return fmt.Errorf("to is a URL with https, or with http on loopback, and %q is not", t.To)
		}
	}
	_, err := duration("file_age", t.FileAge)
	return err
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ServiceTrail returns what becomes of the trail, with what is read from files.
func (c *Config) ServiceTrail() (t service.Trail, err error) {
	t.Account = c.Account
	t.Keep, _ = c.Trail.keep()
	t.Exported, _ = c.exported()
	for i := range c.Trail.Copies {
		declared := &c.Trail.Copies[i]
		made := copies.Copy{Name: declared.Name, Required: declared.Required,
			Newest: declared.From == "newest"}
		switch declared.Kind {
		case "directory":
			age, _ := duration("file_age", declared.FileAge)
			made.Receiver = &copies.Directory{Path: declared.To, Size: declared.FileSize, Age: age}
		case "syslog":
			made.Receiver, err = declared.syslog()
		case "http":
			made.Receiver, err = declared.collector()
		}
		if err != nil {
			return t, exit.Mark(fmt.Errorf("trail copy %s: %w", declared.Name, err), exit.ErrConfig)
		}
		t.Copies = append(t.Copies, made)
	}
	return t, nil
}

// allowed is the one receiver of a copy: that it is declared is what allows it, wherever it is.
func (t *TrailCopy) allowed() (a outbound.Allowed, err error) {
	a.Private = true
	if t.CAFile != "" {
		a.Roots, err = authorities(t.CAFile)
	}
	return a, err
}

func (t *TrailCopy) syslog() (*copies.Syslog, error) {
	a, err := t.allowed()
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	a.Address = t.To
	secure := &tls.Config{RootCAs: a.Roots, MinVersion: tls.VersionTLS12}
	secure.ServerName, _, _ = net.SplitHostPort(t.To)
	if t.ClientKey != "" {
		if err := private(t.ClientKey, ownerOnly); err != nil {
			return nil, err
		}
		own, err := tls.LoadX509KeyPair(t.ClientCertificate, t.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("client_certificate: %w", err)
		}
		secure.Certificates = []tls.Certificate{own}
	}
	a.Roots = nil // TLS is ours, for the certificate that we show
	door, err := outbound.New([]outbound.Allowed{a})
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	return &copies.Syslog{TLS: secure, Host: host, Dial: func(ctx context.Context) (net.Conn, error) {
		return door.Dial(ctx, t.To)
	}}, nil
}

func (t *TrailCopy) collector() (*copies.Collector, error) {
	a, err := t.allowed()
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	a.URL = t.To
	if at := strings.IndexByte(t.To, '?'); at >= 0 {
		a.URL = t.To[:at]
	}
	door, err := outbound.New([]outbound.Allowed{a})
	if err != nil {
		return nil, err
	}
	made := &copies.Collector{Door: door, URL: t.To}
	if t.AuthorizationFile != "" {
		if _, err := t.authorization(); err != nil {
			return nil, err
		}
		made.Authorization = t.authorization
	}
	return made, nil
}

// authorization reads the header's value anew, so that a token may be renewed in its file.
func (t *TrailCopy) authorization() (string, error) {
	if err := private(t.AuthorizationFile, ownerOnly); err != nil {
		return "", err
	}
	text, err := os.ReadFile(t.AuthorizationFile)
	if err != nil {
		return "", fmt.Errorf("authorization_file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
