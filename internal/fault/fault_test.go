package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"claviger/internal/fault"
)

func TestBecause_SharedFault_StaysAsItIs(t *testing.T) {
	base := fault.New(fault.State, "DisabledException", "The key is disabled.")
	caused := base.Because(io.EOF)
	if base.Err != nil {
		t.Error("a fault that others share was changed")
	}
	if !errors.Is(caused, base) || !errors.Is(caused, io.EOF) {
		t.Error("the caused fault is not both what it is and why")
	}
	if got := caused.Error(); got != "DisabledException: The key is disabled.: EOF" {
		t.Errorf("for the log: %q", got)
	}
}

func TestIs_KindAndCodeAlike_IsTheSameFault(t *testing.T) {
	a := fault.New(fault.State, "A", "one")
	for _, c := range []struct {
		other error
		alike bool
	}{
		{fault.New(fault.State, "A", "two"), true},
		{fault.New(fault.State, "B", "one"), false},
		{fault.New(fault.Denied, "A", "one"), false},
		{errors.New("A: one"), false},
	} {
		if errors.Is(fmt.Errorf("wrapped: %w", a), c.other) != c.alike {
			t.Errorf("%v and %v: alike must be %v", a, c.other, c.alike)
		}
	}
}

func TestOf_AnyError_IsAFault(t *testing.T) {
	f := fault.New(fault.Limit, "LimitExceededException", "full")
	if fault.Of(nil) != nil {
		t.Error("no error became a fault")
	}
	if fault.Of(fmt.Errorf("at the door: %w", f)) != f {
		t.Error("the fault in an error was not found")
	}
	if got := fault.Of(io.EOF); got.Kind != fault.Internal || got.Message != "" || got.Code != "" ||
		!errors.Is(got, io.EOF) {
		t.Errorf("an unknown error became %+v, want an internal one that says nothing to callers", got)
	}
	if got := fault.Panic("oh"); got.Kind != fault.Internal || got.Message != "" ||
		!strings.Contains(got.Error(), "fault_test.go") {
		t.Errorf("a panic became %v, want an internal fault with its stack", got)
	}
}

func TestKind_EveryKind_HasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.DryRun; k++ {
		if s := k.String(); s == "" || seen[s] {
			t.Errorf("kind %d is called %q", k, s)
		}
		seen[k.String()] = true
	}
}
