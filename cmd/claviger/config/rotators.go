package config

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/apikey"
	"claviger/secrets/rotation/rotator/lambda"
	"claviger/secrets/rotation/rotator/mysql"
	"claviger/secrets/rotation/rotator/postgres"
	"claviger/secrets/rotation/rotator/program"
	"claviger/secrets/rotation/rotator/redis"
	"claviger/service"
)

// Rotator is what secrets may be rotated by: RotationLambdaARN names it. A caller chooses among
// those that stand here and declares none.
type Rotator struct {
	Name     string   `toml:"name"`     // in arn:aws:lambda:REGION:ACCOUNT:function:NAME
	Kind     string   `toml:"kind"`     // postgres, mysql, mariadb, redis, apikey, exec or lambda
	Accounts []string `toml:"accounts"` // the installation's own account if left out
	// the Type of managed external secrets that it rotates, or nothing
	ExternalType string `toml:"external_type"`

	// of built-in rotators
	Targets    []string `toml:"targets"`     // host:port, as secrets name them; * is every port
	Superusers []string `toml:"superusers"`  // ARNs of secrets that masterarn may name
	Users      string   `toml:"users"`       // single or alternating, of databases
	CAFile     string   `toml:"ca_file"`     // PEM file that certificates of targets are by
	RequireTLS bool     `toml:"require_tls"` // of databases and Redis, whatever ssl of a secret says
	Timeout    string   `toml:"timeout"`     // for a connection, or a step of exec and lambda
	Password   Password `toml:"password"`    // what new ones are like
	Unsaved    bool     `toml:"unsaved"`     // Redis makes its users anew at each start

	API    *API    `toml:"api"`    // of apikey
	Exec   *Exec   `toml:"exec"`   // of exec
	Lambda *Lambda `toml:"lambda"` // of lambda
}

// Password is what new passwords are like, by the rules of GetRandomPassword.
type Password struct {
	Length             *int64  `toml:"length"`
	ExcludeCharacters  *string `toml:"exclude_characters"`
	ExcludeNumbers     *bool   `toml:"exclude_numbers"`
	ExcludePunctuation *bool   `toml:"exclude_punctuation"`
	ExcludeUppercase   *bool   `toml:"exclude_uppercase"`
	ExcludeLowercase   *bool   `toml:"exclude_lowercase"`
}

// API is how an HTTP API is asked to make, try and revoke keys; see package apikey.
type API struct {
	Header string  `toml:"header"`
	Prefix string  `toml:"prefix"`
	Try    Request `toml:"try"`
	Make   Request `toml:"make"`
	Revoke Request `toml:"revoke"`
	Issued *struct {
		Key         string `toml:"key"`
		ID          string `toml:"id"`
		Idempotency string `toml:"idempotency"`
		List        *struct {
			Path  string `toml:"path"`
			Items string `toml:"items"`
			ID    string `toml:"id"`
			Token string `toml:"token"`
		} `toml:"list"`
	} `toml:"issued"` // left out: keys are chosen here
}

// Request is how one thing is asked of an API.
type Request struct {
	Method string `toml:"method"`
	Path   string `toml:"path"`
	Body   string `toml:"body"`
}

// Exec is a program of the site's own; see package program.
type Exec struct {
	Program     string            `toml:"program"`
	Arguments   []string          `toml:"arguments"`
	User        string            `toml:"user"`
	Role        string            `toml:"role"` // ARN of the role that it acts as
	Environment map[string]string `toml:"environment"`
	Read        []string          `toml:"read"`
	Memory      uint64            `toml:"memory"` // bytes
	CPU         string            `toml:"cpu"`
	Files       uint64            `toml:"files"`
	Processes   uint64            `toml:"processes"`
	Disk        uint64            `toml:"disk"` // bytes
	Network     []string          `toml:"network"`
	Endpoint    string            `toml:"endpoint"` // of this service; from listen if left out
	Sandbox     string            `toml:"sandbox"`  // required or best-effort
}

// Lambda is a function behind the Invoke operation of AWS Lambda; see package lambda.
type Lambda struct {
	Endpoint          string `toml:"endpoint"`
	Function          string `toml:"function"`
	ClientCertificate string `toml:"client_certificate"`
	ClientKey         string `toml:"client_key"`
	BearerFile        string `toml:"bearer_file"`
	Log               bool   `toml:"log"`
	Concurrent        int    `toml:"concurrent"`
}

