package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"claviger/store/storetest"
)

// startFailure is a way in which a command can't start.
type startFailure struct {
	name    string
	fresh   bool // a site before the ceremony
	prepare func(*site)
	args    func(*site) []string // nil: serve
	code    int
	says    string // in the sentence
	changes string // the one file that may change
}

var startFailures = []startFailure{
	{name: "no configuration", args: words("serve"), code: 2, says: "--config FILE is needed"},
	{name: "unknown command", args: words("surve"), code: 2, says: `"surve"`},
	{name: "unknown flag", args: words("serve", "--pin", "1234"), code: 2, says: "-pin"},
	{name: "argument left over", args: words("serve", "now"), code: 2, says: `"now"`},
	{name: "unknown word", args: words("audit", "head"), code: 2, says: "audit"},
	{name: "unknown document", args: words("docs", "pdf"), code: 2, says: `"pdf"`},
	{name: "configuration absent", prepare: func(s *site) { os.Remove(s.path("claviger.toml")) },
		code: 3, says: "claviger.toml"},
	{name: "not TOML", prepare: func(s *site) { s.put("claviger.toml", "listen = = 3\n", 0o600) },
		code: 3, says: "claviger.toml"},
	{name: "unknown setting", prepare: func(s *site) { s.set("lisen", `"x"`) }, code: 3,
		says: `"lisen"`},
	{name: "wrong account", prepare: func(s *site) { s.set("account", `"12345"`) }, code: 3,
		says: "12 digits"},
	{name: "wrong Region", prepare: func(s *site) { s.set("regions", `["home"]`) }, code: 3,
		says: `"home"`},
	{name: "no Region", prepare: func(s *site) { s.set("regions", `[]`) }, code: 3, says: "Region"},
	{name: "two ways to a PIN", prepare: func(s *site) { s.add("pin_env = \"X\"\n") }, code: 3,
		says: "exactly one"},
	{name: "two ways to a token", prepare: func(s *site) { s.add("token_serial = \"1\"\n") }, code: 3,
		says: "one of them only"},
	{name: "wrong timeout", prepare: func(s *site) { s.add("timeout = \"soon\"\n") }, code: 3,
		says: `"soon"`},
	{name: "plain HTTP off loopback", prepare: func(s *site) { s.set("listen", `"0.0.0.0:0"`) },
		code: 3, says: "loopback"},
	{name: "no database", prepare: func(s *site) { os.Remove(s.path("claviger.db")) }, code: 3,
		says: "claviger init"},
	{name: "empty PIN variable", prepare: func(s *site) {
		s.set("pin_file", `""`)
		s.add("pin_env = \"CLAVIGER_NO_SUCH\"\n")
	}, code: 3, says: "CLAVIGER_NO_SUCH"},
	{name: "unknown condition keys", prepare: func(s *site) {
		s.add("[policy]\nunknown_condition_keys = \"perhaps\"\n")
	}, code: 3, says: `"perhaps"`},
	{name: "log level", prepare: func(s *site) { s.add("[log]\nlevel = \"loud\"\n") }, code: 3,
		says: `"loud"`},
	{name: "public parameters elsewhere", prepare: func(s *site) {
		s.add("[[parameters.public]]\npath = \"/site\"\nfrom = \"x.yaml\"\n")
	}, code: 3, says: "not below /aws/service"},
	{name: "no public parameters", prepare: func(s *site) {
		s.declare("a: 1\n")
		os.Remove(s.path("site.yaml"))
	}, code: 3, says: "site.yaml: no such file"},
	{name: "public parameters that are torn", prepare: func(s *site) { s.declare("a: 1\nb:\n") },
		code: 3, says: "site.yaml:2: nothing stands here"},
	{name: "public parameters that the group can change", prepare: func(s *site) {
		s.declare("a: 1\n")
		os.Chmod(s.path("site.yaml"), 0o664)
	}, code: 4, says: "chmod go-w"},

	{name: "loose PIN", prepare: func(s *site) { s.put("pin", userPIN, 0o644) }, code: 4,
		says: "chmod 0600"},
	{name: "loose database", prepare: func(s *site) { os.Chmod(s.path("claviger.db"), 0o644) },
		code: 4, says: "claviger.db"},
	{name: "configuration that the group can change",
		prepare: func(s *site) {
			os.Chmod(s.path("claviger.toml"), 0o660)
		}, code: 4, says: "chmod go-w"},
	{name: "configuration that all can change",
		prepare: func(s *site) {
			os.Chmod(s.path("claviger.toml"), 0o602)
		}, code: 4, says: "claviger.toml"},
	{name: "module that all can change", prepare: func(s *site) {
		s.put("module.so", "x", 0o757)
		s.set("module", `"`+s.path("module.so")+`"`)
	}, code: 4, says: "chmod o-w"},
	{name: "dev with a module that all can change",
		prepare: func(s *site) { s.put("module.so", "x", 0o757) }, code: 4, says: "chmod o-w",
		args: func(s *site) []string {
			return []string{"dev", "--listen", "127.0.0.1:0", "--dir", s.path("dev"), "--module",
				s.path("module.so")}
		}, changes: "dev/dev.lock"},
	{name: "doctor with a module that all can change",
		prepare: func(s *site) { s.put("module.so", "x", 0o757) }, code: 4, says: "chmod o-w",
		args: func(s *site) []string { return []string{"doctor", "--module", s.path("module.so")} }},
	{name: "missing PIN file", prepare: func(s *site) { os.Remove(s.path("pin")) }, code: 3,
		says: "pin"},

	{name: "missing module", prepare: func(s *site) { s.set("module", `"/nowhere/libsofthsm2.so"`) },
		code: 10, says: "/nowhere/libsofthsm2.so"},
	{name: "no module at all", prepare: func(s *site) { s.set("module", `"`+s.path("pin")+`"`) },
		code: 10, says: "module"},
	{name: "no such token", prepare: func(s *site) { s.set("token_label", `"elsewhere"`) }, code: 11,
		says: `"elsewhere"`},
	{name: "two tokens", prepare: func(s *site) {
		s.tool("--init-token", "--free", "--label", label, "--pin", userPIN, "--so-pin", officerPIN)
	}, code: 12, says: "serial number"},
	{name: "wrong PIN", prepare: func(s *site) { s.put("pin", "9999-wrong-pin", 0o600) }, code: 13,
		says: "PIN"},
	{name: "empty PIN", prepare: func(s *site) { s.put("pin", "\n", 0o600) }, code: 13, says: "PIN"},
	{name: "empty PIN with CR LF", prepare: func(s *site) { s.put("pin", "\r\n", 0o600) }, code: 13,
		says: "not tried"},
	{name: "no root", fresh: true, prepare: func(s *site) {
		s.tool("--init-token", "--free", "--label", label, "--pin", userPIN, "--so-pin", officerPIN)
		s.put("claviger.db", "", 0o600)
	}, code: 15, says: "init"},
	{name: "a root already", args: func(s *site) []string {
		return []string{"init", "--config", s.path("claviger.toml"), "--so-pin-file", s.path("so-pin")}
	}, code: 18, says: "already"},

	{name: "a newer database", prepare: func(s *site) {
		s.edit(`INSERT INTO migration (number, name, checksum, applied) VALUES (9999, '9999_later.sql', x'00', 0)`)
	}, code: 21, says: "newer version"},
	{name: "another migration",
		prepare: func(s *site) {
			s.edit(`UPDATE migration SET checksum = x'00' WHERE number = 1`)
		}, code: 22, says: "0001_trail.sql"},
	{name: "a missing migration",
		prepare: func(s *site) {
			s.edit(`DELETE FROM migration WHERE number = (SELECT max(number) FROM migration)`)
		},
		args: func(s *site) []string {
			return []string{"audit", "tail", "--config", s.path("claviger.toml")}
		}, code: 23, says: "older version"},
	{name: "an empty database", prepare: func(s *site) { s.put("claviger.db", "", 0o600) }, code: 24,
		says: "claviger init", changes: "claviger.db"},
	{name: "another token's database",
		prepare: func(s *site) {
			s.edit(`UPDATE installation SET root = '00112233445566778899aabbccddeeff'`)
		},
		code: 25, says: "another token", changes: "claviger.db"},
	{name: "a trigger in the database",
		prepare: func(s *site) {
			// The insertion is for the helper, which wants a row to change.
			s.edit(`CREATE TRIGGER undo AFTER UPDATE ON kms_keys BEGIN SELECT raise(IGNORE); END;
				UPDATE heartbeat SET at = 0`)
		},
		code: 27, says: "trigger undo on kms_keys is none of its own", changes: "claviger.db"},
	{name: "a view in the trail's place",
		prepare: func(s *site) {
			s.edit(`ALTER TABLE trail RENAME TO kept; CREATE VIEW trail AS SELECT * FROM kept WHERE 0;
				UPDATE heartbeat SET at = 0`)
		},
		args: func(s *site) []string {
			return []string{"audit", "tail", "--config", s.path("claviger.toml")}
		}, code: 27, says: "none of its own"},
	{name: "a service key exchanged",
		prepare: func(s *site) {
			s.edit(`UPDATE service_keys SET wrapped = zeroblob(40) WHERE name = 'row-mac'`)
		}, code: 26, says: "restore it from a backup", changes: "claviger.db"},
	{name: "an installation edited",
		prepare: func(s *site) { s.edit(`UPDATE installation SET created = created + 1`) },
		code:    26, says: "restore it from a backup", changes: "claviger.db"},
	{name: "a signed row deleted", prepare: func(s *site) { s.edit(`DELETE FROM access_keys`) },
		code: 28, says: "table access_keys holds 1 row fewer", changes: "claviger.db"},
	{name: "a signed row put back", prepare: func(s *site) { s.edit(`UPDATE access_keys SET mac = x'00'`) },
		code: 28, says: "table access_keys holds other rows", changes: "claviger.db"},
	{name: "the sets of rows edited", prepare: func(s *site) { s.edit(`DELETE FROM row_sets`) },
		code: 28, says: "the row of table row_sets is missing", changes: "claviger.db"},
	{name: "doctor that accepts nothing in particular", args: words("doctor", "--accept"), code: 2,
		says: "--database"},
	{name: "doctor of no database", args: words("doctor", "--database"), code: 2, says: "--config"},
	{name: "no database at all",
		prepare: func(s *site) {
			s.put("claviger.db", strings.Repeat("no database ", 1000), 0o600)
		}, code: 1, says: "database"},
}

