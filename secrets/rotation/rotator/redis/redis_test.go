package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/redis"
	"claviger/secrets/rotation/rotator/servertest"
)

func TestCandidate_Secret_KeepsAllButThePassword(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	d := s.candidate(t, s.secret(t, "app", "before"))
	want := strings.Replace(string(s.secret(t, "app", "Secret!0001").Bytes()), "before", "", 1)
	if string(d.Bytes()) != want {
		t.Errorf("%s, want %s", d.Bytes(), want)
	}
	s.Stop()
	if s.candidate(t, d); t.Failed() {
		t.Error("it has asked the server")
	}
}

func TestCandidate_BadSecret_IsRefused(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	good := s.secret(t, "app", "before")
	for name, c := range map[string]struct {
		secret rotator.Document
		want   rotator.Reason
	}{
		"engine":   {good.With("engine", "postgres"), rotator.BadSecret},
		"username": {good.With("username", ""), rotator.BadSecret},
		"password": {good.With("password", ""), rotator.BadSecret},
		"port":     {good.With("port", "many"), rotator.BadSecret},
		"hosts":    {good.With("hosts", "one"), rotator.BadSecret},
		"host":     {good.With("host", "elsewhere"), rotator.NotAllowed},
		"a host":   {good.With("hosts", "elsewhere:1"), rotator.NotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.target.Candidate(t.Context(), c.secret, &s.from)
			fails(t, err, c.want)
			fails(t, s.target.Test(t.Context(), c.secret), c.want)
			fails(t, s.target.Set(t.Context(), rotator.Versions{Current: good, Pending: c.secret}), c.want)
		})
	}
}

type rules struct{ rotator.Rules }

func (r *rules) Password(_ context.Context, asked rotator.Rules) (string, error) {
	r.Rules = asked
	return "x", nil
}

