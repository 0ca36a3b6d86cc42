package disk_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"claviger/store/storetest"
	"claviger/store/storetest/disk"

	_ "github.com/mattn/go-sqlite3" // the driver
)

// child has this test binary write to the database that it names.
const child = "DISK_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(child); path != "" {
		if err := write(path); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const rows = 60

// write inserts rows one by one, says each that was committed, and waits until that was heard. Some
// checkpoints come along, and what couldn't be written is tried again.
func write(path string) error {
	db, err := sql.Open("sqlite3", path+"&_journal_mode=WAL")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filling BLOB)`)
	if err != nil {
		return err
	}
	for n := range rows {
		for {
			_, err := db.Exec(`INSERT INTO t VALUES (?, randomblob(6000))`, n)
			if err == nil {
				break
			}
			fmt.Println("refused", err)
			time.Sleep(time.Millisecond)
		}
		fmt.Println("committed", n)
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		if n%20 == 19 {
			if _, err := db.Exec(`PRAGMA wal_checkpoint(RESTART)`); err != nil {
				fmt.Println("refused", err)
			}
		}
	}
	return db.Close()
}

// start starts the child under d, and returns a function that calls heard for whatever it says, and
// at the end returns how it ended.
func start(t *testing.T, d *disk.Disk, uri string) func(heard func(line string)) error {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), child+"="+uri), d.Env()...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return func(heard func(line string)) error {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			heard(lines.Text())
			if strings.HasPrefix(lines.Text(), "committed ") {
				if _, err := in.Write([]byte{'\n'}); err != nil {
					return err
				}
			}
		}
		return c.Wait()
	}
}

// acknowledged is where in the log the child had said that each row was committed.
func acknowledged(t *testing.T, d *disk.Disk, listen func(func(string)) error) []int64 {
	t.Helper()
	var at []int64
	err := listen(func(line string) {
		if strings.HasPrefix(line, "committed ") {
			at = append(at, d.Position())
		}
	})
	if err != nil || len(at) != rows {
		t.Fatalf("the child committed %d rows and ended: %v", len(at), err)
	}
	return at
}

func uri(dir, synchronous string) string {
	return "file:" + filepath.Join(dir, "db") + "?_synchronous=" + synchronous
}

// recorded runs the child to its end, and returns the log and where each row was acknowledged.
func recorded(t *testing.T, synchronous string, rules ...disk.Rule) (*disk.Log, []int64) {
	t.Helper()
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	d.Record()
	d.Set(rules...)
	at := acknowledged(t, d, start(t, d, uri(dir, synchronous)))
	if d.Failed() == 0 && len(rules) > 0 {
		t.Error("no call failed, so this shows nothing")
	}
	return d.Log(), at
}

// lost opens many states that the log allows, and returns how many of them are broken or lack what
// was acknowledged, and the last reason.
func lost(t *testing.T, l *disk.Log, at []int64, states int) (n int, reason error) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(states)))
	cuts := append(l.Cuts(), l.Around(disk.Database)...)
	for i := range states {
		cut, loss := cuts[r.IntN(len(cuts))], disk.Loss(i)%disk.Losses
		committed := 0
		for committed < len(at) && at[committed] <= cut {
			committed++
		}
		if err := look(t, l.Power(cut, loss, r), committed); err != nil {
			n, reason = n+1, fmt.Errorf("cut at %d, %v: %w", cut, loss, err)
		}
	}
	return n, reason
}

// look says what is wrong with a state in which so many rows must be.
func look(t *testing.T, state map[string][]byte, committed int) error {
	t.Helper()
	dir := storetest.Dir(t)
	defer os.RemoveAll(dir)
	if err := disk.Restore(dir, state); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("integrity: %s, %v", verdict, err)
	}
	found := 0
	err = db.QueryRow(`SELECT count(*) FROM t`).Scan(&found)
	if found < committed {
		return fmt.Errorf("%d rows of %d that were committed are there, %v", found, committed, err)
	}
	return nil
}

func states() int {
	if os.Getenv("CLAVIGER_LONG") != "" {
		return 4000
	}
	return 200
}

// The states show a loss where there is one: without syncs, and with syncs that come too late.
func TestPower_Synced_IsThere(t *testing.T) {
	for _, c := range []struct {
		synchronous string
		safe        bool
	}{{"FULL", true}, {"NORMAL", false}, {"OFF", false}} {
		t.Run(c.synchronous, func(t *testing.T) {
			t.Parallel()
			l, at := recorded(t, c.synchronous)
			n, reason := lost(t, l, at, states())
			if c.safe != (n == 0) {
				t.Errorf("%d of %d states have lost something: %v", n, states(), reason)
			}
		})
	}
}

// A sync that failed promises nothing, and a later one doesn't make up for it.
func TestPower_FailedSyncs_LoseNothingAcknowledged(t *testing.T) {
	l, at := recorded(t, "FULL",
		disk.Rule{Function: disk.Sync, Errno: syscall.EIO, From: 20, Every: 9})
	if n, reason := lost(t, l, at, states()); n > 0 {
		t.Errorf("%d of %d states have lost something: %v", n, states(), reason)
	}
}

// In the end the log makes the files that are there.
func TestPower_Kept_IsWhatIsThere(t *testing.T) {
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	d.Record()
	acknowledged(t, d, start(t, d, uri(dir, "FULL")))
	l := d.Log()
	made := l.Power(d.Position(), disk.Kept, rand.New(rand.NewPCG(1, 1)))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || len(made) != 1 {
		t.Errorf("there are %v, and made were %d files", entries, len(made))
	}
	there, err := os.ReadFile(filepath.Join(dir, "db"))
	if err != nil || string(there) != string(made["db"]) {
		t.Errorf("of the database %d bytes were made, and there are %d: %v", len(made["db"]), len(there),
			err)
	}
}

func TestSet_Faults_AreWhatTheProcessSees(t *testing.T) {
	for _, c := range []struct {
		rule disk.Rule
		says string // empty: the process gets over it without a word
	}{
		{disk.Rule{Function: disk.Write, File: disk.WAL, Errno: syscall.ENOSPC, From: 20, Every: 1,
			Times: 3}, "full"},
		{disk.Rule{Function: disk.Write, File: disk.WAL, Errno: syscall.EIO, From: 20}, "I/O"},
		{disk.Rule{Function: disk.Write, Short: true, From: 3, Every: 5}, ""},
		{disk.Rule{Function: disk.Write, Errno: syscall.EINTR, From: 3, Every: 3}, ""},
		{disk.Rule{Function: disk.Sync, File: disk.WAL, Errno: syscall.EIO, From: 5}, "I/O"},
		{disk.Rule{Function: disk.Open, File: disk.WAL, Errno: syscall.EMFILE}, "unable to open"},
		{disk.Rule{Function: disk.Read, File: disk.Database, Errno: syscall.EIO, From: 2}, "malformed"},
	} {
		name := fmt.Sprint(c.rule.Function, " ", c.rule.File, " ", c.rule.Errno)
		t.Run(strings.ReplaceAll(name, "/", ""), func(t *testing.T) {
			dir := storetest.Dir(t)
			d := disk.New(t, dir)
			d.Set(c.rule)
			var said []string
			_ = start(t, d, uri(dir, "FULL"))(func(line string) {
				if !strings.HasPrefix(line, "committed ") {
					said = append(said, line)
				}
			})
			all := strings.Join(said, "\n")
			if d.Failed() == 0 || (all == "") != (c.says == "") || !strings.Contains(all, c.says) {
				t.Errorf("%d calls failed, and it said %q", d.Failed(), all)
			}
		})
	}
}

func TestHold_Syncs_WaitForRelease(t *testing.T) {
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	d.Hold()
	listen := start(t, d, uri(dir, "FULL"))
	for d.Held() == 0 {
		time.Sleep(time.Millisecond)
	}
	if d.Calls(disk.Sync, disk.Any) != 1 {
		t.Error("a sync came after one that is held")
	}
	d.Release()
	acknowledged(t, d, listen)
}

func TestSlowSyncs_Process_WaitsForEach(t *testing.T) {
	dir := storetest.Dir(t)
	d := disk.New(t, dir)
	const by = 5 * time.Millisecond
	d.SlowSyncs(by)
	began := time.Now()
	acknowledged(t, d, start(t, d, uri(dir, "FULL")))
	syncs := d.Calls(disk.Sync, disk.Any)
	if took := time.Since(began); syncs < rows || took < time.Duration(syncs)*by {
		t.Errorf("%d syncs were waited for in %v", syncs, took)
	}
}
