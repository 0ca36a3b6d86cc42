package hsm_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/admission"
	"claviger/internal/custody"
)

func TestSupports_SoftHSM_ListsItsKinds(t *testing.T) {
	tok := hsmtest.Open(t, hsmtest.SoftHSM(t))
	if tok.Supports(custody.Ed25519Sign) || tok.Supports("ML_DSA_65 SIGN_VERIFY") ||
		len(tok.Facts().Kinds) != 21 {
		t.Errorf("SoftHSM2 supports %v", tok.Facts().Kinds)
	}
	if _, err := tok.Generate(background, "k",
		custody.Ed25519Sign); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("Ed25519: %v", err)
	}
}

// generating starts the making of an RSA pair by a party of its own and returns when it is inside
// the module, where it stays until release.
func generating(t *testing.T, d *fakedevice.Device, tok *hsm.Token,
	id string) (release func(), done <-chan error) {
	t.Helper()
	before := d.Calls("C_GenerateKeyPair")
	release = d.Hang("C_GenerateKeyPair")
	result := make(chan error, 1)
	go func() {
		_, err := tok.Generate(admission.WithParty(background, id), id, custody.RSA2048Sign)
		result <- err
	}()
	eventually(t, "the pair is in the making", func() bool {
		return d.Calls("C_GenerateKeyPair") > before
	})
	d.Mend("C_GenerateKeyPair") // for others: this one goes on
	return release, result
}

// TestGenerate_SlowPair_StallsNobody makes more RSA pairs at once than the pool has sessions, for
// longer than any other call may take, and has the login renewed meanwhile.
func TestGenerate_SlowPair_StallsNobody(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.MaxSessions = 1
	c.Timeout = 2 * time.Second
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 1)
	releaseA, a := generating(t, d, tok, "a")
	releaseB, b := generating(t, d, tok, "b")
	use := func(when string) {
		t.Helper()
		if err := k.use(t, 0); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		if _, err := tok.Generate(background, "quick", custody.P256Sign); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	use("while two pairs are made")
	time.Sleep(2 * c.Timeout)
	use("later")
	d.CloseSessions()
	use("when the sessions were lost")
	if err := tok.Ready(); err != nil || tok.Stats().Hung != 0 {
		t.Errorf("%v, %+v", err, tok.Stats())
	}
	releaseA()
	releaseB()
	for _, done := range []<-chan error{a, b} {
		if err := <-done; err != nil {
			t.Errorf("the pair: %v", err)
		}
	}
}

// TestGenerate_PartyWithMany_LeavesRoomForOthers has a party make one RSA pair and want more, as
// many as may wait and one beyond. Another one's is made meanwhile.
func TestGenerate_PartyWithMany_LeavesRoomForOthers(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	release, done := generating(t, d, tok, "many")
	ctx, cancel := context.WithCancel(admission.WithParty(background, "many"))
	defer cancel()
	results := make(chan error, 17)
	for i := range cap(results) {
		go func() {
			_, err := tok.Generate(ctx, fmt.Sprint("many ", i), custody.RSA2048Sign)
			results <- err
		}()
	}
	if err := <-results; !errors.Is(err, custody.ErrBusy) {
		t.Errorf("one more than may wait: %v", err)
	}
	others := admission.WithParty(background, "few")
	for range 2 {
		if _, err := tok.Generate(others, "few", custody.RSA2048Sign); err != nil {
			t.Errorf("another party's: %v", err)
		}
	}
	cancel()
	for range cap(results) - 1 {
		if err := <-results; !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("one whose caller is gone: %v", err)
		}
	}
	release()
	if err := <-done; err != nil {
		t.Errorf("the first: %v", err)
	}
}

// TestModuleReload_PairInTheMaking_IsRefused pulls the token meanwhile: the software token fails
// the test if it is finalised with somebody inside.
func TestModuleReload_PairInTheMaking_IsRefused(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 1)
	before := d.Calls("C_Finalize")
	release, done := generating(t, d, tok, "a")
	putBack := d.Pull()
	eventually(t, "the loss is noticed", func() bool { return tok.Ready() != nil })
	putBack()
	time.Sleep(1500 * time.Millisecond) // more than one interval of the watch
	if d.Calls("C_Finalize") != before {
		t.Error("the module was finalised")
	}
	release()
	eventually(t, "the token is back", func() bool { return k.use(t, 0) == nil })
	if err := <-done; err != nil && !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("the pair: %v", err)
	}
}

func TestGenerate_PairTakesTooLong_IsUnavailable(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.Generation = 50 * time.Millisecond
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 1)
	release, done := generating(t, d, tok, "a")
	if err := <-done; !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("at the timeout: %v", err)
	}
	if err := k.use(t, 0); err != nil {
		t.Errorf("meanwhile: %v", err)
	}
	release()
	eventually(t, "the call returns", func() bool { return tok.Stats().Hung == 0 })
	k.well(t)
}