var (
	rotatorName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	roleForm    = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:role/.+$`)
	kinds       = []string{"postgres", "mysql", "mariadb", "redis", "apikey", "exec", "lambda"}
	databases   = kinds[:3]
	builtIn     = kinds[:5]
)

// checkRotators checks what can be known of rotators before any file is read.
func (c *Config) checkRotators() error {
	seen := map[string]bool{}
	for i := range c.Rotators {
		r := &c.Rotators[i]
		if err := r.check(); err != nil {
			return fmt.Errorf("rotator %q: %w", r.Name, err)
		}
		if seen[r.Name] {
			return fmt.Errorf("there are two rotators with the name %s", r.Name)
		}
		seen[r.Name] = true
	}
	return nil
}

func (r *Rotator) check() error {
	switch {
	case !rotatorName.MatchString(r.Name):
		return errors.New("name is 1 to 64 letters, digits, hyphens and underscores")
	case !slices.Contains(kinds, r.Kind):
		return fmt.Errorf("kind is one of %s, and %q is not", strings.Join(kinds, ", "), r.Kind)
	case (r.API != nil) != (r.Kind == "apikey"), (r.Exec != nil) != (r.Kind == "exec"),
		(r.Lambda != nil) != (r.Kind == "lambda"):
		return errors.New("kinds apikey, exec and lambda have a section api, exec or lambda of their " +
			"own, and no other kind has it")
	case r.Users != "" && r.Users != "single" && r.Users != "alternating":
		return fmt.Errorf("users must be single or alternating, and %q is not", r.Users)
	case r.Users != "" && !slices.Contains(databases, r.Kind):
		return errors.New("users is for databases alone")
	case r.Users == "alternating" && len(r.Superusers) == 0:
		return errors.New("superusers is missing: a superuser makes the second of two users")
	case slices.Contains(builtIn, r.Kind) && len(r.Targets) == 0:
		return errors.New("targets is missing: the host:port of each server that it may reach")
	case !slices.Contains(builtIn, r.Kind) &&
		(len(r.Targets) > 0 || len(r.Superusers) > 0 && r.Exec == nil):
		return errors.New("targets and superusers are for rotators that are built in")
	case r.Unsaved && r.Kind != "redis":
		return errors.New("unsaved is for redis alone")
	case r.RequireTLS && !slices.Contains(builtIn[:4], r.Kind):
		return errors.New("require_tls is for databases and redis, as others have TLS always")
	case r.Accounts != nil && len(r.Accounts) == 0:
		return errors.New("accounts names none, so that nobody could use it")
	}
	for _, t := range r.Targets {
		if host, port, err := net.SplitHostPort(t); err != nil || host == "" || port == "" {
			return fmt.Errorf("targets are host:port, and %q is not", t)
		}
	}
	for _, account := range r.Accounts {
		if !IsAccount(account) {
			return fmt.Errorf("accounts are 12 digits each, and %q is not", account)
		}
	}
	if r.Exec != nil {
		return r.Exec.check()
	}
	_, err := duration("timeout", r.Timeout)
	return err
}

func (x *Exec) check() error {
	switch {
	case !roleForm.MatchString(x.Role):
		return fmt.Errorf("exec.role is the ARN of a role that the program acts as, and %q is none", x.Role)
	case x.Sandbox != "" && x.Sandbox != "required" && x.Sandbox != "best-effort":
		return fmt.Errorf("exec.sandbox must be required or best-effort, and %q is not", x.Sandbox)
	}
	_, err := duration("exec.cpu", x.CPU)
	return err
}

// ServiceRotators returns the rotators with what they read from files, which is read once.
func (c *Config) ServiceRotators() (all []service.Rotator, err error) {
	for i := range c.Rotators {
		r := &c.Rotators[i]
		made, err := r.service(c)
		if err != nil {
			return nil, exit.Mark(fmt.Errorf("rotator %s: %w", r.Name, err), exit.ErrConfig)
		}
		made.Name, made.Type, made.Superusers = r.Name, r.ExternalType, r.Superusers
		if made.Accounts = r.Accounts; made.Accounts == nil {
			made.Accounts = []string{c.Account}
		}
		all = append(all, made)
	}
	return all, nil
}

func (r *Rotator) service(c *Config) (made service.Rotator, err error) {
	timeout, _ := duration("timeout", r.Timeout)
	reach := rotator.Reach{Targets: r.Targets, Timeout: timeout, RequireTLS: r.RequireTLS}
	if r.CAFile != "" && slices.Contains(builtIn, r.Kind) {
		if reach.Roots, err = authorities(r.CAFile); err != nil {
			return made, fmt.Errorf("ca_file: %w", err)
		}
	}
	rules, alternating := r.Password.rules(), r.Users == "alternating"
	switch r.Kind {
	case "postgres":
		made.Target = postgres.New(postgres.Config{Reach: reach, Rules: rules,
			Alternating: alternating})
	case "mysql", "mariadb":
		made.Target = mysql.New(mysql.Config{Reach: reach, Rules: rules, Alternating: alternating,
			MariaDB: r.Kind == "mariadb"})
	case "redis":
		made.Target = redis.New(redis.Config{Reach: reach, Rules: rules, Unsaved: r.Unsaved})
	case "apikey":
		made.Target, err = apikey.New(r.api(reach, rules))
	case "exec":
		made.Program, made.Role = r.program(c, timeout), r.Exec.Role
	case "lambda":
		made.Function, err = r.lambda(timeout)
	}
	return made, err
}

func (p *Password) rules() rotator.Rules {
	return rotator.Rules{PasswordLength: p.Length, ExcludeCharacters: p.ExcludeCharacters,
		ExcludeNumbers: p.ExcludeNumbers, ExcludePunctuation: p.ExcludePunctuation,
		ExcludeUppercase: p.ExcludeUppercase, ExcludeLowercase: p.ExcludeLowercase}
}

func (r *Rotator) api(reach rotator.Reach, rules rotator.Rules) apikey.Config {
	a := r.API
	c := apikey.Config{Reach: reach, Rules: rules, Header: a.Header, Prefix: a.Prefix,
		Superusers: len(r.Superusers) > 0, Try: apikey.Request(a.Try), Make: apikey.Request(a.Make),
		Revoke: apikey.Request(a.Revoke)}
	if a.Issued == nil {
		return c
	}
	c.Issued = &apikey.Issued{Key: a.Issued.Key, ID: a.Issued.ID, Idempotency: a.Issued.Idempotency}
	if l := a.Issued.List; l != nil {
		c.Issued.List = &apikey.List{Path: l.Path, Items: l.Items, ID: l.ID, Token: l.Token}
	}
	return c
}

func (r *Rotator) program(c *Config, timeout time.Duration) *program.Config {
	x := r.Exec
	cpu, _ := duration("exec.cpu", x.CPU)
	return &program.Config{Program: x.Program, Arguments: x.Arguments, User: x.User,
		Environment: x.Environment, Read: x.Read, Timeout: timeout, Memory: x.Memory, CPU: cpu,
		Files: x.Files, Processes: x.Processes, Disk: x.Disk, Network: x.Network,
		Endpoint: cmp.Or(x.Endpoint, c.endpoint()), CAFile: r.CAFile,
		BestEffort: x.Sandbox == "best-effort"}
}

// endpoint is the URL of this service as a program on this machine reaches it.
func (c *Config) endpoint() string {
	scheme, address := "http://", c.Listen
	if c.TLS.Certificate != "" {
		scheme = "https://"
	}
	if host, port, err := net.SplitHostPort(c.Listen); err == nil && unspecified(host) {
		address = net.JoinHostPort("localhost", port)
	}
	return scheme + address
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

func (r *Rotator) lambda(timeout time.Duration) (rotator.Function, error) {
	l := r.Lambda
	made := lambda.Config{Endpoint: l.Endpoint, Function: l.Function, CAFile: r.CAFile,
		Certificate: l.ClientCertificate, Key: l.ClientKey, Timeout: timeout, Log: l.Log,
		Concurrent: l.Concurrent}
	for _, path := range []string{l.ClientKey, l.BearerFile} {
		if path == "" {
			continue
		}
		if err := private(path, ownerOnly); err != nil {
			return nil, err
		}
	}
	if l.BearerFile != "" {
		token, err := os.ReadFile(l.BearerFile)
		if err != nil {
			return nil, fmt.Errorf("lambda.bearer_file: %w", err)
		}
		made.Bearer = strings.TrimSpace(string(token))
	}
	return lambda.New(made)
}

// authorities reads the certificates of a PEM file.
func authorities(path string) (*x509.CertPool, error) {
	if err := steady(path, byNobodyElse); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}