func TestCandidate_Rules_HaveDefaults(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	var asked rules
	if _, err := s.target.Candidate(t.Context(), s.secret(t, "app", "x"), &asked); err != nil {
		t.Fatal(err)
	}
	if *asked.PasswordLength != 32 || *asked.ExcludeCharacters != `:/@"'\` {
		t.Errorf("%d characters without %s", *asked.PasswordLength, *asked.ExcludeCharacters)
	}
	s.config.Rules = rotator.Rules{PasswordLength: new(int64(20)), ExcludeCharacters: new("")}
	if _, err := redis.New(s.config).Candidate(t.Context(), s.secret(t, "app", "x"),
		&asked); err != nil {
		t.Fatal(err)
	}
	if *asked.PasswordLength != 20 || *asked.ExcludeCharacters != "" {
		t.Errorf("%d characters without %s", *asked.PasswordLength, *asked.ExcludeCharacters)
	}
}

func TestSet_Rotation_LeavesTwoPasswords(t *testing.T) {
	for name, begin := range map[string]func(*site) rotator.Versions{
		"an administrator": func(s *site) rotator.Versions { return s.administered(t, "app") },
		"the user itself": func(s *site) rotator.Versions {
			return s.versions(t, s.user(t, "app", "~* +@all"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, servertest.RedisACLFile)
			first := begin(s)
			s.set(t, first)
			s.logsIn(t, first.Current, true)
			s.logsIn(t, first.Pending, true)
			second := s.next(t, first)
			s.set(t, second)
			s.logsIn(t, first.Current, false)
			s.logsIn(t, second.Current, true)
			s.logsIn(t, second.Pending, true)
		})
	}
}

// calls returns how often a command was run.
func (s *site) calls(t *testing.T, command string) string {
	t.Helper()
	_, after, _ := strings.Cut(s.do(t, "INFO commandstats").(string), "cmdstat_"+command+":calls=")
	n, _, _ := strings.Cut(after, ",")
	return n
}

func TestSet_Again_ChangesNothing(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	s.set(t, v)
	before := s.calls(t, "acl|setuser")
	s.set(t, v)
	if after := s.calls(t, "acl|setuser"); after != before || before != "2" {
		t.Errorf("users were set %s times, and then %s", before, after)
	}
	s.logsIn(t, v.Current, true)
}

// TestSet_CutOffBeforeSaving_SavesTheNextTime: what was done in memory alone isn't done.
func TestSet_CutOffBeforeSaving_SavesTheNextTime(t *testing.T) {
	for _, users := range []servertest.RedisUsers{servertest.RedisACLFile, servertest.RedisConfig} {
		s := start(t, users)
		v := s.administered(t, "app")
		s.do(t, "ACL SETUSER app >"+v.Pending.Text("password"))
		s.set(t, v)
		s.Restart(t)
		s.logsIn(t, v.Pending, true)
		s.logsIn(t, v.Current, true)
	}
}

func TestSet_ServerWithoutFile_FailsUnlessItMay(t *testing.T) {
	s := start(t, servertest.RedisNowhere)
	v := s.administered(t, "app")
	err := s.target.Set(t.Context(), v)
	fails(t, err, rotator.Failed)
	if !strings.Contains(err.Error(), "aclfile") {
		t.Errorf("it doesn't say what to do: %v", err)
	}
	s.logsIn(t, v.Current, true)
	s.config.Unsaved = true
	s.target = redis.New(s.config)
	s.set(t, v)
	s.logsIn(t, v.Current, true)
}

func TestSet_PasswordInForceIsOlder_IsTakenFromThere(t *testing.T) {
	for name, in := range map[string]func(v *rotator.Versions, d *rotator.Document){
		"previous": func(v *rotator.Versions, d *rotator.Document) { v.Previous = d },
		"abandoned": func(v *rotator.Versions, d *rotator.Document) {
			v.Abandoned = []rotator.Document{v.Pending, *d}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, servertest.RedisACLFile)
			inForce := s.user(t, "app", "~* +@all")
			v := s.versions(t, s.candidate(t, inForce), nil)
			fails(t, s.target.Set(t.Context(), v), rotator.LoginRefused)
			other := inForce.With("username", "default")
			in(&v, &other)
			fails(t, s.target.Set(t.Context(), v), rotator.LoginRefused)
			in(&v, &inForce)
			s.set(t, v)
			s.logsIn(t, v.Current, true)
			s.logsIn(t, inForce, false)
		})
	}
}

// TestSet_OlderPassword_IsToldToItsServersAlone has somebody who may write a secret, and not read
// it, add a server that tells what it hears.
func TestSet_OlderPassword_IsToldToItsServersAlone(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	old := s.user(t, "app", "~* +@all")
	for _, member := range []string{"port", "hosts"} {
		var heard sync.Map
		thief := fmt.Sprint(fake(t, func(command string) string {
			heard.Store(command, true)
			if strings.Contains(command, old.Text("password")) {
				t.Errorf("%s: the server of another is told the old password", member)
			}
			return "-WRONGPASS no\r\n"
		}))
		written := old.With("password", "Secret!mine")
		switch member {
		case "port":
			written = written.With("port", thief)
		case "hosts":
			s.do(t, "ACL SETUSER app >Secret!mine")
			written = written.With("hosts", servertest.Host+":"+thief)
		}
		v := s.versions(t, written, nil)
		v.Previous, v.Abandoned = &old, []rotator.Document{old}
		fails(t, s.target.Set(t.Context(), v), rotator.LoginRefused)
		if _, ok := heard.Load("AUTH app Secret!mine"); !ok {
			t.Errorf("%s: the other server heard no login", member)
		}
	}
}

func TestCandidate_ServersWithoutEnd_AreRefused(t *testing.T) {
	d := start(t, servertest.RedisACLFile).secret(t, "app", "Secret!current")
	target := redis.New(redis.Config{Reach: rotator.Reach{Targets: []string{servertest.Host + ":*"}}})
	for name, hosts := range map[string]string{"many": "", "twice": servertest.Host + ":1," +
		servertest.Host + ":1", "host again": servertest.Host + ":" + d.Text("port")} {
		for i := 1; name == "many" && i < 500; i++ {
			hosts += fmt.Sprintf("%s:%d,", servertest.Host, i)
		}
		_, err := target.Candidate(t.Context(), d.With("hosts", hosts), new(passwords))
		fails(t, err, rotator.BadSecret)
	}
}

func TestSet_UserOfSomebodyElse_IsLeftAlone(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	victim := s.user(t, "victim", "~* +@all")
	v := s.administered(t, "app")
	foreign := v
	foreign.Current = v.Current.With("username", "victim")
	foreign.Pending = v.Pending.With("username", "victim")
	fails(t, s.target.Set(t.Context(), foreign), rotator.LoginRefused)
	for _, change := range [][2]string{{"username", "victim"}, {"host", "localhost"},
		{"port", fmt.Sprint(s.TLSPort)}, {"hosts", fmt.Sprintf("%s:%d", servertest.Host, s.TLSPort)}} {
		s.config.Reach.Targets = []string{"localhost:*", servertest.Host + ":*"}
		other := v
		other.Pending = v.Pending.With(change[0], change[1])
		fails(t, redis.New(s.config).Set(t.Context(), other), rotator.BadSecret)
	}
	s.logsIn(t, victim, true)
	if got, _ := s.do(t, "ACL GETUSER victim").([]any)[3].([]any); len(got) != 1 {
		t.Errorf("the victim has %d passwords", len(got))
	}
}

func TestSet_UserWithoutPassword_IsRefused(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	s.do(t, "ACL SETUSER app nopass")
	fails(t, s.target.Set(t.Context(), v), rotator.BadSecret)
	s.logsIn(t, v.Current.With("password", "any"), true)
}

func TestSet_Administrator_HasToBeThisServers(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	for name, super := range map[string]*rotator.Document{
		"none":        nil,
		"other port":  new(v.Superuser.With("port", fmt.Sprint(s.TLSPort))),
		"more hosts":  new(v.Superuser.With("hosts", servertest.Host+":1")),
		"no password": new(v.Superuser.With("password", "")),
	} {
		t.Run(name, func(t *testing.T) {
			v.Superuser = super
			fails(t, s.target.Set(t.Context(), v), rotator.NoSuperuser)
		})
	}
	v.Superuser = new(s.secret(t, "default", "Secret!wrong"))
	fails(t, s.target.Set(t.Context(), v), rotator.LoginRefused)
	s.logsIn(t, v.Pending, false)
}

func TestSet_RightIsMissing_IsForbidden(t *testing.T) {
	for _, c := range []struct {
		users  servertest.RedisUsers
		rights string
		needs  string
	}{
		{servertest.RedisACLFile, "", "+acl|getuser"},
		{servertest.RedisACLFile, "+acl|getuser", "+acl|setuser"},
		{servertest.RedisACLFile, "+acl|getuser +acl|setuser", "+acl|save"},
		{servertest.RedisConfig, "+acl", "+config|rewrite"},
		{servertest.RedisACLFile, "+acl|getuser +acl|setuser +acl|save", ""},
		{servertest.RedisConfig, "+acl +config|rewrite", ""},
	} {
		t.Run(c.needs, func(t *testing.T) {
			s := start(t, c.users)
			v := s.versions(t, s.user(t, "app", "+echo "+c.rights), nil)
			err := s.target.Set(t.Context(), v)
			s.logsIn(t, v.Current, true)
			if c.needs == "" {
				s.set(t, v)
				return
			}
			if fails(t, err, rotator.Forbidden); !strings.Contains(err.Error(), c.needs) {
				t.Errorf("it doesn't say what it needs: %v", err)
			}
		})
	}
}

func TestSet_FileCannotBeWritten_Fails(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	path := s.do(t, "CONFIG GET aclfile").([]any)[1].(string)
	if dir := s.do(t, "CONFIG GET dir").([]any)[1].(string); !strings.HasPrefix(path, "/") {
		path = dir + "/" + path
	}
	if err := os.Chmod(path[:strings.LastIndex(path, "/")], 0o500); err != nil {
		t.Fatal(err)
	}
	fails(t, s.target.Set(t.Context(), v), rotator.Failed)
	s.logsIn(t, v.Current, true)
}

func TestSet_SeveralServers_AllHaveThePassword(t *testing.T) {
	one, two := start(t, servertest.RedisACLFile), start(t, servertest.RedisConfig)
	hosts := fmt.Sprintf("%s:%d", servertest.Host, two.Port)
	v := one.administered(t, "app")
	two.do(t, "ACL SETUSER app on +echo >"+v.Current.Text("password"))
	for _, d := range []*rotator.Document{&v.Current, &v.Pending, v.Superuser} {
		*d = d.With("hosts", hosts)
	}
	one.set(t, v)
	two.logsIn(t, v.Current, true)
	two.logsIn(t, v.Pending, true)

	v = one.next(t, v)
	two.Stop()
	fails(t, one.target.Set(t.Context(), v), rotator.Unreachable)
	fails(t, one.target.Test(t.Context(), v.Pending), rotator.Unreachable)
	one.logsIn(t, v.Current, true)
	two.Restart(t)
	one.set(t, v)
	two.logsIn(t, v.Current, true)
	two.logsIn(t, v.Pending, true)
}

func TestTest_PendingPassword_HasToLogIn(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	fails(t, s.target.Test(t.Context(), s.secret(t, "app", "Secret!no")), rotator.LoginRefused)
	d := s.user(t, "app", "+echo") // may not even PING
	if err := s.target.Test(t.Context(), d); err != nil {
		t.Error(err)
	}
	s.do(t, "ACL SETUSER app off")
	fails(t, s.target.Test(t.Context(), d), rotator.LoginRefused)
}

// monitor returns what the server shows of all commands, up to an ECHO of last. The driver's own
// command may miss some.
func (s *site) monitor(t *testing.T) (seen func() string) {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(servertest.Host, fmt.Sprint(s.Port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := bufio.NewReader(conn)
	for _, command := range []string{"AUTH default " + s.Password, "MONITOR"} {
		fmt.Fprintf(conn, "%s\r\n", command)
		if line, err := r.ReadString('\n'); err != nil || line != ok {
			t.Fatalf("%q, %v", line, err)
		}
	}
	return func() (all string) {
		for !strings.Contains(all, `"last"`) {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			all += line
		}
		return all
	}
}

// TestSet_Server_SeesNoPassword looks wherever a server shows what it is asked.
func TestSet_Server_SeesNoPassword(t *testing.T) {
	s := start(t, servertest.RedisACLFile, "loglevel debug")
	v := s.administered(t, "app")
	seen := s.monitor(t)
	s.do(t, "SLOWLOG RESET") // it has the user that the test has made
	s.set(t, v)
	fails(t, s.target.Test(t.Context(), s.secret(t, "app", "Secret!no")), rotator.LoginRefused)
	shown := fmt.Sprint(s.do(t, "SLOWLOG GET -1"), s.do(t, "ACL LOG"), s.do(t, "ACL LIST"),
		s.do(t, "CLIENT LIST"), s.Log())
	s.do(t, "ECHO last")
	shown += seen()
	if strings.Contains(shown, "Secret!") || !strings.Contains(shown, "SETUSER") {
		t.Errorf("the server shows a password, or nothing:\n%s", shown)
	}
}

// label is what AWSCURRENT names, and who has fetched it and not yet logged in.
type label struct {
	sync.Mutex
	current rotator.Document
	holders *sync.WaitGroup
}

func (l *label) fetch() (rotator.Document, *sync.WaitGroup) {
	l.Lock()
	defer l.Unlock()
	l.holders.Add(1)
	return l.current, l.holders
}

// move moves the label, and returns when those who had fetched the version before have used it: one
// rotation later its password still works, and two later it doesn't.
func (l *label) move(to rotator.Document) {
	l.Lock()
	before := l.holders
	l.current, l.holders = to, new(sync.WaitGroup)
	l.Unlock()
	before.Wait()
}

// TestRotations_ClientsLogInMeanwhile_NoneIsLockedOut is the promise of this package.
func TestRotations_ClientsLogInMeanwhile_NoneIsLockedOut(t *testing.T) {
	s := start(t, servertest.RedisACLFile)
	v := s.administered(t, "app")
	current := &label{current: v.Current, holders: new(sync.WaitGroup)}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	logins := make([]int, 4)
	for i := range logins {
		clients.Go(func() {
			for ctx.Err() == nil {
				fetched, holders := current.fetch()
				time.Sleep(time.Duration(i) * time.Millisecond) // some are slow to use what they have
				err := login(s.Port, fetched)
				if holders.Done(); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				logins[i]++
			}
		})
	}
	for range 100 {
		s.set(t, v)
		current.move(v.Pending)
		v = s.next(t, v)
	}
	stop()
	clients.Wait()
	if slices.Min(logins) == 0 {
		t.Errorf("clients have logged in %v times", logins)
	}
}
