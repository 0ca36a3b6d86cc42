package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
)

// bare is a call by itself: of the token, or of this host where the service needs no token for it.
type bare struct {
	name string
	text []byte
	do   func(r *hsmtest.Raw, text, sealed []byte) error
}

// bares are all of them, and what they are done with: a goroutine each.
type bares struct {
	lines []bare
	raws  []*hsmtest.Raw
}

// openBares opens the token of the service in this process.
func (b *bench) openBares() (err error) {
	if err := os.Setenv("SOFTHSM2_CONF", filepath.Join(b.dir, "softhsm2.conf")); err != nil {
		return err
	}
	module := b.module
	if module == "" {
		module, _ = hsm.FindSoftHSM()
	}
	b.bares.raws, err = hsmtest.OpenRaw(hsm.Config{Module: module, TokenLabel: "claviger-dev",
		PIN: func() ([]byte, error) {
			p, err := os.ReadFile(filepath.Join(b.dir, "pin"))
			return p[:max(0, len(p)-1)], err
		}}, crowds[len(crowds)-1])
	if err != nil {
		return err
	}
	host, err := hostLines()
	b.bares.lines = append(tokenLines(), host...)
	return err
}

// bareLines prints the calls that no operation of the service is compared with.
func (b *bench) bareLines() error {
	fmt.Println("| the token alone | goroutines | ops/s | CPU/op |")
	fmt.Println("|---|--:|--:|--:|")
	for _, name := range []string{"GCM seal 4 KiB", "GCM open 4 KiB", "unwrap, open 1 KiB, destroy"} {
		if !strings.Contains(name, b.only) {
			continue
		}
		for _, n := range crowds {
			rate, cpu, err := b.bareRate(name, n)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %d | %.0f | %.1f µs |\n", name, n, rate, micros(cpu))
		}
	}
	fmt.Println()
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// tokenLines are calls of the token through miekg/pkcs11 and nothing else.
func tokenLines() []bare {
	small, large := make([]byte, 32), make([]byte, 4096)
	return []bare{
		{"GCM seal 32 B", small,
			func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 32 B", small,
			func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"GCM seal 4 KiB", large,
			func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 4 KiB", large,
			func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"unwrap, open 1 KiB, destroy", large[:1024],
			func(r *hsmtest.Raw, _, sealed []byte) error {
				_, err := r.UnwrapAndUnseal(sealed)
				return err
			}},
		{"GenerateMac HMAC-SHA-256", small,
			func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.MAC(text); return err }},
		{"Sign ECDSA P-256", small,
			func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.SignECDSA(text); return err }},
		{"Sign RSA-2048 PSS", small,
			func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.SignPSS(text); return err }},
	}
}

var errBad = errors.New("a good signature is refused")

// hostLines are calls of Go's cryptography, for the operations that the service performs by it.
func hostLines() ([]bare, error) {
	digest := make([]byte, 32)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ecdsaSignature, err := ecdsa.SignASN1(rand.Reader, p256, digest)
	if err != nil {
		return nil, err
	}
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	rsaSignature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest, pss)
	return []bare{
		{"Verify ECDSA P-256", digest, func(*hsmtest.Raw, []byte, []byte) error {
			if !ecdsa.VerifyASN1(&p256.PublicKey, digest, ecdsaSignature) {
				return errBad
			}
			return nil
		}},
		{"Verify RSA-2048 PSS", digest, func(*hsmtest.Raw, []byte, []byte) error {
			return rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest, rsaSignature, pss)
		}},
		{"GenerateDataKeyPair P-256", digest,
			func(r *hsmtest.Raw, _, _ []byte) error { return drawPair(r) }},
	}, err
}

// drawPair makes a key pair, encodes both halves and seals the private one on the token.
func drawPair(r *hsmtest.Raw) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if _, err := x509.MarshalPKIXPublicKey(&key.PublicKey); err != nil {
		return err
	}
	_, err = r.Seal(private)
	return err
}

// bareRate measures a call in n goroutines: calls a second, and CPU time for each. Nothing if there
// is no such call.
func (b *bench) bareRate(name string, n int) (rate float64, cpu time.Duration, err error) {
	i := slices.IndexFunc(b.bares.lines, func(l bare) bool { return l.name == name })
	if i < 0 {
		return 0, 0, nil
	}
	l := b.bares.lines[i]
	var done atomic.Int64
	failed := make([]error, n)
	spent, begin := ownCPU(), time.Now()
	var all sync.WaitGroup
	for i, r := range b.bares.raws[:n] {
		all.Go(func() {
			sealed, err := r.Seal(l.text)
			for err == nil && time.Since(begin) < b.span/2 {
				err = l.do(r, l.text, sealed)
				done.Add(1)
			}
			failed[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", name, err)
	}
	return float64(done.Load()) / time.Since(begin).Seconds(),
		(ownCPU() - spent) / time.Duration(done.Load()), nil
}

// ownCPU returns this process's CPU time so far, user and system.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
