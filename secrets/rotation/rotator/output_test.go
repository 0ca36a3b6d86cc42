package rotator_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"claviger/secrets/rotation/rotator"
)

func TestOutput_Secrets_AreMasked(t *testing.T) {
	got := rotator.NewOutput([]byte("key=topsecret, token=topsecretagain"), "topsecret", "", "x").Text()
	if got != "key=*********, token=*********again" {
		t.Errorf("got %q", got)
	}
}

func TestOutput_SecretAcrossTheCut_LeavesNothing(t *testing.T) {
	const secret = "0123456789abcdef"
	for shift := range len(secret) + 2 {
		text := secret + strings.Repeat("-", rotator.OutputLimit-shift)
		got := rotator.NewOutput([]byte(text), secret).Text()
		if strings.ContainsAny(got, secret) || len(got) > rotator.OutputLimit {
			t.Fatalf("shifted by %d: %q", shift, got)
		}
	}
}

func TestOutput_SecretInPieces_IsMasked(t *testing.T) {
	if got := rotator.NewOutput([]byte("top\x00sec\x1bret"), "topsecret").Text(); got != "*********" {
		t.Errorf("got %q", got)
	}
}

func FuzzNewOutput(f *testing.F) {
	f.Add([]byte("the key is topsecret\n"))
	f.Add([]byte("tops\x00ecret\xff\u202e"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := rotator.NewOutput(text, "topsecret").Text()
		if strings.Contains(got, "topsecret") || len(got) > rotator.OutputLimit ||
			!utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool {
			return r != '\n' && unicode.IsControl(r) && r != '\t'
		}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestOutput_ControlCharacters_AreLeftOut(t *testing.T) {
	got := rotator.NewOutput([]byte("a\x1b[31mb\r\nc\td\x00\xff\u202e")).Text()
	if got != "a[31mb\nc\td?" {
		t.Errorf("got %q", got)
	}
}

func TestOutput_InALog_SaysItsLengthAlone(t *testing.T) {
	err := rotator.Errorf(rotator.Failed, "it failed").Because(rotator.NewOutput([]byte("password")))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Error("x", "error", err, "cause", err.Unwrap())
	slog.New(slog.NewJSONHandler(&log, nil)).Error("x", "error", err, "cause", err.Unwrap())
	if text := log.String() + fmt.Sprint(err, err.Unwrap()); strings.Contains(text, "password") {
		t.Error(text)
	}
	var said *rotator.Output
	if !errors.As(err, &said) || said.Text() != "password" {
		t.Errorf("got %v", said)
	}
}

// A secret within another one doesn't save what is around it.
func TestOutput_End_HidesCredentialsAndIsShort(t *testing.T) {
	d, err := rotator.Parse([]byte(`{"engine":"postgres","host":"db","username":"app","password":"ab",` +
		`"more":{"pin":471147,"list":["xaby"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	o := rotator.NewOutput([]byte("a long beginning\npostgres app@db: ab, xaby, 471147"))
	if got, want := o.End(33, d.Credentials()...), "postgres app@db: **, ****, ******"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
