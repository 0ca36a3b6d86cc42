package main

import (
	"strings"
	"testing"
)

// wrongTried reports whether the token has counted a wrong PIN since the last right one.
func (s *site) wrongTried() bool {
	s.t.Helper()
	return strings.Contains(s.run("doctor", "--config", s.path("claviger.toml")).stdout,
		"a wrong PIN was tried lately")
}

// Editors write them, and they aren't seen.
func TestPINFile_WhatAnEditorAdds_IsNamedBeforeATry(t *testing.T) {
	s := initialised(t)
	for text, says := range map[string]string{
		"\xef\xbb\xbf" + userPIN + "\r\n": "byte order mark",
		userPIN + " \r\n":                 "blank",
		" " + userPIN:                     "blank",
		userPIN + "\n\n":                  "several lines",
		userPIN + "\r":                    "control character",
		"":                                "is empty",
		"\r\n":                            "is empty",
	} {
		s.put("pin", text, 0o600)
		for _, args := range [][]string{
			s.serve(),
			{"doctor", "--config", s.path("claviger.toml")},
			{"init", "--config", s.path("claviger.toml")},
			{"init", "--config", s.path("claviger.toml"), "--so-pin-file", s.path("so-pin")},
		} {
			r := s.run(args...)
			if r.code != 13 || !strings.Contains(r.stderr, says) ||
				!strings.Contains(r.stderr, s.path("pin")) || strings.Contains(r.stderr, userPIN) {
				t.Errorf("%q, %s: %d\n%s", text, args[0], r.code, r.stderr)
			}
		}
		if s.wrongTried() {
			t.Fatalf("%q was tried", text)
		}
	}
	// The officer's, before the token is made, and the one in the environment.
	s.put("pin", userPIN, 0o600)
	s.put("so-pin", "\xef\xbb\xbf"+officerPIN, 0o600)
	r := s.run("init", "--config", s.path("claviger.toml"), "--so-pin-file", s.path("so-pin"))
	if r.code != 13 || !strings.Contains(r.stderr, s.path("so-pin")) {
		t.Errorf("the officer's: %d\n%s", r.code, r.stderr)
	}
	s.set("pin_file", `""`)
	s.add("pin_env = \"CLAVIGER_TEST_PIN\"\n")
	t.Setenv("CLAVIGER_TEST_PIN", userPIN+" ")
	if r := s.run(s.serve()...); r.code != 13 || !strings.Contains(r.stderr, "CLAVIGER_TEST_PIN") {
		t.Errorf("in the environment: %d\n%s", r.code, r.stderr)
	}
	if s.wrongTried() {
		t.Error("one of them was tried")
	}
	t.Setenv("CLAVIGER_TEST_PIN", userPIN+"\r\n")
	if r := s.run("doctor", "--config", s.path("claviger.toml")); r.code != 0 {
		t.Errorf("doctor with CR LF in the environment: %d\n%s", r.code, r.stderr)
	}
}

func TestPINFile_CRLF_IsReadLikeLF(t *testing.T) {
	s := bare(t)
	s.put("pin", userPIN+"\r\n", 0o600)
	s.put("so-pin", officerPIN+"\r\n", 0o600)
	s.ceremony()
	s.put("pin", userPIN+"\n", 0o600)
	if r := s.run("doctor", "--config", s.path("claviger.toml")); r.code != 0 {
		t.Errorf("made with CR LF and opened with LF: %d\n%s", r.code, r.stderr)
	}
	s.put("pin", userPIN+"\r\n", 0o600)
	p := s.start(s.serve()...)
	p.address()
	if code := p.stop(); code != 0 {
		t.Errorf("serve with CR LF: %d", code)
	}
	if s.wrongTried() {
		t.Error("a wrong PIN was tried")
	}
}

// The test above tells tries by this.
func TestPINFile_WrongPIN_ShowsOnTheToken(t *testing.T) {
	s := initialised(t)
	s.put("pin", "9999-wrong-pin", 0o600)
	if r := s.run(s.serve()...); r.code != 13 {
		t.Fatalf("%d\n%s", r.code, r.stderr)
	}
	s.put("pin", "", 0o600) // doctor would log in, and clear it
	if !s.wrongTried() {
		t.Error("the token has not counted it")
	}
}
