package signedtoken

import (
	"bytes"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func TestToken_SameScope_GivesItsTextBack(t *testing.T) {
	m := New([]byte("key"))
	for _, last := range []string{"alias/a", "", "näher", "a\x00b", "with\nlines"} {
		token := m.Make(last, "ListAliases", "111122223333", "us-east-1", "")
		got, err := m.Read(token, "ListAliases", "111122223333", "us-east-1", "")
		if got != last || err != nil {
			t.Errorf("%q came back as %q, %v", last, got, err)
		}
	}
}

// TestToken_Text_CantBeRead: neither whole nor in what tokens of like texts have in common.
func TestToken_Text_CantBeRead(t *testing.T) {
	m := New([]byte("key"))
	var before []byte
	for _, text := range []string{"111122223333 /app/secret-1", "111122223333 /app/secret-2"} {
		raw, err := Encoding.DecodeString(m.Make(text, "DescribeParameters"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("secret")) {
			t.Errorf("%q is in its token", text)
		}
		if len(before) > 0 && bytes.Equal(before[tagSize:tagSize+12], raw[tagSize:tagSize+12]) {
			t.Errorf("tokens tell that their texts begin alike")
		}
		before = raw
	}
	if first, again := m.Make("a", "s"), m.Make("a", "s"); first != again {
		t.Error("one text makes two tokens")
	}
}

// TestToken_Characters_NeedNoQuotes: neither in a URL nor on a command line.
func TestToken_Characters_NeedNoQuotes(t *testing.T) {
	m := New([]byte("key"))
	for i := range 1000 {
		token := m.Make(strconv.Itoa(i), "ListKeys")
		if url.QueryEscape(token) != token || strings.HasPrefix(token, "-") {
			t.Fatalf("%s", token)
		}
		if text, err := m.Read(token, "ListKeys"); err != nil || text != strconv.Itoa(i) {
			t.Fatalf("%s: %q, %v", token, text, err)
		}
	}
}

func TestToken_AnotherScope_IsRefused(t *testing.T) {
	m := New([]byte("key"))
	token := m.Make("last", "ListKeys", "111122223333", "us-east-1", "ab")
	for _, scope := range [][]string{
		{"ListAliases", "111122223333", "us-east-1", "ab"},
		{"ListKeys", "444455556666", "us-east-1", "ab"},
		{"ListKeys", "111122223333", "us-west-2", "ab"},
		{"ListKeys", "111122223333", "us-east-1", "a"},
		{"ListKeys", "111122223333", "us-east-1"},
		{"ListKeys", "111122223333", "us-east-1", "ab", ""},
		{"ListKeys1", "11122223333", "us-east-1", "ab"},
		nil,
	} {
		if _, err := m.Read(token, scope...); !errors.Is(err, ErrInvalid) {
			t.Errorf("scope %q: %v", scope, err)
		}
	}
	_, err := New([]byte("other")).Read(token, "ListKeys", "111122223333", "us-east-1", "ab")
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("another installation took it: %v", err)
	}
}

func TestToken_Edited_IsRefused(t *testing.T) {
	m := New([]byte("key"))
	token := m.Make("last", "ListKeys")
	raw, err := Encoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		edited := append([]byte{}, raw...)
		edited[i] ^= 1
		_, err := m.Read(Encoding.EncodeToString(edited), "ListKeys")
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("byte %d edited: %v", i, err)
		}
	}
	for _, made := range []string{"", "x", "not base64 !", token[:8], token[:len(token)-2], token +
		"AAAA"} {
		if _, err := m.Read(made, "ListKeys"); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", made, err)
		}
	}
}

func FuzzToken(f *testing.F) {
	m := New([]byte("key"))
	f.Add("last", "ListKeys", "111122223333")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, last, a, b string) {
		got, err := m.Read(m.Make(last, a, b), a, b)
		if got != last || err != nil {
			t.Errorf("%q came back as %q, %v", last, got, err)
		}
		if _, err := m.Read(last, a, b); err == nil {
			t.Errorf("%q was taken for a token", last)
		}
		if _, err := m.Read(m.Make(last, a, b), a+b, ""); err == nil && b != "" {
			t.Errorf("the token of %q, %q fits another listing", a, b)
		}
	})
}