func TestClose_PairInTheMaking_LeavesItBehind(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.Timeout = 500 * time.Millisecond // Close waits no longer than twice that
	tok, err := hsm.Open(background, c)
	if err != nil {
		t.Fatal(err)
	}
	before := d.Calls("C_Finalize")
	release, done := generating(t, d, tok, "a")
	if err := tok.Close(); err == nil || d.Calls("C_Finalize") != before {
		t.Errorf("the module was finalised under it: %v", err)
	}
	release()
	if err := <-done; !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("the pair of a closed token: %v", err)
	}
	eventually(t, "the call returns", func() bool { return tok.Stats().Hung == 0 })
	hsmtest.Open(t, d.Config())
}

// measured is a text with its length before it.
func measured[T ~string](s T) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + string(s)
}

// TestMAC_KnownKey_IsHMAC brings keys that are known and compares with the standard library.
func TestMAC_KnownKey_IsHMAC(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	for kind, h := range map[custody.Kind]crypto.Hash{custody.HMAC224: crypto.SHA224,
		custody.HMAC256: crypto.SHA256,
		custody.HMAC384: crypto.SHA384, custody.HMAC512: crypto.SHA512} {
		key := make([]byte, h.Size())
		rand.Read(key)
		mac := func(data string) []byte {
			m := hmac.New(h.New, key)
			m.Write([]byte(data))
			return m.Sum(nil)
		}
		proof := sha256.Sum256(mac("claviger check" + string(kind)))
		m := custody.Material{
			ID: string(kind), Kind: kind, Root: tok.Root(), Mechanism: tok.Facts().KeyWrap,
			Wrapped: hsmtest.Plant(t, c, key), Check: proof[:],
		}
		m.Check = append(m.Check, authenticated(t, tok, "claviger check value",
			measured(m.Kind)+measured(m.ID)+string(proof[:]))...)
		for _, data := range []string{"", "x", strings.Repeat("row", 2000)} {
			if got, err := tok.MAC(background, m.Rest(),
				[]byte(data)); err != nil || !bytes.Equal(got, mac(data)) {
				t.Errorf("%s of %d bytes: %x, %v", kind, len(data), got, err)
			}
		}
	}
}

// TestSign_OpenSSL_Verifies verifies there what is signed here, decrypts here what is encrypted
// there, and agrees on a secret.
func TestSign_OpenSSL_Verifies(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl command")
	}
	tok := hsmtest.Open(t, hsmtest.SoftHSM(t))
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	openssl := func(args ...string) []byte {
		t.Helper()
		out, err := exec.CommandContext(context.Background(), "openssl", args...).CombinedOutput()
		if err != nil {
			t.Errorf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	for _, c := range []struct {
		kind    custody.Kind
		alg     custody.Algorithm
		options string
	}{
		{custody.RSA2048Sign, "RSASSA_PSS_SHA_256",
			"digest:sha256 rsa_padding_mode:pss rsa_pss_saltlen:digest"},
		{custody.RSA2048Sign, "RSASSA_PSS_SHA_512",
			"digest:sha512 rsa_padding_mode:pss rsa_pss_saltlen:digest"},
		{custody.RSA2048Sign, "RSASSA_PKCS1_V1_5_SHA_384", "digest:sha384 rsa_padding_mode:pkcs1"},
		{custody.P256Sign, "ECDSA_SHA_256", "digest:sha256"},
		{custody.P384Sign, "ECDSA_SHA_384", "digest:sha384"},
		{custody.P521Sign, "ECDSA_SHA_512", "digest:sha512"},
		{custody.P256K1Sign, "ECDSA_SHA_256", "digest:sha256"},
	} {
		m := hsmtest.Make(t, tok, string(c.kind), c.kind)
		digest := hsmtest.Digest(c.alg, []byte("attack at dawn"))
		signature, err := tok.Sign(background, m.Rest(), c.alg, digest)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
			file("public", m.Public),
			"-sigfile", file("signature", signature), "-in", file("digest", digest)}
		for _, o := range strings.Fields(c.options) {
			args = append(args, "-pkeyopt", o)
		}
		openssl(args...)
	}
	rsa := hsmtest.Make(t, tok, "rsa", custody.RSA2048Decrypt)
	for alg, hash := range map[custody.Algorithm]string{
		"RSAES_OAEP_SHA_1": "sha1", "RSAES_OAEP_SHA_256": "sha256",
	} {
		ciphertext := openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey",
			file("public", rsa.Public),
			"-in", file("plaintext", []byte("attack at dawn")), "-pkeyopt", "rsa_padding_mode:oaep",
			"-pkeyopt", "rsa_oaep_md:"+hash, "-pkeyopt", "rsa_mgf1_md:"+hash)
		if got, err := tok.Decrypt(background, rsa.Rest(), alg,
			ciphertext); err != nil || string(got) != "attack at dawn" {
			t.Errorf("%s: %q, %v", alg, got, err)
		}
	}
	ec := hsmtest.Make(t, tok, "ec", custody.P384Derive)
	private := file("private",
		openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"))
	peer := openssl("pkey", "-in", private, "-pubout", "-outform", "DER")
	secret := openssl("pkeyutl", "-derive", "-inkey", private, "-peerform", "DER", "-peerkey",
		file("public", ec.Public))
	if got, err := tok.Derive(background, ec.Rest(), peer); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%x is not %x: %v", got, secret, err)
	}
}
