package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
)

// rawLines measures the token itself, in this process: there is no service around it.
func (b *bench) rawLines() error {
	if err := os.Setenv("SOFTHSM2_CONF", filepath.Join(b.dir, "softhsm2.conf")); err != nil {
		return err
	}
	module, _ := hsm.FindSoftHSM()
	const most = 16
	raws, err := hsmtest.OpenRaw(hsm.Config{Module: module, TokenLabel: "claviger-dev", PIN: func() ([]byte, error) {
		p, err := os.ReadFile(filepath.Join(b.dir, "pin"))
		return p[:max(0, len(p)-1)], err
	}}, most)
	if err != nil {
		return err
	}
	fmt.Println("| token, through miekg/pkcs11 alone | goroutines | ops/s | CPU/op |")
	fmt.Println("|---|--:|--:|--:|")
	small, large := make([]byte, 32), make([]byte, 4096)
	for _, l := range []struct {
		name string
		text []byte
		do   func(r *hsmtest.Raw, text, sealed []byte) error
	}{
		{"GCM seal 32 B", small, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 32 B", small, func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"GCM seal 4 KiB", large, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 4 KiB", large, func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"HMAC-SHA-256 64 B", large[:64], func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.MAC(text); return err }},
		{"unwrap, open 1 KiB, destroy", large[:1024], func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.UnwrapAndUnseal(sealed); return err }},
	} {
		if !strings.Contains(l.name, b.only) {
			continue
		}
		for _, n := range []int{1, most} {
			if err := b.rawLine(l.name, raws[:n], l.text, l.do); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
	}
	fmt.Println()
	return nil
}

func (b *bench) rawLine(name string, raws []*hsmtest.Raw, text []byte, do func(r *hsmtest.Raw, text, sealed []byte) error) error {
	var done atomic.Int64
	failed := make([]error, len(raws))
	cpu, begin := ownCPU(), time.Now()
	var all sync.WaitGroup
	for i, r := range raws {
		all.Go(func() {
			sealed, err := r.Seal(text)
			for err == nil && time.Since(begin) < b.span/2 {
				err = do(r, text, sealed)
				done.Add(1)
			}
			failed[i] = err
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	n := done.Load()
	fmt.Printf("| %s | %d | %.0f | %.1f µs |\n", name, len(raws), float64(n)/time.Since(begin).Seconds(),
		float64((ownCPU()-cpu).Microseconds())/float64(n))
	return nil
}

// ownCPU returns this process's CPU time so far, user and system.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
