package hsm_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

// makePair makes a P-256 or RSA key pair on the token, as pkcs11-tool or a maker's tool would.
func makePair(t *testing.T, c hsm.Config, label string, mechanism uint) {
	t.Helper()
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	p256, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	if err != nil {
		t.Fatal(err)
	}
	common := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
	}
	public := append([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true)}, common...)
	if mechanism == pkcs11.CKM_EC_KEY_PAIR_GEN {
		public = append(public, pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, p256))
	} else {
		public = append(public, pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048),
			pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
	}
	private := append([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
	}, common...)
	if _, _, err := p.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)},
		public, private); err != nil {
		t.Fatal(err)
	}
	if err := p.CloseSession(s); err != nil {
		t.Fatal(err)
	}
}

func signerOf(t *testing.T, c hsm.Config, label string) crypto.Signer {
	t.Helper()
	signer, closer, err := hsm.Signer(c, label)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	return signer
}

// signs makes a signature and verifies it with the public key.
func signs(t *testing.T, signer crypto.Signer) error {
	t.Helper()
	digest := sha256.Sum256([]byte("to be signed"))
	signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	switch public := signer.Public().(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(public, digest[:], signature) {
			t.Error("the signature doesn't verify")
		}
	case *rsa.PublicKey:
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("the public key is a %T", public)
	}
	return nil
}

func TestSigner_BesideOpenToken_BothWork(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	k := makeKeys(t, hsmtest.Open(t, c), 3)
	makePair(t, c, "tls ec", pkcs11.CKM_EC_KEY_PAIR_GEN)
	makePair(t, c, "tls rsa", pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN)
	ec, rsa := signerOf(t, c, "tls ec"), signerOf(t, c, "tls rsa")
	for _, s := range []crypto.Signer{ec, rsa} {
		if err := signs(t, s); err != nil {
			t.Error(err)
		}
	}
	k.well(t)
	if _, _, err := hsm.Signer(c, "no such key"); err == nil {
		t.Error("a key that isn't there was found")
	}
	if err := signs(t, ec); err != nil {
		t.Errorf("after another signer failed: %v", err)
	}
	k.well(t)
}

func TestSigner_Alone_Signs(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	makePair(t, c, "tls", pkcs11.CKM_EC_KEY_PAIR_GEN)
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	tried := 0
	wrong := c
	wrong.PIN = func() ([]byte, error) { tried++; return []byte("wrong"), nil }
	if _, _, err := hsm.Signer(wrong, "tls"); !errors.Is(err, hsm.ErrPIN) || tried > 1 {
		t.Errorf("tried %d times: %v", tried, err)
	}
	if err := signs(t, signerOf(t, c, "tls")); err != nil {
		t.Error(err)
	}
}

func TestSigner_TokenLost_Recovers(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	makePair(t, c, "tls", pkcs11.CKM_EC_KEY_PAIR_GEN)
	signer := signerOf(t, c, "tls")
	putBack := hsmtest.Pull(t, tok.Facts().Serial)
	eventually(t, "the loss is noticed", func() bool { return tok.Ready() != nil })
	if err := signs(t, signer); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("without a token: %v", err)
	}
	putBack()
	eventually(t, "the token is ready", func() bool { return tok.Ready() == nil })
	eventually(t, "the signer signs", func() bool { return signs(t, signer) == nil })
}

// Whoever reaches the port has it sign.
func TestSigner_PINChangedMeanwhile_IsTriedOnce(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	makePair(t, c, "tls", pkcs11.CKM_EC_KEY_PAIR_GEN)
	var wrong atomic.Bool
	var tried atomic.Int32
	right := c.PIN
	c.PIN = func() ([]byte, error) {
		if !wrong.Load() {
			return right()
		}
		tried.Add(1)
		return []byte("another PIN now"), nil
	}
	signer := signerOf(t, c, "tls")
	putBack := hsmtest.Pull(t, hsmtest.Serial(t, c))
	for signs(t, signer) == nil { // until the module notices
		time.Sleep(time.Millisecond)
	}
	wrong.Store(true)
	putBack()
	refuses := func() bool {
		err := signs(t, signer)
		if err == nil {
			t.Fatal("it signed with a wrong PIN")
		}
		return errors.Is(err, hsm.ErrPIN)
	}
	eventually(t, "the PIN is refused", refuses) // reloads are some time apart
	for range 30 {
		refuses()
		time.Sleep(100 * time.Millisecond)
	}
	if n := tried.Load(); n != 1 {
		t.Errorf("the wrong PIN was tried %d times", n)
	}
}

func TestSigner_TLSIdentity_ServesTLS(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	makePair(t, c, "tls", pkcs11.CKM_EC_KEY_PAIR_GEN)
	signer := signerOf(t, c, "tls")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	served := make(chan error, 1)
	go func() {
		served <- tls.Server(server,
			&tls.Config{Certificates: []tls.Certificate{
				{Certificate: [][]byte{der}, PrivateKey: signer}}}).Handshake()
	}()
	if err := tls.Client(client,
		&tls.Config{RootCAs: roots, ServerName: "localhost"}).Handshake(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := tok.Ready(); err != nil {
		t.Error(err)
	}
}
