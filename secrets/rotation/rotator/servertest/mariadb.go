package servertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// MariaDBServer is a MariaDB that runs until the test binary ends. Its general log is on.
type MariaDBServer struct {
	Port     uint16
	Password string // of the superuser root, who comes from anywhere

	dir string // with the databases in data
}

var mariadbServers = struct {
	sync.Mutex
	by map[string]*MariaDBServer
}{by: map[string]*MariaDBServer{}}

// MariaDB returns the server with these settings, as in the section mariadbd of my.cnf, and starts
// it if it is the first to ask. Without any it takes TLS and plain connections; with "skip-ssl" it
// has no TLS. It looks up no names, so that accounts are at addresses. It skips the test if there
// is no MariaDB.
func MariaDB(t testing.TB, settings ...string) *MariaDBServer {
	t.Helper()
	for _, name := range []string{"mariadb-install-db", "mariadbd", "mariadb"} {
		if mariadbProgram(name) == "" {
			Missing(t, "mariadb")
		}
	}
	mariadbServers.Lock()
	defer mariadbServers.Unlock()
	key := strings.Join(settings, "\n")
	if s := mariadbServers.by[key]; s != nil {
		return s
	}
	s := &MariaDBServer{Password: "Superuser-1"} // fit for servers that look
	if err := s.start(settings); err != nil {
		t.Fatal(err)
	}
	mariadbServers.by[key] = s
	return s
}

func mariadbProgram(name string) string {
	return program(name, "/usr/sbin/"+name, "/usr/libexec/"+name, "/usr/local/sbin/"+name)
}

// mariadbTemplate is a data directory that was never served: the server's are copies of it.
var mariadbTemplate = sync.OnceValues(func() (data string, err error) {
	dir, err := directory("mariadb")
	if err != nil {
		return "", err
	}
	data = filepath.Join(dir, "data")
	err = run(dir, mariadbProgram("mariadb-install-db"), "--no-defaults", "--datadir="+data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=4M") // it has 96M by default
	return data, err
})

const mariadbSettings = `[mariadbd]
datadir = data
socket = socket
pid-file = pid
bind-address = 127.0.0.1
skip-name-resolve
general-log
general-log-file = ../general.log
innodb-buffer-pool-size = 8M
innodb-log-file-size = 4M
innodb-flush-log-at-trx-commit = 0
skip-log-bin
ssl-ca = ca.crt
ssl-cert = server.crt
ssl-key = server.key
`

// The accounts of an installation are without passwords. The views of its schema have mariadb.sys
// for their owner.
const mariadbStart = `DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';
FLUSH PRIVILEGES;
CREATE USER 'root'@'%%' IDENTIFIED BY '%[1]s';
GRANT ALL ON *.* TO 'root'@'%%' WITH GRANT OPTION;
GRANT PROXY ON ''@'%%' TO 'root'@'%%' WITH GRANT OPTION;
`

func (s *MariaDBServer) start(settings []string) (err error) {
	template, err := mariadbTemplate()
	if err != nil {
		return err
	}
	if s.dir, err = directory("mariadb"); err != nil {
		return err
	}
	if err := certify(s.dir); err != nil {
		return err
	}
	if s.Port, err = freePort(); err != nil {
		return err
	}
	if err := run(s.dir, "cp", "-a", template, s.path("data")); err != nil {
		return err
	}
	text := mariadbSettings + strings.Join(settings, "\n") + "\n"
	for _, name := range []string{"data", "socket", "pid", "ca.crt", "server.crt", "server.key"} {
		// The server changes into its data directory before it reads some of these.
		text = strings.Replace(text, "= "+name+"\n", "= "+s.path(name)+"\n", 1)
	}
	if err := write(s.path("my.cnf"), []byte(text)); err != nil {
		return err
	}
	if err := write(s.path("start.sql"), fmt.Appendf(nil, mariadbStart, s.Password)); err != nil {
		return err
	}
	_, err = start(s.dir, s.ready, mariadbProgram("mariadbd"), "--defaults-file="+s.path("my.cnf"),
		"--init-file="+s.path("start.sql"), "--port="+strconv.Itoa(int(s.Port)))
	return err
}

func (s *MariaDBServer) path(name string) string { return filepath.Join(s.dir, name) }

func (s *MariaDBServer) ready(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, mariadbProgram("mariadb"), s.client("SELECT 1")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (s *MariaDBServer) client(sql string) []string {
	return []string{"--no-defaults", "--protocol=TCP", "--host=" + Host,
		"--port=" + strconv.Itoa(int(s.Port)), "--user=root", "--password=" + s.Password,
		"--batch", "--skip-column-names", "--raw", "--execute=" + sql}
}

// Exec runs statements as the superuser, and returns what they print: rows with tabs between.
func (s *MariaDBServer) Exec(t testing.TB, sql string) string {
	t.Helper()
	out, err := exec.Command(mariadbProgram("mariadb"), s.client(sql)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, out)
	}
	return string(out)
}

// Log returns the server's general log: every statement as it came.
func (s *MariaDBServer) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(s.path("general.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
