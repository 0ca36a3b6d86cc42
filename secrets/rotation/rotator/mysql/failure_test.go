package mysql_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/mysql"
	"claviger/secrets/rotation/rotator/servertest"
)

// TestSet_CutOff_GoesOnWhereItWas cuts connections at each statement that changes something.
func TestSet_CutOff_GoesOnWhereItWas(t *testing.T) {
	s := servertest.MariaDB(t)
	for _, c := range []struct {
		alternating bool
		over        string
	}{
		{false, "SHOW CREATE USER"}, {false, "SET PASSWORD"},
		{true, "mysql.user WHERE"}, {true, "CREATE USER '"}, {true, "SHOW GRANTS"},
		{true, "GRANT USAGE"}, {true, "GRANT SELECT"}, {true, "ssl_type"}, {true, "REQUIRE"},
		{true, "SHOW CREATE USER"}, {true, "SET PASSWORD"},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s alternating %t after %t", c.over, c.alternating, after),
				func(t *testing.T) {
					proxy := newCutter(t, s.Port, after)
					target := newTarget(t, c.alternating)
					current := newUser(t, s, name("cut"), "").With("ssl", "false").
						With("port", strconv.Itoa(int(proxy.port)))
					s.Exec(t, "GRANT SELECT ON mysql.proc TO "+current.Text("username"))
					root := superuser(t, s, proxy.port).With("ssl", "false")
					v := rotator.Versions{Pending: candidate(t, target, current), Current: current,
						Superuser: &root}
					proxy.cut(c.over)
					err := target.Set(t.Context(), v)
					mustFail(t, err, rotator.CutOff, v.Pending, current, root)
					if !proxy.done() {
						t.Fatal("nothing was cut off")
					}
					mustSet(t, target, v)
					if c.alternating {
						mustLogIn(t, target, current)
						sameRights(t, s, current.Text("username"), v.Pending.Text("username"))
					}
				})
		}
	}
}

func TestSet_ReadOnlyServer_SaysSo(t *testing.T) {
	s := servertest.MariaDB(t, "read-only")
	current := newUser(t, s, name("ro"), "")
	creator := newUser(t, s, name("creator"), "")
	s.Exec(t, "GRANT CREATE USER, SELECT, INSERT, UPDATE ON *.* TO "+creator.Text("username"))
	for _, alternating := range []bool{false, true} {
		target := newTarget(t, alternating)
		v := rotator.Versions{Pending: candidate(t, target, current), Current: current,
			Superuser: &creator}
		mustFail(t, target.Set(t.Context(), v), rotator.ReadOnly, v.Pending, current, creator)
		mustLogIn(t, target, current)
	}
}

func TestSet_PasswordTooWeakForTheServer_Fails(t *testing.T) {
	s := servertest.MariaDB(t, "plugin-load-add = simple_password_check")
	target := newTarget(t, false)
	current := secret(t, s.Port, name("weak"), "Old-1_old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED BY 'Old-1_old'", current.Text("username")))
	v := rotator.Versions{Pending: current.With("password", "weaker"), Current: current}
	mustFail(t, target.Set(t.Context(), v), rotator.Failed, v.Pending, current)
	mustLogIn(t, target, current)
}

func TestTest_Refusals_HaveTheirReasons(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, false)
	user := newUser(t, s, name("dbs"), "")
	locked := newUser(t, s, name("locked"), "ACCOUNT LOCK")
	expired := newUser(t, s, name("expired"), "PASSWORD EXPIRE")
	elsewhere := secret(t, s.Port, name("elsewhere"), "old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'192.0.2.1' IDENTIFIED BY 'old'",
		elsewhere.Text("username")))
	pam := secret(t, s.Port, name("socket"), "old")
	s.Exec(t, fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED VIA unix_socket", pam.Text("username")))
	for why, c := range map[string]struct {
		d    rotator.Document
		want rotator.Reason
	}{
		"wrong password":       {user.With("password", "wrong"), rotator.LoginRefused},
		"unknown user":         {user.With("username", "nobody"), rotator.LoginRefused},
		"account locked":       {locked, rotator.LoginRefused},
		"password expired":     {expired, rotator.LoginRefused},
		"another address":      {elsewhere, rotator.LoginRefused},
		"another way to login": {pam, rotator.LoginRefused},
		"closed database":      {user.With("dbname", "mysql"), rotator.Forbidden},
		"unknown database": {superuser(t, s, s.Port).With("dbname", "nowhere"),
			rotator.BadSecret},
		"not a target": {user.With("host", "192.0.2.1"), rotator.NotAllowed},
		"no port":      {user.With("port", "none"), rotator.BadSecret},
		"no engine":    {user.With("engine", ""), rotator.BadSecret},
	} {
		t.Run(why, func(t *testing.T) {
			mustFail(t, target.Test(t.Context(), c.d), c.want, c.d)
		})
	}
	mustLogIn(t, target, user.With("dbname", "information_schema"))
}

