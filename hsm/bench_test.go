package hsm_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

// The pairs of benchmarks below show what a Token costs over the bare module: the same operation on
// the same kind of key, once by miekg/pkcs11 with a session for each goroutine, once by Token.

func BenchmarkSeal(b *testing.B) {
	bare(b, func(p *pkcs11.Ctx, s pkcs11.SessionHandle, key pkcs11.ObjectHandle, _ []byte) error {
		iv := make([]byte, 12)
		rand.Read(iv)
		_, err := encrypt(p, s, key, iv)
		return err
	})
	token(b, func(t *hsm.Token, ref custody.Ref, _ []byte) error {
		_, err := t.Seal(context.Background(), ref, plaintext, aad)
		return err
	})
}

func BenchmarkUnseal(b *testing.B) {
	bare(b, func(p *pkcs11.Ctx, s pkcs11.SessionHandle, key pkcs11.ObjectHandle,
		ciphertext []byte) error {
		g := pkcs11.NewGCMParams(make([]byte, 12), aad, 128)
		defer g.Free()
		if err := p.DecryptInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, g)},
			key); err != nil {
			return err
		}
		_, err := p.Decrypt(s, ciphertext)
		return err
	})
	token(b, func(t *hsm.Token, ref custody.Ref, sealed []byte) error {
		_, err := t.Unseal(context.Background(), ref, sealed, aad)
		return err
	})
}

func BenchmarkSignECDSAP256(b *testing.B) {
	signing(b, custody.P256Sign, "ECDSA_SHA_256", pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil),
		pkcs11.CKM_EC_KEY_PAIR_GEN,
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, []byte{
			0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7,
		}))
}

func BenchmarkSignRSA2048PSS(b *testing.B) {
	pss := pkcs11.NewPSSParams(pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256, 32)
	signing(b, custody.RSA2048Sign, "RSASSA_PSS_SHA_256",
		pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, pss), pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN,
		pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048),
		pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
}

// signing compares signatures of a digest, which the bare module leaves in its own form.
func signing(b *testing.B, k custody.Kind, alg custody.Algorithm, m *pkcs11.Mechanism,
	generate uint, public ...*pkcs11.Attribute) {
	digest := make([]byte, 32)
	for _, n := range goroutines {
		b.Run(fmt.Sprintf("bare/%d", n), func(b *testing.B) {
			p, slot := hsmtest.Attacker(b, hsmtest.SoftHSM(b))
			sessions := make([]pkcs11.SessionHandle, n)
			for i := range sessions {
				sessions[i] = hsmtest.Login(b, p, slot)
			}
			_, key, err := p.GenerateKeyPair(sessions[0],
				[]*pkcs11.Mechanism{pkcs11.NewMechanism(generate, nil)}, public,
				[]*pkcs11.Attribute{
					pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
					pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
					pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
					pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
					pkcs11.NewAttribute(pkcs11.CKA_ALLOWED_MECHANISMS,
						binary.NativeEndian.AppendUint64(nil, uint64(m.Mechanism))),
				})
			if err != nil {
				b.Fatal(err)
			}
			spread(b, n, func(w int) error {
				if err := p.SignInit(sessions[w], []*pkcs11.Mechanism{m}, key); err != nil {
					return err
				}
				_, err := p.Sign(sessions[w], digest)
				return err
			})
		})
		b.Run(fmt.Sprintf("token/%d", n), func(b *testing.B) {
			t := hsmtest.Open(b, hsmtest.SoftHSM(b))
			ref := hsmtest.Make(b, t, "bench", k).Rest()
			spread(b, n, func(int) error {
				_, err := t.Sign(context.Background(), ref, alg, digest)
				return err
			})
		})
	}
}

func encrypt(p *pkcs11.Ctx, s pkcs11.SessionHandle, key pkcs11.ObjectHandle,
	iv []byte) ([]byte, error) {
	g := pkcs11.NewGCMParams(iv, aad, 128)
	defer g.Free()
	if err := p.EncryptInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, g)},
		key); err != nil {
		return nil, err
	}
	return p.Encrypt(s, plaintext)
}

var (
	goroutines = []int{1, 16}
	plaintext  = make([]byte, 32)
	aad        = make([]byte, 64)
)

// spread runs op b.N times in n goroutines, once before the clock starts.
func spread(b *testing.B, n int, op func(worker int) error) {
	if err := op(0); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan error, n)
	for w := range n {
		go func() {
			for range (b.N + n - 1) / n {
				if err := op(w); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range n {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

func token(b *testing.B, op func(*hsm.Token, custody.Ref, []byte) error) {
	for _, n := range goroutines {
		b.Run(fmt.Sprintf("token/%d", n), func(b *testing.B) {
			t := hsmtest.Open(b, hsmtest.SoftHSM(b))
			m, err := t.Generate(context.Background(), "bench", custody.AES256)
			if err != nil {
				b.Fatal(err)
			}
			ref := m.Rest()
			sealed, err := t.Seal(context.Background(), ref, plaintext, aad)
			if err != nil {
				b.Fatal(err)
			}
			spread(b, n, func(int) error { return op(t, ref, sealed) })
		})
	}
}

func bare(
	b *testing.B, op func(*pkcs11.Ctx, pkcs11.SessionHandle, pkcs11.ObjectHandle, []byte) error,
) {
	for _, n := range goroutines {
		b.Run(fmt.Sprintf("bare/%d", n), func(b *testing.B) {
			p, slot := hsmtest.Attacker(b, hsmtest.SoftHSM(b))
			sessions := make([]pkcs11.SessionHandle, n)
			for i := range sessions {
				sessions[i] = hsmtest.Login(b, p, slot)
			}
			key, err := p.GenerateKey(sessions[0],
				[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)},
				[]*pkcs11.Attribute{
					pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
					pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
					pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
					pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
					pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
					pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
					pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
					pkcs11.NewAttribute(pkcs11.CKA_ALLOWED_MECHANISMS,
						binary.NativeEndian.AppendUint64(nil, pkcs11.CKM_AES_GCM)),
				})
			if err != nil {
				b.Fatal(err)
			}
			ciphertext, err := encrypt(p, sessions[0], key, make([]byte, 12))
			if err != nil {
				b.Fatal(err)
			}
			spread(b, n, func(w int) error { return op(p, sessions[w], key, ciphertext) })
		})
	}
}
