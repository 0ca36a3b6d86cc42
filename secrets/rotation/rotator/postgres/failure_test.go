package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/postgres"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestFailures_Logins_HaveTheirReasons(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	secret := s.secret(user, "first-of-all")
	closed := s.role("_closed", "closed-ones-own")
	s.admin(fmt.Sprintf(`ALTER ROLE %q NOLOGIN`, closed),
		`CREATE DATABASE closed`, `REVOKE CONNECT ON DATABASE closed FROM PUBLIC`)
	// The server's certificate isn't for this host.
	other := proxy(t, "127.0.0.2", s.server.Port, "none", true)
	silent, err := net.Listen("tcp", servertest.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	at := func(a net.Addr) string { return strconv.Itoa(a.(*net.TCPAddr).Port) }
	for name, c := range map[string]struct {
		secret rotator.Document
		want   rotator.Reason
	}{
		"unknown engine":  {secret.With("engine", "mysql"), rotator.BadSecret},
		"no user":         {secret.With("username", ""), rotator.BadSecret},
		"port of letters": {secret.With("port", "fifty"), rotator.BadSecret},
		"long name":       {secret.With("username", strings.Repeat("u", 64)), rotator.BadSecret},
		"another host":    {secret.With("host", "192.0.2.1"), rotator.NotAllowed},
		"many hosts":      {secret.With("host", servertest.Host+",192.0.2.1"), rotator.NotAllowed},
		"a socket":        {secret.With("host", "/run/postgresql"), rotator.NotAllowed},
		"wrong password":  {secret.With("password", "wrong-one"), rotator.LoginRefused},
		"may not log in":  {s.secret(closed, "closed-ones-own"), rotator.LoginRefused},
		"no database":     {secret.With("dbname", "none"), rotator.BadSecret},
		"shut database":   {secret.With("dbname", "closed"), rotator.Forbidden},
		"nobody there":    {secret.With("port", "1"), rotator.Unreachable},
		"silence":         {secret.With("port", at(silent.Addr())), rotator.TimedOut},
		"another's certificate": {secret.With("host", "127.0.0.2").With("port", other).
			With("ssl", "true"), rotator.Untrusted},
	} {
		t.Run(name, func(t *testing.T) {
			reach := s.reach()
			reach.Targets = append(reach.Targets, "127.0.0.2:*")
			reach.Timeout = 3 * time.Second
			if c.want == rotator.TimedOut {
				reach.Timeout = 50 * time.Millisecond
			}
			to := postgres.New(postgres.Config{Reach: reach})
			s.refuses(to.Test(context.Background(), c.secret), c.want)
			s.refuses(to.Set(context.Background(), rotator.Versions{Current: c.secret,
				Pending: c.secret}), c.want)
		})
	}
	s.hidden("the server's log", s.server.Log())
}

func TestFailures_TLSThatIsAskedFor_IsNotDoneWithout(t *testing.T) {
	for name, setting := range map[string]string{"none": "ssl = off", "untrusted": ""} {
		t.Run(name, func(t *testing.T) {
			s := start(t, false, setting)
			user := s.role("", "first-of-all")
			reach := rotator.Reach{Targets: s.reach().Targets} // of the system's roots alone
			to := postgres.New(postgres.Config{Reach: reach})
			s.refuses(to.Test(context.Background(), s.secret(user, "first-of-all", `"ssl":"TRUE"`)),
				rotator.Untrusted)
			if err := to.Test(context.Background(), s.secret(user, "first-of-all")); err != nil {
				t.Errorf("without a word on TLS: %v", err)
			}
			reach.RequireTLS = true
			to = postgres.New(postgres.Config{Reach: reach})
			for _, ssl := range []string{`"ssl":"TRUE"`, `"ssl":false`, `"other":1`} {
				s.refuses(to.Test(context.Background(), s.secret(user, "first-of-all", ssl)),
					rotator.Untrusted)
			}
		})
	}
}

// TestFailures_LoginWithoutPassword_ProvesNothing: a server that trusts everybody would have a
// rotation end with a password that is in force nowhere.
func TestFailures_LoginWithoutPassword_ProvesNothing(t *testing.T) {
	s := start(t, false)
	s.server = s.server.Standby(t, "host all all 127.0.0.1/32 trust")
	s.refuses(s.Test(context.Background(), s.secret("postgres", "any")), rotator.BadAnswer)
}