// TestCommand_CannotStart_SaysWhyAndChangesNothing: each way of failing has its own exit code, one
// clear sentence, and changes nothing.
func TestCommand_CannotStart_SaysWhyAndChangesNothing(t *testing.T) {
	for _, c := range startFailures {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s *site
			if c.fresh {
				s = bare(t)
			} else {
				s = initialised(t)
			}
			if c.prepare != nil {
				c.prepare(s)
			}
			args := s.serve()
			if c.args != nil {
				args = c.args(s)
			}
			before := s.contents()
			r := s.run(args...)
			s.clear(r, c.code, c.says)
			for _, name := range difference(before, s.contents()) {
				if name != c.changes && !bookkeeping(name) {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

// bookkeeping is of SoftHSM2 itself, which counts logins, and the empty file that servers lock.
func bookkeeping(name string) bool {
	return strings.HasSuffix(name, "/token.object") || name == "claviger.db.lock"
}

func words(args ...string) func(*site) []string { return func(*site) []string { return args } }

// clear checks that a command ended with a code and one clear sentence, with a hint at most.
func (s *site) clear(r result, code int, says string) {
	s.t.Helper()
	if r.code != code {
		s.t.Errorf("exit code %d, want %d:\n%s", r.code, code, r.stderr)
	}
	var said []string
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, "time=") { // the log
			said = append(said, strings.TrimSuffix(line, "\n"))
		}
	}
	if len(said) == 0 || len(said) > 2 || !strings.HasPrefix(said[0], "claviger: ") ||
		!strings.Contains(said[0], says) {
		s.t.Errorf("it said %q, want one sentence with %q and a hint at most", said, says)
	}
	for _, secret := range []string{userPIN, officerPIN, "9999-wrong-pin", s.secret} {
		if secret != "" && strings.Contains(r.stderr+r.stdout, secret) {
			s.t.Errorf("it said a secret:\n%s%s", r.stdout, r.stderr)
		}
	}
	if strings.Contains(r.stderr, "goroutine ") {
		s.t.Errorf("it panicked:\n%s", r.stderr)
	}
}

// edit changes the database behind the service's back, and leaves it as one file.
func (s *site) edit(statement string) {
	s.t.Helper()
	storetest.Edit(s.t, s.path("claviger.db"), statement)
}

func TestServe_PortInUse_EndsWithItsOwnCode(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := initialised(t)
	s.set("listen", `"`+l.Addr().String()+`"`)
	before := s.contents()
	s.clear(s.run(s.serve()...), 30, l.Addr().String())
	s.clear(s.run("dev", "--dir", s.path("dev"), "--listen", l.Addr().String()), 30, l.Addr().String())
	if changed := difference(before, s.contents()); changed != nil {
		t.Errorf("%v changed", changed)
	}
}

func TestServe_AnotherServer_IsRefused(t *testing.T) {
	s := initialised(t)
	first := s.start(s.serve()...)
	first.address()
	s.clear(s.run(s.serve()...), 20, "another server")
	s.clear(s.run("init", "--config", s.path("claviger.toml")), 20, "another server")
	if code := first.stop(); code != 0 {
		t.Errorf("the first server ended with %d:\n%s", code, &first.stderr)
	}
}

// TestInit_FullDisk_SaysSo uses a file system of its own where it may mount one, and otherwise a
// limit on the size of files.
func TestInit_FullDisk_SaysSo(t *testing.T) {
	s := initialised(t)
	small := s.path("small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	s.set("database", `"`+small+`/claviger.db"`)
	c := s.command("init", "--config", s.path("claviger.toml"))
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=32k,mode=0700"); err == nil {
		t.Cleanup(func() { syscall.Unmount(small, syscall.MNT_DETACH) })
	} else {
		t.Logf("no file system of its own (%v): a limit on the size of files stands in", err)
		c = limited(c)
	}
	s.clear(s.finish(c), 31, "full")
}

func TestInit_FileSizeLimit_SaysFull(t *testing.T) {
	s := initialised(t)
	s.set("database", `"`+s.path("other.db")+`"`)
	s.clear(s.finish(limited(s.command("init", "--config", s.path("claviger.toml")))), 31, "full")
}

// limited has a command run under a limit of 32 KiB on the size of files.
func limited(c *exec.Cmd) *exec.Cmd { return limitedTo(c, 32) }

// limitedTo sets RLIMIT_FSIZE. The shell counts in blocks of 512 or 1,024 bytes.
func limitedTo(c *exec.Cmd, blocks int) *exec.Cmd {
	c.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, blocks), c.Path},
		c.Args[1:]...)
	c.Path = "/bin/sh"
	return c
}
