package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"claviger/store"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func (s *site) secrets(address string) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{BaseEndpoint: aws.String("http://" + address),
		Region:      "us-west-2",
		Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, "")})
}

// put stores a secret with a value of its own name.
func putSecret(ctx context.Context, c *secretsmanager.Client, name string) error {
	_, err := c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &name})
	return err
}

// holds reports whether a secret is there, with its value.
func holds(t *testing.T, c *secretsmanager.Client, name string) bool {
	t.Helper()
	out, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
	if absent := (*smtypes.ResourceNotFoundException)(nil); errors.As(err, &absent) {
		return false
	}
	if err != nil || aws.ToString(out.SecretString) != name {
		t.Fatalf("%s: %v, %v", name, out, err)
	}
	return true
}

// backs makes a backup.
func (s *site) backs(name string) (file, said string) {
	s.t.Helper()
	r := s.run("backup", s.path(name), "--config", s.path("claviger.toml"))
	if r.code != 0 {
		s.t.Fatalf("backup: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return s.path(name), r.stdout
}

// changed names the files that are not as they were, without those that every command of ours and
// of SoftHSM2's touches.
func (s *site) changed(before map[string]string) []string {
	s.t.Helper()
	return slices.DeleteFunc(difference(before, s.contents()), func(name string) bool {
		return name == "claviger.db.lock" || strings.HasPrefix(name, "tokens/")
	})
}

// restores is a restore's command line.
func (s *site) restores(file string, more ...string) result {
	s.t.Helper()
	return s.run(append([]string{"restore", file, "--config", s.path("claviger.toml")}, more...)...)
}

// grow makes a database large, as years do: what is in its trail is of no use.
func (s *site) grow(mib int) {
	s.t.Helper()
	s.edit(fmt.Sprintf(`WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more
		WHERE n < %d) INSERT INTO trail (batch, at, records)
		SELECT (SELECT max(batch) FROM trail) + n, 1, randomblob(65536) FROM more`, mib*16))
}

// TestBackup_ServerUnderLoad_IsRestored: a backup is made while others write, who notice nothing.
// It is proved beside the server, and put in place. What was answered before it began is there, and
// what came after it ended is not.
func TestBackup_ServerUnderLoad_IsRestored(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	s.grow(48)
	p := s.start(s.serve()...)
	c := s.secrets(p.address())
	if err := putSecret(t.Context(), c, "before"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var written atomic.Int64
	for i := range 8 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := putSecret(ctx, c, fmt.Sprintf("load/%d/%d", i, n))
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				written.Add(1)
			}
		})
	}
	began := written.Load()
	file, said := s.backs("backup.db")
	if n := written.Load() - began; n < 20 {
		t.Errorf("while it was made, %d requests were answered", n)
	}
	stop()
	load.Wait()
	if !strings.Contains(said, "Made "+file) || !strings.Contains(said, "by version v1.2.3") {
		t.Errorf("it said\n%s", said)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}
	r := s.restores(file, "--check")
	if r.code != 0 || !strings.Contains(r.stdout, "is a backup that this token opens") {
		t.Errorf("beside the server: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if err := putSecret(t.Context(), c, "after"); err != nil {
		t.Fatal(err)
	}
	s.clear(s.restores(file, "--yes"), 20, "another server")
	p.stop()

	r = s.restores(file, "--yes")
	for _, want := range []string{"The trail of the one in its place goes on for ", "CreateSecret",
		"Restored " + s.path("claviger.db"), "What was there is kept as "} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("restore: %d, without %q\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
	c = s.secrets(s.start(s.serve()...).address())
	if !holds(t, c, "before") || holds(t, c, "after") {
		t.Error("it is another database")
	}
	s.inspects(0)
	trail := s.run("audit", "tail", "--config", s.path("claviger.toml")).stdout
	if strings.Count(trail, `"eventName":"RestoreBackup"`) != 1 ||
		!strings.Contains(trail, "claviger restore by ") || !strings.Contains(trail, `"replacedBatch":`) {
		t.Errorf("the trail says\n%s", trail)
	}
	kept, _ := filepath.Glob(s.path("claviger.db.before-restore-*"))
	if len(kept) != 1 {
		t.Fatalf("%v is kept", kept)
	}
	trail = s.run("audit", "tail", "--database", kept[0], "-n", "0").stdout
	if strings.Count(trail, `"eventName":"CreateBackup"`) != 1 ||
		!strings.Contains(trail, "claviger backup by ") {
		t.Errorf("the trail of what was there says\n%s", trail)
	}
}

// TestBackup_NoServer_IsRestoredWhereNothingIs: to another directory, of a machine that has the
// token and the configuration alone.
func TestBackup_NoServer_IsRestoredWhereNothingIs(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	if err := putSecret(t.Context(), s.secrets(p.address()), "a"); err != nil {
		t.Fatal(err)
	}
	p.stop()
	file, _ := s.backs("backup.db")
	if err := os.Mkdir(s.path("new"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.set("database", `"`+s.path("new/claviger.db")+`"`)
	r := s.restores(file, "--yes", "--quick")
	if r.code != 0 || !strings.Contains(r.stdout, "There is none in its place") {
		t.Fatalf("restore: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if !holds(t, s.secrets(s.start(s.serve()...).address()), "a") {
		t.Error("the secret is lost")
	}
}

// TestRestore_KilledServer_LeavesItsLogAside: the log of the database that was there is never taken
// for the restored one's, and is not lost.
func TestRestore_KilledServer_LeavesItsLogAside(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	c := s.secrets(p.address())
	if err := putSecret(t.Context(), c, "before"); err != nil {
		t.Fatal(err)
	}
	file, _ := s.backs("backup.db")
	if err := putSecret(t.Context(), c, "after"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if r := s.restores(file, "--yes"); r.code != 0 {
		t.Fatalf("restore: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	p = s.start(s.serve()...)
	c = s.secrets(p.address())
	if !holds(t, c, "before") || holds(t, c, "after") {
		t.Error("it is another database")
	}
	p.stop()
	kept, _ := filepath.Glob(s.path("claviger.db.before-restore-*"))
	if len(kept) != 1 {
		t.Fatalf("%v is kept", kept)
	}
	if err := os.Rename(kept[0], s.path("claviger.db")); err != nil {
		t.Fatal(err)
	}
	if !holds(t, s.secrets(s.start(s.serve()...).address()), "after") {
		t.Error("what was kept has lost what was in its log")
	}
}

// TestBackup_CannotBeMade_LeavesNothing: each way of failing says why, and nothing is left behind.
func TestBackup_CannotBeMade_LeavesNothing(t *testing.T) {
	s := initialised(t)
	s.put("there", "something", 0o600)
	small := s.path("small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	mounted := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k,mode=0700") == nil
	if mounted {
		t.Cleanup(func() { syscall.Unmount(small, syscall.MNT_DETACH) })
	}
	for _, c := range []struct {
		name, file string
		code       int
		says       string
		limit      bool
	}{
		{"a file that is there", "there", 1, "isn't written over: name another", false},
		{"the database itself", "claviger.db", 1, "isn't written over: name another", false},
		{"no directory", "nowhere/backup.db", 1, "nowhere", false},
		{"a file for a directory", "there/backup.db", 1, "there", false},
		{"a limit on the size of files", "limited.db", 31, "full", true},
		{"a full disk", "small/backup.db", 31, "full", !mounted},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := *s
			at.t = t
			before := at.contents()
			command := at.command("backup", at.path(c.file), "--config", at.path("claviger.toml"))
			if c.limit {
				command = limitedTo(command, 300)
			}
			at.clear(at.finish(command), c.code, c.says)
			if changed := at.changed(before); len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
		})
	}
	s.clear(s.run("backup", s.path("x")), 2, "--config")
	s.clear(s.run("backup", "--config", s.path("claviger.toml")), 2, "name the file")
}

// TestBackup_Interrupted_LeavesNothing: Ctrl-C ends it, and takes away what it has made.
func TestBackup_Interrupted_LeavesNothing(t *testing.T) {
	s := initialised(t)
	s.grow(64)
	p := s.start("backup", s.path("backup.db"), "--config", s.path("claviger.toml"))
	for { // until something is there
		if found, _ := filepath.Glob(s.path("backup.db*")); len(found) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code == 0 {
		t.Error("it was done before")
	}
	if found, _ := filepath.Glob(s.path("backup.db*")); len(found) > 0 {
		t.Errorf("%v is left", found)
	}
}

// TestRestore_OtherThanTheBackup_IsRefused, by --check and by the restore itself, which changes
// nothing then.
func TestRestore_OtherThanTheBackup_IsRefused(t *testing.T) {
	s, other, young := initialised(t), bare(t), initialised(t)
	other.ceremony()
	file, _ := s.backs("backup.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(whole)
	pages := strings.LastIndex(text, "claviger backup\n")
	s.keys("create")
	later, _ := s.backs("later.db")
	second, err := os.ReadFile(later)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(s.path("claviger.db"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(at int) string { return text[:at] + string(text[at]^1) + text[at+1:] }
	// A second installation on the same token.
	if err := os.Remove(young.path("claviger.db")); err != nil {
		t.Fatal(err)
	}
	young.run("init", "--config", young.path("claviger.toml"))
	for _, c := range []struct {
		name, text string
		by         *site
		code       int
		says       string
	}{
		{"of another token", text, other, 25, "the database belongs to another token"},
		{"cut off in its pages", text[:pages/2], s, 34, "has no manifest at its end"},
		{"cut off in its manifest", text[:len(text)-1], s, 34, "has no manifest at its end"},
		{"longer", text + "x", s, 34, "has no manifest at its end"},
		{"empty", "", s, 34, "no database"},
		{"another file", "something else", s, 34, "no database"},
		{"the database itself", string(plain), s, 34, "has no manifest at its end"},
		{"a bit of a page", flipped(pages / 2), s, 34, "was damaged or changed"},
		{"a bit of the MAC", flipped(len(text) - 10), s, 34, "manifest"},
		{"a word of the manifest", strings.Replace(text, `"version":"v1.2.3"`, `"version":"v1.2.4"`, 1), s,
			34, "its manifest was changed"},
		{"the manifest of another", text[:pages] + string(second[strings.LastIndex(string(second),
			"claviger backup\n"):]), s, 34, "damaged or changed"},
		{"a later format", strings.Replace(text, `"format":1`, `"format":2`, 1), s, 21, "version v1.2.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := *c.by
			at.t = t
			at.put("tampered.db", c.text, 0o600)
			before := at.contents()
			at.clear(at.restores(at.path("tampered.db"), "--check"), c.code, c.says)
			at.clear(at.restores(at.path("tampered.db"), "--yes"), c.code, c.says)
			if changed := at.changed(before); len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
		})
	}
	young.clear(young.restores(file, "--yes"), 34, "it is of the installation")
	s.clear(s.restores(s.path("nothing"), "--check"), 1, "nothing")
	s.clear(s.restores(file), 2, "--yes")
	s.clear(s.run("restore", "--config", s.path("claviger.toml")), 2, "name a backup")
	s.clear(s.run("restore", file), 2, "--config")
}

// TestRestore_OverWhatCantBeRead_IsDone: that is what a backup is for.
func TestRestore_OverWhatCantBeRead_IsDone(t *testing.T) {
	s := initialised(t)
	file, _ := s.backs("backup.db")
	s.put("claviger.db", strings.Repeat("no database ", 1000), 0o600)
	r := s.restores(file, "--yes")
	if r.code != 0 || !strings.Contains(r.stdout, "can't be read, so that nothing is known") {
		t.Errorf("restore: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	s.start(s.serve()...).address()
}

// TestRestore_OlderOverNewerAndBack_SaysWhich: the one in its place may have gone another way.
func TestRestore_OlderOverNewerAndBack_SaysWhich(t *testing.T) {
	s := initialised(t)
	says := func(file, want string) {
		t.Helper()
		if r := s.restores(file, "--yes"); r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Fatalf("restore: %d, without %q\n%s%s", r.code, want, r.stdout, r.stderr)
		}
		time.Sleep(time.Second) // what is kept is named by the second
	}
	first, _ := s.backs("first.db")
	s.keys("create")
	second, _ := s.backs("second.db")
	says(first, "Changes among it: CreateAccessKey 1")
	says(second, "The one in its place is older")
	says(first, "CreateAccessKey 1")
	s.keys("list")
	s.keys("list")
	s.keys("list")
	says(second, "has gone another way")
}

// TestRestore_DueWork_IsSaid: what a server would do at once.
func TestRestore_DueWork_IsSaid(t *testing.T) {
	s := initialised(t)
	s.edit(`INSERT INTO jobs (id, kind, account, region, subject, due, rev, lease, expires, attempts)
		VALUES ('1', 'kms:DeleteKey', '111122223333', 'us-east-1', 'x', 5, 1, 0, 0, 0)`)
	file, _ := s.backs("backup.db")
	if r := s.restores(file, "--yes"); !strings.Contains(r.stdout, "kms:DeleteKey 1") {
		t.Errorf("restore: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestBackup_ByOtherTools_IsADatabase: the file is one for SQLite, too.
func TestBackup_ByOtherTools_IsADatabase(t *testing.T) {
	s := initialised(t)
	file, _ := s.backs("backup.db")
	db, err := sql.Open("sqlite3", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("%q, %v", verdict, err)
	}
	// Put in place by hand, as any other.
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.put("claviger.db", string(b), 0o600)
	storetest.Edit(t, s.path("claviger.db"), `UPDATE heartbeat SET at = at + 1`)
	s.start(s.serve()...).address()
}

// TestRestore_ByRoot_LeavesTheServicesFilesToIt: the service's user can start with what root has
// restored, where a database was and where nothing was.
func TestRestore_ByRoot_LeavesTheServicesFilesToIt(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes files that belong to others")
	}
	s, u := initialised(t), somebody(t)
	s.give(u)
	file, _ := s.backs("backup.db")
	for _, gone := range []string{"backup.db-none", "claviger.db*"} {
		found, _ := filepath.Glob(s.path(gone))
		for _, path := range found {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if r := s.restores(file, "--yes"); r.code != 0 {
			t.Fatalf("restore: %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == file {
				return err
			}
			info, err := d.Info()
			if err == nil && fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid) != u.Uid {
				t.Errorf("%s belongs to another", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if said := s.inspects(0); !strings.Contains(said, "verified") {
		t.Errorf("doctor says\n%s", said)
	}
}

// trailEnd is the number of the newest batch of the database.
func (s *site) trailEnd() int64 {
	s.t.Helper()
	db, err := store.OpenReader(s.t.Context(), s.path("claviger.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	end, err := db.TrailEnd()
	if err != nil {
		s.t.Fatal(err)
	}
	return end
}

// TestRestore_Killed_LeavesOneOrTheOther: whenever the process ends, there is the database that was
// or the one that was to be, and the next restore goes its way.
func TestRestore_Killed_LeavesOneOrTheOther(t *testing.T) {
	s := initialised(t)
	s.grow(16)
	file, _ := s.backs("backup.db")
	s.keys("create")
	began := time.Now()
	if r := s.restores(file, "--yes"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	took, restored := time.Since(began), s.trailEnd()
	kills := 6
	if os.Getenv("CLAVIGER_LONG") == "1" {
		kills = 100
	}
	for i := range kills {
		for range i % 3 { // so that the two differ, mostly
			s.keys("list")
		}
		before := s.trailEnd()
		p := s.start("restore", file, "--config", s.path("claviger.toml"), "--yes")
		time.Sleep(took * time.Duration(i+1) / time.Duration(kills))
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
		if end := s.trailEnd(); end != before && end != restored {
			t.Fatalf("the trail ends at %d: it was %d, and was to be %d", end, before, restored)
		}
	}
	s.inspects(0)
	time.Sleep(time.Second) // what is kept is named by the second
	if r := s.restores(file, "--yes"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	if left, _ := filepath.Glob(s.path("claviger.db.restoring*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
