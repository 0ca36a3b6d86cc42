package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"claviger/cmd/claviger/clients"
	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/hsm"
	"claviger/service"
	"claviger/store"

	"golang.org/x/sys/unix"
)

const (
	devLabel   = "claviger-dev"
	devAccount = "111122223333" // of a new directory
)

// devOptions are the flags of dev.
type devOptions struct {
	dir, listen, account, module, logFormat string
	regions                                 []string
}

func dev(ctx context.Context, e *env, args []string) error {
	f := e.Flags("dev", "[flags]",
		"Starts a service for development: SoftHSM2 token, root key, database and first access key are "+
			"made on the\nfirst start and used again on the next. Not for production: the PIN lies beside "+
			"the token.")
	o := devOptions{}
	f.StringVar(&o.dir, "dir", "claviger-dev", "`directory` for token, database and credentials")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8200", "`address` to listen on: loopback only")
	f.StringVar(&o.account, "account", "",
		"the account, 12 `digits`; that of the directory, and of a new one "+devAccount)
	f.StringVar(&o.module, "module", "", "`path` of SoftHSM2's library; found by itself if empty")
	f.StringVar(&o.logFormat, "log", "text", "`format` of the log: text or json")
	regions := f.String("region", "us-east-1",
		"`Regions` to serve, separated by commas; the first is the default")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	o.regions = strings.Split(*regions, ",")
	if err := config.CheckNamespace(cmp.Or(o.account, devAccount), o.regions); err != nil {
		return exit.Mark(err, exit.ErrUsage)
	}
	if !loopback(o.listen) {
		return exit.UsageError("dev speaks plain HTTP and listens on loopback only; %s is not. "+
			"`claviger serve` has TLS", o.listen)
	}
	log, err := e.NewLog(o.logFormat, "")
	if err != nil {
		return err
	}
	command.Harden(log)
	return o.start(ctx, e, log)
}

func (o *devOptions) start(ctx context.Context, e *env, log *slog.Logger) error {
	// A terminal that goes away doesn't take the service with it.
	signal.Ignore(syscall.SIGHUP)
	here := clients.Look(ctx)  // while the token is made
	l, err := listen(o.listen) // first: a busy port should not leave anything behind
	if err != nil {
		return err
	}
	defer l.Close()
	if !bound(l.Addr()) {
		return exit.UsageError("dev listens on loopback only, and %s is %s here", o.listen, l.Addr())
	}
	only, err := o.lock()
	if err != nil {
		return err
	}
	defer only.Close()
	device, err := o.token(ctx, log)
	if err != nil {
		return err
	}
	s, err := service.Open(ctx,
		service.Config{Database: o.path("claviger.db"), HSM: device, Regions: o.regions,
			Log: log, Version: version, Commit: builtFrom(), Create: true})
	if err != nil {
		return err
	}
	if err := o.credentials(ctx, s, l.Addr().String()); err != nil {
		return errors.Join(err, s.Close())
	}
	log.Warn("this service is for development: its PIN lies beside its token")
	bounds, err := (&config.Config{}).Limits()
	if err != nil {
		return errors.Join(exit.Mark(err, exit.ErrConfig), s.Close())
	}
	return serveUntil(ctx, s, []port{{Listener: l, limits: bounds}}, log, func() {
		o.files().Greet(e.Stdout, l.Addr().String(), <-here)
	})
}

// files are what clients are told by.
func (o *devOptions) files() clients.Files {
	return clients.Files{Dir: o.dir, Region: o.regions[0]}
}

func (o *devOptions) path(name string) string { return filepath.Join(o.dir, name) }

// lock makes the directory and keeps every other dev out of it until this one
// ends, however it ends. The database has a lock too, but on the first start the
// token is made before there is a database.
func (o *devOptions) lock() (*os.File, error) {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(o.path("dev.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w: another `claviger dev` has the directory %s", store.ErrLocked, o.dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// token makes the SoftHSM2 token on the first start and says how to open it. The security officer's
// PIN is made up for the ceremony and forgotten after it.
func (o *devOptions) token(ctx context.Context, log *slog.Logger) (hsm.Config, error) {
	c := hsm.Config{Module: o.module, TokenLabel: devLabel, PIN: config.PINFile(o.path("pin")),
		Log: log}
	if c.Module == "" {
		found, ok := hsm.FindSoftHSM()
		if !ok {
			return c, exit.Mark(errors.New("SoftHSM2 is not installed"), hsm.ErrModule)
		}
		c.Module = found
	}
	if err := config.CheckModule(c.Module); err != nil {
		return c, err
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return c, err
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = "+
		"ERROR\nslots.removable = false\n", filepath.Join(dir, "tokens"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return c, err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return c, err
	}
	if _, err := os.Stat(o.path("claviger.db")); !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if _, err := os.Stat(o.path("env")); err == nil {
		// written last, so that there was a database once
		return c, exit.ConfigError("%s has a token and credentials but no claviger.db, and only this token "+
			"opens it: put the database back, or begin anew in another directory", o.dir)
	}
	log.Info("first start: making a token and its root key", "dir", o.dir)
	return c, o.ceremony(ctx, c, filepath.Join(dir, "tokens"))
}

// ceremony makes token and root. Without a database nothing depends on a token yet: what an
// interrupted first start left is removed.
func (o *devOptions) ceremony(ctx context.Context, c hsm.Config, tokens string) error {
	if err := os.RemoveAll(tokens); err != nil {
		return err
	}
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return err
	}
	if err := writePrivate(o.path("pin"), rand.Text()+"\n"); err != nil {
		return err
	}
	officer := rand.Text()
	_, err := hsm.Initialize(ctx, hsm.Ceremony{Config: c, Create: true,
		SOPIN: func() ([]byte, error) { return []byte(officer), nil }})
	if err != nil {
		return err
	}
	return hsm.SyncDir(tokens)
}

// credentials makes the first access key and writes what clients need to DIR. Once it is there
// only the address and Region in it are brought up to date.
func (o *devOptions) credentials(ctx context.Context, s *service.Service, addr string) error {
	id, secret := o.readKey()
	if id == "" {
		account := cmp.Or(o.account, devAccount)
		err := s.CreateAccount(ctx, account, "claviger dev")
		if err == nil {
			id, secret, err = s.CreateAccessKey(ctx, account, "", "claviger dev")
		}
		if err != nil {
			return err
		}
	} else if err := o.sameAccount(ctx, s, id); err != nil {
		return err
	}
	return o.files().Write(addr, id, secret)
}

// sameAccount refuses an account that isn't the directory's. The access key in it is the other's,
// and so is everything that was made with it.
func (o *devOptions) sameAccount(ctx context.Context, s *service.Service, id string) error {
	if o.account == "" {
		return nil
	}
	account, err := s.AccountOf(ctx, id)
	if err != nil {
		return fmt.Errorf("the access key in %s: %w", o.path("env"), err)
	}
	if o.account != account {
		return exit.UsageError("%s was made for the account %s, and --account can't change that: choose "+
			"another directory with --dir, or leave --account away", o.dir, account)
	}
	return nil
}

// readKey returns the access key of an earlier start.
func (o *devOptions) readKey() (id, secret string) {
	b, err := os.ReadFile(o.path("env"))
	if err != nil {
		return "", ""
	}
	values := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		values[name] = value
	}
	return values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]
}

// writePrivate replaces a file as a whole, readable by its owner only.
func writePrivate(path, text string) error { return clients.Replace(path, text, 0o600) }