// TestSet_ClosedDatabase_IsOpenedByRights: the second user has its password and no rights.
func TestSet_ClosedDatabase_IsOpenedByRights(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	current := newUser(t, s, name("db"), "").With("dbname", "mysql")
	s.Exec(t, "GRANT SELECT ON mysql.proc TO "+current.Text("username"))
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current,
		Superuser: superuser(t, s, s.Port)}
	mustSet(t, target, v)
	s.Exec(t, "REVOKE SELECT ON mysql.proc FROM "+v.Pending.Text("username"))
	mustFail(t, target.Test(t.Context(), v.Pending), rotator.Forbidden)
	mustSet(t, target, v)
}

func TestTest_MemberSSL_SaysWhatIsTried(t *testing.T) {
	s, plain := servertest.MariaDB(t), servertest.MariaDB(t, "skip-ssl")
	user, there := newUser(t, s, name("any"), ""), newUser(t, plain, name("any"), "")
	strict := newUser(t, s, name("strict"), "REQUIRE SSL")
	trusting := reach(t)
	strangers := rotator.Reach{Targets: trusting.Targets}
	required := trusting
	required.RequireTLS = true

	for why, c := range map[string]struct {
		reach rotator.Reach
		d     rotator.Document
		want  rotator.Reason
	}{
		"absent":                      {trusting, strict, ""},
		"true":                        {trusting, strict.With("ssl", "True"), ""},
		"false":                       {trusting, user.With("ssl", "false"), ""},
		"false and it is required":    {trusting, strict.With("ssl", "false"), rotator.LoginRefused},
		"nonsense is absent":          {trusting, strict.With("ssl", "perhaps"), ""},
		"absent without TLS":          {trusting, there, ""},
		"true without TLS":            {trusting, there.With("ssl", "true"), rotator.Untrusted},
		"absent and a stranger":       {strangers, user, ""},
		"true and a stranger":         {strangers, user.With("ssl", "true"), rotator.Untrusted},
		"stranger, and it's required": {strangers, strict, rotator.LoginRefused},
		"required":                    {required, user.With("ssl", "false"), ""},
		"required without TLS":        {required, there, rotator.Untrusted},
		"required, and false":         {required, there.With("ssl", "false"), rotator.Untrusted},
		"true under another name": {rotator.Reach{Targets: []string{"127.0.0.2:*"},
			Roots: trusting.Roots}, user.With("ssl", "true").With("host", "127.0.0.2"),
			rotator.Untrusted},
	} {
		t.Run(why, func(t *testing.T) {
			if strings.Contains(why, "another name") {
				c.d = c.d.With("port", strconv.Itoa(int(forwarded(t, s.Port))))
			}
			target := mysql.New(mysql.Config{Reach: c.reach, MariaDB: true})
			err := target.Test(t.Context(), c.d)
			if c.want != "" {
				mustFail(t, err, c.want, c.d)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// forwarded has a server answer at 127.0.0.2 as well.
func forwarded(t *testing.T, server uint16) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := &cutter{}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client, net.JoinHostPort(servertest.Host, strconv.Itoa(int(server))))
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func TestSet_ServerThatDoesNotAnswer_IsLeftInTime(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort(servertest.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	silent := uint16(l.Addr().(*net.TCPAddr).Port)
	within := reach(t)
	within.Timeout = 50 * time.Millisecond
	target := mysql.New(mysql.Config{Reach: within, MariaDB: true})
	current := secret(t, silent, "orders", "old")
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current}
	mustFail(t, target.Set(t.Context(), v), rotator.TimedOut, v.Pending, current)
	_ = l.Close()
	mustFail(t, target.Set(t.Context(), v), rotator.Unreachable, v.Pending, current)
	// .invalid is nobody's name (RFC 6761).
	target = mysql.New(mysql.Config{Reach: rotator.Reach{Targets: []string{"db.invalid:*"}},
		MariaDB: true})
	mustFail(t, target.Test(t.Context(), current.With("host", "db.invalid")), rotator.Unreachable)
}

func TestSet_ContextEnds_StopsWaiting(t *testing.T) {
	s := servertest.MariaDB(t)
	target := newTarget(t, true)
	current := newUser(t, s, name("lock"), "")
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current,
		Superuser: superuser(t, s, s.Port)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	mustFail(t, target.Set(ctx, v), rotator.TimedOut, v.Pending, current)
	mustSet(t, target, v)
}

// talker answers every connection with the same bytes.
func talker(t *testing.T, says string) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(servertest.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(says)) // a client that is gone misses nothing
			_ = c.Close()
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func TestTest_OtherServers_AreNotRead(t *testing.T) {
	target := newTarget(t, false)
	for says, want := range map[string]rotator.Reason{
		"":                              rotator.Unreachable,
		"SSH-2.0-OpenSSH_9.2\r\n":       rotator.Unreachable,
		"\x05\x00\x00\x00\x09old\x00":   rotator.BadAnswer,
		"\x03\x00\x00\x00\xff\x10\x04":  rotator.BadAnswer,
		"\x01\x00\x00\x05\x0a":          rotator.BadAnswer,
		"\x02\x00\x00\x00\x0a\x00":      rotator.BadAnswer,
		"\x03\x00\x00\x00\x0a8\x00":     rotator.BadAnswer,
		"\x04\x00\x00\x00\x0a8\x00abcd": rotator.BadAnswer,
	} {
		t.Run(strconv.Quote(says), func(t *testing.T) {
			d := secret(t, talker(t, says), "orders", "old")
			mustFail(t, target.Test(t.Context(), d), want, d)
		})
	}
}

// TestTest_ServerWithoutEnd_IsLeft has packets that go on and on.
func TestTest_ServerWithoutEnd_IsLeft(t *testing.T) {
	packet := "\xff\xff\xff\x00" + strings.Repeat("x", 1<<24-1)
	next := "\xff\xff\xff\x01" + strings.Repeat("x", 1<<24-1)
	d := secret(t, talker(t, packet+next), "orders", "old").With("ssl", "true")
	mustFail(t, newTarget(t, false).Test(t.Context(), d), rotator.BadAnswer, d)
}

// TestSet_ServerThatAnswersNoStatement_IsLeftInTime: as many of them as there may be rotations at a
// time would end all rotations.
func TestSet_ServerThatAnswersNoStatement_IsLeftInTime(t *testing.T) {
	f := newFakeMySQL(t, "8.0.36")
	f.silent = true
	within := reach(t)
	within.Timeout = 100 * time.Millisecond
	target := mysql.New(mysql.Config{Reach: within})
	current := secret(t, f.port, "orders", "old").With("engine", "mysql").With("ssl", "false")
	v := rotator.Versions{Pending: candidate(t, target, current), Current: current}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	mustFail(t, target.Set(ctx, v), rotator.TimedOut, v.Pending, current)
	if ctx.Err() != nil {
		t.Error("it was not left")
	}
}

// TestTest_ChallengesThatEndInZero_AreAskedForAgain: the driver reads none of them.
func TestTest_ChallengesThatEndInZero_AreAskedForAgain(t *testing.T) {
	f := newFakeMySQL(t, "11.4.2-MariaDB")
	target := newTarget(t, false)
	current := secret(t, f.port, "orders", "old").With("ssl", "false")
	f.zeros = 3
	mustLogIn(t, target, current)
	f.zeros = 4
	mustFail(t, target.Test(t.Context(), current), rotator.BadAnswer, current)
}
