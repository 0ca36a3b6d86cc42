package hsmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// counted returns a Ref that counts its loads.
func counted(m custody.Material, loads *atomic.Int32) custody.Ref {
	return custody.Ref{ID: m.ID, Load: func(context.Context) (custody.Material, error) {
		loads.Add(1)
		return m, nil
	}}
}

func loads(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	sealed := seal(t, tok, m, []byte("x"), nil)
	tok.Forget("k")
	var n atomic.Int32
	together(t, 16, func(int) error {
		_, err := tok.Unseal(background, counted(m, &n), sealed, nil)
		return err
	})
	if n.Load() != 1 {
		t.Errorf("sixteen users loaded the key %d times", n.Load())
	}
	tok.Forget("k")
	if _, err := tok.Unseal(background, counted(m, &n), sealed, nil); err != nil || n.Load() != 2 {
		t.Errorf("after Forget: %d loads, %v", n.Load(), err)
	}
}

func loadErrors(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	gone := fault.New(fault.State, "DisabledException", "")
	ref := custody.Ref{
		ID:   "k",
		Load: func(context.Context) (custody.Material, error) { return custody.Material{}, gone },
	}
	if _, err := tok.Seal(background, ref, nil, nil); !errors.Is(err, gone) {
		t.Errorf("Load said %v, and the token %v", gone, err)
	}
	// A Load may use the token itself, as one that decrypts a wrapped data key does.
	kek, inner := Make(t, tok, "kek", custody.AES256), Make(t, tok, "inner", custody.AES256)
	wrapped := seal(t, tok, kek, inner.Wrapped, nil)
	tok.Forget("inner")
	tok.Forget("kek")
	nested := custody.Ref{ID: "inner", Load: func(ctx context.Context) (custody.Material, error) {
		m := inner
		var err error
		m.Wrapped, err = tok.Unseal(ctx, kek.Rest(), wrapped, nil)
		return m, err
	}}
	if _, err := tok.Seal(background, nested, []byte("x"), nil); err != nil {
		t.Errorf("a Load that uses the token: %v", err)
	}
}

func bounded(t *testing.T, c hsm.Config) {
	c.HandleCache = 4
	tok := Open(t, c)
	var all []custody.Material
	for i := range 12 {
		all = append(all, Make(t, tok, fmt.Sprint("k", i), custody.AES256))
	}
	together(t, 4, func(worker int) error {
		for i := range 24 {
			m := all[(i*(worker+1))%len(all)]
			sealed, err := tok.Seal(background, m.Rest(), []byte(m.ID), nil)
			if err != nil {
				return err
			}
			if got, err := tok.Unseal(background, m.Rest(), sealed, nil); err != nil || string(got) != m.ID {
				return fmt.Errorf("%q, %w", got, err)
			}
		}
		return nil
	})
	if n := tok.Stats().Handles; n > 4 {
		t.Errorf("%d handles are cached", n)
	}
}

// forgets uses and forgets one key at once: a use is never disturbed.
func forgets(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	together(t, 8, func(worker int) error {
		for range 20 {
			if worker%2 == 0 {
				tok.Forget("k")
				continue
			}
			if _, err := tok.Seal(background, m.Rest(), []byte("x"), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func restarts(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	aes, mac := Make(t, tok, "aes", custody.AES256), Make(t, tok, "mac", custody.HMAC256)
	sealed := seal(t, tok, aes, []byte("kept"), nil)
	code, err := tok.MAC(background, mac.Rest(), []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	tok = Open(t, c)
	if got, err := tok.Unseal(background, aes.Rest(), sealed,
		nil); err != nil || string(got) != "kept" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := tok.MAC(background, mac.Rest(),
		[]byte("kept")); err != nil || !bytes.Equal(got, code) {
		t.Errorf("another code, %v", err)
	}
}

// hammer has every operation going on at once.
func hammer(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	aes, mac := Make(t, tok, "aes", custody.AES256), Make(t, tok, "mac", custody.HMAC256)
	together(t, 24, func(worker int) error {
		for i := range 15 {
			text := fmt.Sprintf("%d of %d", i, worker)
			sealed, err := tok.Seal(background, aes.Rest(), []byte(text), []byte(text))
			if err != nil {
				return err
			}
			got, err := tok.Unseal(background, aes.Rest(), sealed, []byte(text))
			if err != nil || string(got) != text {
				return fmt.Errorf("%q came back as %q: %w", text, got, err)
			}
			if _, err := tok.MAC(background, mac.Rest(), []byte(text)); err != nil {
				return err
			}
			if _, err := tok.Random(background, 16); err != nil {
				return err
			}
			if i%5 == 0 {
				if _, err := tok.Generate(background, text, custody.AES256); err != nil {
					return err
				}
				tok.Forget(text)
			}
		}
		return nil
	})
	// what was forgotten is destroyed a moment later
	for end := time.Now().Add(10 * time.Second); tok.Stats().SessionsInUse > 0 &&
		time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if s := tok.Stats(); s.SessionsOpen > s.SessionsMax || s.SessionsInUse != 0 {
		t.Errorf("%+v", s)
	}
}

func deadlines(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	over, cancel := context.WithTimeout(background, -time.Second)
	defer cancel()
	tok.Forget("k")
	if _, err := tok.Seal(over, m.Rest(), []byte("x"),
		nil); err != nil && !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
	if _, err := tok.Seal(background, m.Rest(), []byte("x"), nil); err != nil {
		t.Errorf("after another's deadline: %v", err)
	}
}

func closes(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	for range 2 {
		if err := tok.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tok.Seal(background, m.Rest(), []byte("x"),
		nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a closed token: %v", err)
	}
	if err := tok.Ready(); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a closed token is ready: %v", err)
	}
	tok.Forget("k")
}

func listed(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	all, err := hsm.Inspect(background, c.Module)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Serial == tok.Facts().Serial && f.Label == tok.Facts().Label && f.Initialized &&
			f.KeyWrap != "" {
			return
		}
	}
	t.Errorf("%+v is not among %+v", tok.Facts(), all)
}

// together runs f in n goroutines and reports their errors.
func together(t *testing.T, n int, f func(worker int) error) {
	t.Helper()
	var all sync.WaitGroup
	for w := range n {
		all.Go(func() {
			if err := f(w); err != nil {
				t.Errorf("worker %d: %v", w, err)
			}
		})
	}
	all.Wait()
}
