package mysql_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

// fakeMySQL speaks as much of MySQL's protocol as a rotation needs, and does by the manual of 8.0
// what is different from MariaDB: a user has two passwords, and changes them by ALTER USER USER().
type fakeMySQL struct {
	port    uint16
	version string

	mu           sync.Mutex
	primary      string // of every user but root
	secondary    string
	mayRetain    bool // the user has APPLICATION_PASSWORD_ADMIN
	mustSayOld   bool // PASSWORD REQUIRE CURRENT
	mayNotRepeat bool // PASSWORD HISTORY
	silent       bool // once somebody is logged in and the session is set up
	zeros        int  // how many logins get an Ed25519 challenge that ends in zero
	rows         map[string][][]string
	heard        []string
}

const fakeSalt = "abcdefghijklmnopqrst"

func newFakeMySQL(t *testing.T, version string) *fakeMySQL {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(servertest.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	f := &fakeMySQL{port: uint16(l.Addr().(*net.TCPAddr).Port), version: version, primary: "old"}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(c)
		}
	}()
	return f
}

// accepts reports whether a password logs in.
func (f *fakeMySQL) accepts(password string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return password == f.primary || f.secondary != "" && password == f.secondary
}

// changes returns the statements that change anything, as they came.
func (f *fakeMySQL) changes() (all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.heard {
		if !strings.HasPrefix(s, "SELECT") && !strings.HasPrefix(s, "SHOW") &&
			!strings.HasPrefix(s, "SET sql_") {
			all = append(all, s)
		}
	}
	return all
}

// mysqlPackets are a connection's, which are numbered anew by each command.
type mysqlPackets struct {
	net.Conn
	number byte
}

func (p *mysqlPackets) read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(p, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	p.number = head[3] + 1
	_, err := io.ReadFull(p, b)
	return b, err
}

func (p *mysqlPackets) write(b []byte) {
	head := []byte{byte(len(b)), byte(len(b) >> 8), byte(len(b) >> 16), p.number}
	p.number++
	_, _ = p.Write(append(head, b...)) // a client that is gone misses nothing
}

func (p *mysqlPackets) ok() { p.write([]byte{0, 0, 0, 2, 0, 0, 0}) }

func (p *mysqlPackets) fail(number uint16, message string) {
	b := binary.LittleEndian.AppendUint16([]byte{0xff}, number)
	p.write(append(b, "#HY000"+message...))
}

func (p *mysqlPackets) answer(rows [][]string) {
	counted := func(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }
	end := []byte{0xfe, 0, 0, 2, 0}
	p.write([]byte{byte(len(rows[0]))})
	for range rows[0] {
		var b []byte
		for _, s := range []string{"def", "", "", "", "c", ""} {
			b = counted(b, s)
		}
		p.write(append(b, 0x0c, 45, 0, 0, 4, 0, 0, 0xfd, 0, 0, 0, 0, 0))
	}
	p.write(end)
	for _, row := range rows {
		var b []byte
		for _, s := range row {
			b = counted(b, s)
		}
		if len(row) > 0 && len(row) == len(rows[0]) {
			p.write(b)
		}
	}
	p.write(end)
}

func (f *fakeMySQL) serve(c net.Conn) {
	defer c.Close()
	p := &mysqlPackets{Conn: c}
	hello := append([]byte{10}, f.version...)
	hello = append(append(hello, 0, 1, 0, 0, 0), fakeSalt[:8]...)
	// Protocol 4.1, databases, transactions, 4.1's authentication, and plugins for it.
	hello = append(hello, 0, 0x09, 0xa2, 45, 2, 0, 0x08, 0, 21)
	hello = append(append(append(hello, make([]byte, 10)...), fakeSalt[8:]...), 0)
	p.write(append(hello, "mysql_native_password\x00"...))
	login, err := p.read()
	if err != nil || len(login) < 33 {
		return
	}
	if f.unlucky() {
		p.write(append(append([]byte{0xfe}, "client_ed25519\x00"...), make([]byte, 32)...))
		return
	}
	user, rest, _ := bytes.Cut(login[32:], []byte{0})
	if len(rest) < 21 || !f.letsIn(string(user), rest[1:21]) {
		p.fail(1045, "Access denied for user '"+string(user)+"'")
		return
	}
	p.ok()
	for {
		command, err := p.read()
		if err != nil || len(command) == 0 || command[0] != 3 {
			return
		}
		f.perform(p, string(user), string(command[1:]))
	}
}

// unlucky reports whether this login's challenge ends in zero.
func (f *fakeMySQL) unlucky() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.zeros--
	return f.zeros >= 0
}

// letsIn checks what a client makes of a password and the salt (mysql_native_password).
func (f *fakeMySQL) letsIn(user string, token []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	passwords := []string{f.primary, f.secondary}
	if user == "root" {
		passwords = []string{"root"}
	}
	return slices.ContainsFunc(passwords, func(password string) bool {
		once := sha1.Sum([]byte(password))
		twice := sha1.Sum(once[:])
		mask := sha1.Sum(append([]byte(fakeSalt), twice[:]...))
		for i := range once {
			once[i] ^= mask[i]
		}
		return password != "" && bytes.Equal(once[:], token)
	})
}

var (
	alterOwn = regexp.MustCompile(
		`^ALTER USER USER\(\) IDENTIFIED BY '(.*?)'( REPLACE '(.*?)')?( RETAIN CURRENT PASSWORD)?$`)
	setOwn = regexp.MustCompile(`^SET PASSWORD = (PASSWORD\()?'(.*?)'\)?$`)
)

func (f *fakeMySQL) perform(p *mysqlPackets, user, sql string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = append(f.heard, sql)
	if f.silent && !strings.HasPrefix(sql, "SET ") {
		return
	}
	if m := alterOwn.FindStringSubmatch(sql); m != nil {
		f.alter(p, m[1], m[3], m[4] != "")
		return
	}
	if m := setOwn.FindStringSubmatch(sql); m != nil {
		f.primary = m[2]
		p.ok()
		return
	}
	switch {
	case sql == "SELECT VERSION(), CURRENT_USER()":
		p.answer([][]string{{f.version, user + "@%"}})
		return
	case sql == "SELECT NOW()":
		p.answer([][]string{{"now"}})
		return
	}
	for begin, rows := range f.rows {
		if strings.HasPrefix(sql, begin) {
			p.answer(rows)
			return
		}
	}
	if strings.HasPrefix(sql, "SELECT") || strings.HasPrefix(sql, "SHOW") {
		p.fail(1142, "unexpected: "+sql)
		return
	}
	p.ok()
}

func (f *fakeMySQL) alter(p *mysqlPackets, next, old string, retain bool) {
	switch {
	case retain && !f.mayRetain:
		p.fail(1227, "Access denied; you need APPLICATION_PASSWORD_ADMIN for "+next)
	case f.mustSayOld && old == "":
		p.fail(3892, "Current password needs to be specified in the REPLACE clause for "+next)
	case old != "" && old != f.primary:
		p.fail(3891, "Incorrect current password "+old)
	case f.mayNotRepeat && (next == f.primary || next == f.secondary):
		p.fail(3638, "Cannot use these credentials for "+next)
	default:
		if retain {
			f.secondary = f.primary
		}
		f.primary = next
		p.ok()
	}
}