func TestFailures_ServerThatTakesNoChanges_IsReadOnly(t *testing.T) {
	s := start(t, false)
	user := s.role("", "first-of-all")
	primary := s.server
	t.Run("hot standby", func(t *testing.T) {
		s.server = primary.Standby(t)
		current := s.secret(user, "first-of-all")
		s.refuses(s.Set(context.Background(), rotator.Versions{Current: current,
			Pending: s.candidate(current)}), rotator.ReadOnly)
	})
	t.Run("read-only by setting", func(t *testing.T) {
		s.server = primary
		s.admin(fmt.Sprintf(`ALTER ROLE %q SET default_transaction_read_only = on`, user))
		current := s.secret(user, "first-of-all")
		s.refuses(s.Set(context.Background(), rotator.Versions{Current: current,
			Pending: s.candidate(current)}), rotator.ReadOnly)
	})
}

func TestFailures_ConnectionCutInTheChange_IsTakenUpAgain(t *testing.T) {
	for name, pass := range map[string]bool{"before the server has it": false, "after": true} {
		for kind, alternating := range map[string]bool{"single": false, "alternating": true} {
			t.Run(kind+" "+name, func(t *testing.T) {
				s := start(t, alternating)
				user := s.role("", "first-of-all")
				current := s.secret(user, "first-of-all", master, `"ssl":false`)
				port := proxy(t, servertest.Host, s.server.Port, " ROLE ", pass)
				current = current.With("port", port)
				superuser := s.superuser().With("port", port).With("ssl", "false")
				v := rotator.Versions{Current: current, Pending: s.candidate(current),
					Superuser: &superuser}
				s.refuses(s.Set(context.Background(), v), rotator.CutOff)
				got := s.logins(v.Pending.Text("username"), v.Pending.Text("password"))
				if got[0] != pass {
					t.Errorf("the pending password lets in: %v", got)
				}
				s.set(v)
				if n := s.changes(user); n != 1 {
					t.Errorf("the server was sent %d changes", n)
				}
			})
		}
	}
}

// proxy returns the port of a proxy that ends the first connection which sends a word: before the
// server has it, or when it has done what it says and before the client knows. What comes later is
// let through.
func proxy(t *testing.T, host string, to uint16, word string, pass bool) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var cut atomic.Bool
	serve := func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", net.JoinHostPort(servertest.Host, strconv.Itoa(int(to))))
		if err != nil {
			return
		}
		defer server.Close()
		var mute atomic.Bool
		go relay(server, client, func([]byte) bool { return !mute.Load() })
		relay(client, server, func(b []byte) bool {
			if !bytes.Contains(b, []byte(word)) || cut.Swap(true) {
				return true
			}
			mute.Store(pass)
			if pass {
				_, _ = server.Write(b)
				<-t.Context().Done() // the answer ends the connection
			}
			return false
		})
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// relay copies what comes for as long as it may go on, and then ends the connection it goes to.
func relay(from, to net.Conn, may func([]byte) bool) {
	defer to.Close()
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if err != nil || !may(b[:n]) {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// TestEnvironment_OfPostgres_IsNotAsked: what libpq and pgx take from there would lead elsewhere.
func TestEnvironment_OfPostgres_IsNotAsked(t *testing.T) {
	s := start(t, false)
	for name, value := range map[string]string{"PGHOST": "192.0.2.1,192.0.2.2", "PGPORT": "1",
		"PGUSER": "nobody", "PGPASSWORD": "none", "PGDATABASE": "none", "PGSSLMODE": "verify-full",
		"PGSSLCERT": "/none", "PGSSLKEY": "/none", "PGSSLROOTCERT": "/none", "PGPASSFILE": "/none",
		"PGOPTIONS": "-c default_transaction_read_only=on", "PGTARGETSESSIONATTRS": "standby",
		"PGREQUIREAUTH": "none", "PGCHANNELBINDING": "disable", "PGSSLNEGOTIATION": "direct",
		"PGMINPROTOCOLVERSION": "3.2", "PGSSLCERTMODE": "require", "PGCONNECT_TIMEOUT": "x",
		"PGTZ": "Nowhere", "PGAPPNAME": "none",
	} {
		t.Setenv(name, value)
	}
	from := s.secret("postgres", s.server.Password, `"ssl":true`)
	if err := s.Test(context.Background(), from); err != nil {
		t.Fatal(err, err.(*rotator.Error).Err)
	}
}
