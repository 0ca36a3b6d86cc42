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
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
)

// bare is one line about a call by itself: of the token, or of this host where the service needs no token for it.
type bare struct {
	name string
	text []byte
	do   func(r *hsmtest.Raw, text, sealed []byte) error
}

// bareLines measures calls without a service around them, in this process. What it finds is what the service's lines are
// compared with.
func (b *bench) bareLines() error {
	if err := os.Setenv("SOFTHSM2_CONF", filepath.Join(b.dir, "softhsm2.conf")); err != nil {
		return err
	}
	module, _ := hsm.FindSoftHSM()
	raws, err := hsmtest.OpenRaw(hsm.Config{Module: module, TokenLabel: "claviger-dev", PIN: func() ([]byte, error) {
		p, err := os.ReadFile(filepath.Join(b.dir, "pin"))
		return p[:max(0, len(p)-1)], err
	}}, crowds[len(crowds)-1])
	if err != nil {
		return err
	}
	host, err := hostLines()
	if err != nil {
		return err
	}
	fmt.Println("| the bare call | goroutines | ops/s | CPU/op |")
	fmt.Println("|---|--:|--:|--:|")
	for _, l := range append(tokenLines(), host...) {
		if !strings.Contains(l.name, b.only) {
			continue
		}
		for _, n := range crowds {
			if err := b.bareLine(l, raws[:n]); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
	}
	fmt.Println()
	return nil
}

// tokenLines are calls of the token through miekg/pkcs11 and nothing else.
func tokenLines() []bare {
	small, large := make([]byte, 32), make([]byte, 4096)
	return []bare{
		{"GCM seal 32 B", small, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 32 B", small, func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"GCM seal 4 KiB", large, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.Seal(text); return err }},
		{"GCM open 4 KiB", large, func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.Unseal(sealed); return err }},
		{"unwrap, open 1 KiB, destroy", large[:1024], func(r *hsmtest.Raw, _, sealed []byte) error { _, err := r.UnwrapAndUnseal(sealed); return err }},
		{"GenerateMac HMAC-SHA-256", small, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.MAC(text); return err }},
		{"Sign ECDSA P-256", small, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.SignECDSA(text); return err }},
		{"Sign RSA-2048 PSS", small, func(r *hsmtest.Raw, text, _ []byte) error { _, err := r.SignPSS(text); return err }},
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
		{"GenerateDataKeyPair P-256", digest, func(r *hsmtest.Raw, _, _ []byte) error { return drawPair(r) }},
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

func (b *bench) bareLine(l bare, raws []*hsmtest.Raw) error {
	var done atomic.Int64
	failed := make([]error, len(raws))
	cpu, begin := ownCPU(), time.Now()
	var all sync.WaitGroup
	for i, r := range raws {
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
		return err
	}
	n := done.Load()
	rate := float64(n) / time.Since(begin).Seconds()
	b.bare[bareOf{l.name, len(raws)}] = rate
	fmt.Printf("| %s | %d | %.0f | %.1f µs |\n", l.name, len(raws), rate, float64((ownCPU()-cpu).Microseconds())/float64(n))
	return nil
}

// bareOf names what was measured of a call by itself.
type bareOf struct {
	name       string
	goroutines int
}

// toBare says what part of the bare call's rate is left; nothing where that wasn't measured.
func (b *bench) toBare(name string, clients int, rate float64) string {
	if most := b.bare[bareOf{name, clients}]; most > 0 {
		return fmt.Sprintf("%.2f", rate/most)
	}
	return ""
}

// ownCPU returns this process's CPU time so far, user and system.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
