package servertest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// PostgresServer is a PostgreSQL that runs until the test binary ends. Its log has every statement.
type PostgresServer struct {
	Port     uint16
	Password string // of the superuser postgres

	process *process
	dir     string // with the cluster in data
}

var postgresServers = struct {
	sync.Mutex
	by map[string]*PostgresServer
}{by: map[string]*PostgresServer{}}

// Postgres returns the server with these settings, as in postgresql.conf, and starts it if it is
// the first to ask. Without any it takes TLS and plain connections, and keeps passwords by
// SCRAM-SHA-256. It skips the test if there is no PostgreSQL.
func Postgres(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	if postgresProgram("initdb") == "" {
		Missing(t, "postgresql")
	}
	postgresServers.Lock()
	defer postgresServers.Unlock()
	key := strings.Join(settings, "\n")
	if s := postgresServers.by[key]; s != nil {
		return s
	}
	s := &PostgresServer{Password: "superuser"}
	if err := s.make(settings); err != nil {
		t.Fatal(err)
	}
	postgresServers.by[key] = s
	return s
}

// postgresProgram returns the path of a program of PostgreSQL. Debian keeps them by version.
func postgresProgram(name string) string {
	initdb := program("initdb", "/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb",
		"/usr/libexec/postgresql*/initdb")
	if real, err := filepath.EvalSymlinks(initdb); err == nil {
		initdb = real
	}
	if initdb == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(initdb), name)
}

// postgresTemplate is a cluster that was never started: the server's are copies of it.
var postgresTemplate = sync.OnceValues(func() (data string, err error) {
	dir, err := directory("postgres")
	if err != nil {
		return "", err
	}
	data = filepath.Join(dir, "data")
	err = run(dir, postgresProgram("initdb"), "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--no-sync")
	return data, err
})

// Anybody logs in by password, whichever way it is kept: md5 stands for SCRAM as well.
const postgresAccess = `
local all all reject
host all all 127.0.0.1/32 md5
host replication all 127.0.0.1/32 md5
`

const postgresSettings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
ssl = on
ssl_cert_file = '../server.crt'
ssl_key_file = '../server.key'
password_encryption = 'scram-sha-256'
log_statement = 'all'
log_connections = on
log_min_duration_statement = 0
log_error_verbosity = 'verbose'
fsync = off
shared_buffers = '16MB'
`

func (s *PostgresServer) make(settings []string) (err error) {
	template, err := postgresTemplate()
	if err != nil {
		return err
	}
	if err := s.place(); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if err := run(s.dir, "cp", "-a", template, data); err != nil {
		return err
	}
	text := postgresSettings + strings.Join(settings, "\n") + "\n"
	if err := write(filepath.Join(data, "postgresql.conf"), []byte(text)); err != nil {
		return err
	}
	if err := write(filepath.Join(data, "pg_hba.conf"), []byte(postgresAccess)); err != nil {
		return err
	}
	if err := s.setPassword(data); err != nil {
		return err
	}
	return s.start()
}

// setPassword sets the superuser's in single-user mode, where nobody logs in.
func (s *PostgresServer) setPassword(data string) error {
	cmd, err := command(s.dir, postgresProgram("postgres"), "--single", "-D", data, "postgres")
	if err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader("ALTER ROLE postgres PASSWORD '" + s.Password + "'\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("postgres --single: %w\n%s", err, out)
	}
	return nil
}

// place gives the server a directory, with certificates, and a port.
func (s *PostgresServer) place() (err error) {
	if s.dir, err = directory("postgres"); err != nil {
		return err
	}
	if err := certify(s.dir); err != nil {
		return err
	}
	s.Port, err = freePort()
	return err
}

func (s *PostgresServer) start() (err error) {
	port := strconv.Itoa(int(s.Port))
	ready := func(ctx context.Context) error {
		return exec.CommandContext(ctx, postgresProgram("pg_isready"), "-q", "-h", Host,
			"-p", port).Run()
	}
	s.process, err = start(s.dir, ready, postgresProgram("postgres"),
		"-D", filepath.Join(s.dir, "data"), "-p", port)
	return err
}

// Standby returns a new hot standby of the server, which answers and takes no changes.
func (s *PostgresServer) Standby(t testing.TB) *PostgresServer {
	t.Helper()
	standby := &PostgresServer{Password: s.Password}
	if err := standby.place(); err != nil {
		t.Fatal(err)
	}
	err := run(standby.dir, postgresProgram("pg_basebackup"), "-D",
		filepath.Join(standby.dir, "data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
		"-d", s.conninfo())
	if err != nil {
		t.Fatal(err)
	}
	if err := standby.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standby.process.stop(syscall.SIGINT) })
	return standby
}

// Exec runs statements as the superuser.
func (s *PostgresServer) Exec(t testing.TB, sql string) {
	t.Helper()
	if err := run(s.dir, postgresProgram("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
		"-d", s.conninfo(), "-c", sql); err != nil {
		t.Fatal(err)
	}
}

func (s *PostgresServer) conninfo() string {
	return fmt.Sprintf("host=%s port=%d user=postgres password=%s dbname=postgres", Host, s.Port,
		s.Password)
}

// Log returns what the server has logged so far.
func (s *PostgresServer) Log() string { return s.process.printed() }
