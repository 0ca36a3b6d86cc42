package hsm_test

import (
	"bytes"
	"errors"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/shim"
	"claviger/internal/custody"
)

func TestRandom_GeneratorFails_IsNeverAnswered(t *testing.T) {
	sh := shim.New(t)
	c := hsmtest.SoftHSM(t)
	c.Module = sh.Module()
	tok := hsmtest.Open(t, c)
	for what, rule := range map[string]shim.Rule{
		"zeros":   {Functions: []string{"C_GenerateRandom"}, Zero: true},
		"repeats": {Functions: []string{"C_GenerateRandom"}, Repeat: true},
	} {
		for _, n := range []int{1, 16, 17, 100} {
			sh.Set(rule)
			_, _ = tok.Random(background, n) // the first may be good
			if got, err := tok.Random(background, n); !errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("%d bytes of a generator that gives %s: %x, %v", n, what, got, err)
			}
			sh.Clear()
			got, err := tok.Random(background, n)
			if err != nil || len(got) != n {
				t.Errorf("%d bytes afterwards: %x, %v", n, got, err)
			}
		}
	}
	if _, err := tok.Random(background, 0); err != nil {
		t.Error(err)
	}
}

// One answer that is falsified costs the session, and the caller nothing.
func TestRandom_GeneratorFailsOnce_CallerNoticesNothing(t *testing.T) {
	sh := shim.New(t)
	c := hsmtest.SoftHSM(t)
	c.Module = sh.Module()
	tok := hsmtest.Open(t, c)
	sh.Set(shim.Rule{Functions: []string{"C_GenerateRandom"}, Times: 1, Zero: true})
	got, err := tok.Random(background, 32)
	if err != nil || bytes.Count(got, []byte{0}) == 32 {
		t.Errorf("%x, %v", got, err)
	}
}

// What is kept is opened once before: a ciphertext that was falsified is made again, and a device
// that falsifies all is unavailable.
func TestSealKept_CiphertextFalsified_IsNotKept(t *testing.T) {
	sh := shim.New(t)
	c := hsmtest.SoftHSM(t)
	c.Module = sh.Module()
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	for _, rule := range []shim.Rule{{Flip: true}, {Zero: true}} {
		rule.Functions, rule.Times = []string{"C_Encrypt"}, 1
		sh.Set(rule)
		sealed, err := custody.SealKept(background, tok, m.Rest(), []byte("kept"), nil)
		if err != nil {
			t.Error(err)
		}
		sh.Clear()
		got, err := tok.Unseal(background, m.Rest(), sealed, nil)
		if err != nil || string(got) != "kept" {
			t.Errorf("%q, %v", got, err)
		}
		rule.Times = 0
		sh.Set(rule)
		if _, err := custody.SealKept(background, tok, m.Rest(), []byte("kept"),
			nil); !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("a device that falsifies everything: %v", err)
		}
		if _, err := tok.Generate(background, "new", custody.AES256); err == nil {
			t.Error("a key was made whose check value is wrong")
		}
		sh.Clear()
	}
}
