package accesskey

import (
	"fmt"
	"regexp"
	"testing"
)

func TestNewID_EachAccount_IsReadBack(t *testing.T) {
	for _, account := range []string{"000000000000", "000000000001", "111122223333", "999999999999"} {
		for _, prefix := range []string{LongTerm, Temporary} {
			seen := map[string]bool{}
			for range 100 {
				id := NewID(prefix, account)
				if !regexp.MustCompile(`^`+prefix+`[A-Z2-7]{16}$`).MatchString(id) || seen[id] {
					t.Errorf("%s for %s", id, account)
				}
				seen[id] = true
				if got, ok := Account(id); !ok || got != account {
					t.Errorf("%s is of %s, want %s", id, got, account)
				}
			}
		}
	}
}

// TestAccount_IDOfAWSs_IsRead: the id is of a public example, so that what reads AWS's reads ours.
func TestAccount_IDOfAWSs_IsRead(t *testing.T) {
	if got, ok := Account("ASIAQNZGKIQY56JQ7WML"); !ok || got != "029608264753" {
		t.Errorf("%s, %v", got, ok)
	}
}

func TestAccount_NoAccountWithin_IsNone(t *testing.T) {
	for _, id := range []string{"", "AKIA", "AKIAIOSFODNN7EXAMPLE", "AIDAQNZGKIQY56JQ7WML",
		"ASIAQNZGKIQY56JQ7WM", "ASIAQNZGKIQY56JQ7WML2", "asiaqnzgkiqy56jq7wml",
		"AKIA7777777777777777", "ASIAQNZGKIQY56JQ7WM1"} {
		if got, ok := Account(id); ok {
			t.Errorf("%q is of %s", id, got)
		}
	}
}

func TestSecret_Printed_IsNotThere(t *testing.T) {
	s := NewSecret()
	if text := fmt.Sprintf("%v %+v %x %s", *s, s, *s, s); text != "accesskey.Secret{} "+
		"accesskey.Secret{} accesskey.Secret{} accesskey.Secret{}" {
		t.Error(text)
	}
	if n := len(s.Text()); n != 40 {
		t.Errorf("%d characters", n)
	}
}
