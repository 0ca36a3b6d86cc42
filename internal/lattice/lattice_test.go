package lattice

import (
	"bytes"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/sha3"
	"encoding/hex"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/mldsacrypto"
	mldsax509 "filippo.io/mldsa/x509"
	circl1024 "github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	circl768 "github.com/cloudflare/circl/kem/mlkem/mlkem768"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signers are the parameter sets of ML-DSA by AWS's names.
var signers = map[string]mldsa.Parameters{"ML_DSA_44": mldsa.MLDSA44(),
	"ML_DSA_65": mldsa.MLDSA65(), "ML_DSA_87": mldsa.MLDSA87()}

// eachSigner makes a key of each parameter set, reads its public half, and calls f.
func eachSigner(
	t *testing.T, f func(t *testing.T, key *mldsa.PrivateKey, public *VerificationKey),
) {
	for spec, p := range signers {
		t.Run(spec, func(t *testing.T) {
			key, err := mldsa.GenerateKey(p)
			noError(t, err)
			public, err := NewPublic(spec, key.PublicKey().Bytes())
			noError(t, err)
			f(t, key, public.(*VerificationKey))
		})
	}
}

// TestSPKI_MLDSA_IsThatOfRFC9881: the encoding is the one that another implementation gives.
func TestSPKI_MLDSA_IsThatOfRFC9881(t *testing.T) {
	eachSigner(t, func(t *testing.T, key *mldsa.PrivateKey, public *VerificationKey) {
		want, err := mldsax509.MarshalPKIXPublicKey(key.PublicKey())
		noError(t, err)
		if !bytes.Equal(public.SPKI(), want) {
			t.Errorf("%x..., want %x...", public.SPKI()[:32], want[:32])
		}
	})
}

// representative is µ of a message under the empty context (FIPS 204, algorithms 2 and 7).
func representative(public *VerificationKey, message []byte) []byte {
	tr := sha3.SumSHAKE256(public.Bytes(), 64)
	return sha3.SumSHAKE256(bytes.Join([][]byte{tr, {0, 0}, message}, nil), MuSize)
}

// TestVerifyMu_SignatureOfMessage_IsTaken: a signature of a message is one of
// its representative and the other way round, whoever of the two made it.
func TestVerifyMu_SignatureOfMessage_IsTaken(t *testing.T) {
	eachSigner(t, func(t *testing.T, key *mldsa.PrivateKey, public *VerificationKey) {
		for range 20 {
			message := make([]byte, 100)
			rand.Read(message)
			mu := representative(public, message)
			ofMessage, err := key.Sign(nil, message, nil)
			noError(t, err)
			ofMu, err := key.Sign(nil, mu, mldsacrypto.MLDSAMu)
			noError(t, err)
			for _, signature := range [][]byte{ofMessage, ofMu} {
				if !public.Verify(message, signature) || !public.VerifyMu(mu, signature) {
					t.Fatal("a good signature is refused")
				}
				if mu[5] ^= 1; public.VerifyMu(mu, signature) || public.VerifyMu(mu[1:], signature) ||
					public.VerifyMu(message[:64], signature) {
					t.Error("a signature of another message is taken")
				}
				mu[5] ^= 1
			}
		}
	})
}

// TestVerify_AlteredSignature_IsRefusedByBothVerifiers changes signatures in every part of theirs,
// bit by bit and length by length.
func TestVerify_AlteredSignature_IsRefusedByBothVerifiers(t *testing.T) {
	eachSigner(t, func(t *testing.T, key *mldsa.PrivateKey, public *VerificationKey) {
		message := []byte("attack at dawn")
		mu := representative(public, message)
		good, err := key.Sign(nil, message, nil)
		noError(t, err)
		same := func(what string, signature []byte) {
			t.Helper()
			if a, b := public.Verify(message, signature), public.VerifyMu(mu, signature); a || b {
				t.Errorf("%s: %v and %v", what, a, b)
			}
		}
		flip := func(at, bit int) {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << bit
			same("a bit flipped", bad)
		}
		hints := len(good) - public.parameters().omega - public.parameters().k
		for at := 0; at < hints; at += 37 {
			flip(at, at%8)
		}
		for at := hints; at < len(good); at++ { // where an encoding could be ambiguous
			for bit := range 8 {
				flip(at, bit)
			}
		}
		same("nothing", nil)
		same("short", good[:len(good)-1])
		same("long", append(bytes.Clone(good), 0))
		same("zeros", make([]byte, len(good)))
		same("ones", bytes.Repeat([]byte{255}, len(good)))
	})
}

// TestDecodeHints_AnotherEncoding_IsRefused: two that ascend aren't taken in another order, nor one
// of them twice.
func TestDecodeHints_AnotherEncoding_IsRefused(t *testing.T) {
	p := &mlDSA44
	y := make([]byte, p.omega+p.k)
	y[0], y[1] = 3, 9
	for i := range p.k {
		y[p.omega+i] = 2
	}
	change := func(f func(y []byte)) bool {
		c := bytes.Clone(y)
		f(c)
		_, ok := p.decodeHints(c)
		return ok
	}
	if !change(func([]byte) {}) {
		t.Error("the good ones are refused")
	}
	for what, f := range map[string]func(y []byte){
		"descending": func(y []byte) { y[0], y[1] = 9, 3 }, "twice": func(y []byte) { y[1] = 3 },
		"left over": func(y []byte) { y[2] = 1 }, "falling": func(y []byte) { y[p.omega+1] = 1 },
		"too many": func(y []byte) { y[p.omega+p.k-1] = byte(p.omega + 1) },
	} {
		if change(f) {
			t.Errorf("%s: taken", what)
		}
	}
}

// FuzzVerifyMu: whatever the bytes, both implementations agree on them.
func FuzzVerifyMu(f *testing.F) {
	key, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), make([]byte, 32))
	noError(f, err)
	read, err := NewPublic("ML_DSA_44", key.PublicKey().Bytes())
	noError(f, err)
	public := read.(*VerificationKey)
	good, err := key.SignDeterministic([]byte("x"), nil)
	noError(f, err)
	f.Add([]byte("x"), good)
	f.Add([]byte("y"), good)
	f.Add([]byte("x"), good[:100])
	f.Fuzz(func(t *testing.T, message, signature []byte) {
		a, b := public.Verify(message, signature), public.VerifyMu(representative(public, message),
			signature)
		if a != b {
			t.Errorf("the message is %v and its representative %v", a, b)
		}
	})
}

// kems are the parameter sets of ML-KEM with the lengths of their ciphertexts (FIPS 203 section 8).
var kems = map[string]int{"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}

func TestEncapsulate_EveryParameterSet_IsDecapsulated(t *testing.T) {
	for spec, size := range kems {
		key, err := Generate(spec)
		noError(t, err)
		read, err := ParsePublic(spec, key.Public.SPKI())
		noError(t, err)
		public := read.(*EncapsulationKey)
		secret, ciphertext := public.Encapsulate()
		got, err := key.Decapsulate(ciphertext)
		noError(t, err)
		if len(secret) != SecretSize || len(ciphertext) != size || public.CiphertextSize() != size ||
			!bytes.Equal(got, secret) || public.Spec() != spec {
			t.Errorf("%s: %d and %d bytes, %v", spec, len(secret), len(ciphertext), bytes.Equal(got, secret))
		}
		other, _ := public.Encapsulate()
		if bytes.Equal(other, secret) {
			t.Errorf("%s: the same secret twice", spec)
		}
		// Implicit rejection (FIPS 203, algorithm 18): a changed ciphertext has a secret too, always
		// the same.
		ciphertext[7] ^= 1
		wrong, err := key.Decapsulate(ciphertext)
		noError(t, err)
		again, err := key.Decapsulate(ciphertext)
		noError(t, err)
		if bytes.Equal(wrong, secret) || !bytes.Equal(wrong, again) || len(wrong) != SecretSize {
			t.Errorf("%s: a changed ciphertext gives %x and %x", spec, wrong, again)
		}
		for _, bad := range [][]byte{nil, ciphertext[1:], append(ciphertext, 0)} {
			if _, err := key.Decapsulate(bad); err == nil {
				t.Errorf("%s: %d bytes are decapsulated", spec, len(bad))
			}
		}
	}
}

// TestCirclMLKEM_OtherSizes_AgreeWithGo: the size that comes from elsewhere is made by code that
// has the other two as well, and agrees with Go's on them.
func TestCirclMLKEM_OtherSizes_AgreeWithGo(t *testing.T) {
	for range 10 {
		seed := make([]byte, SeedSize)
		rand.Read(seed)
		std, err := mlkem.NewDecapsulationKey768(seed)
		noError(t, err)
		pub, key := circl768.NewKeyFromSeed(seed)
		packed := make([]byte, circl768.PublicKeySize)
		pub.Pack(packed)
		secret, ciphertext := std.EncapsulationKey().Encapsulate()
		got := make([]byte, SecretSize)
		key.DecapsulateTo(got, ciphertext)
		if !bytes.Equal(packed, std.EncapsulationKey().Bytes()) || !bytes.Equal(got, secret) {
			t.Error("768: they differ")
		}
		std1024, err := mlkem.NewDecapsulationKey1024(seed)
		noError(t, err)
		pub1024, _ := circl1024.NewKeyFromSeed(seed)
		ciphertext = make([]byte, circl1024.CiphertextSize)
		pub1024.EncapsulateTo(ciphertext, got, seed[:circl1024.EncapsulationSeedSize])
		if secret, err := std1024.Decapsulate(ciphertext); err != nil || !bytes.Equal(secret, got) {
			t.Errorf("1024: they differ: %v", err)
		}
	}
}

// TestMLKEM512_ExampleOfRFC9935_HasItsEncodings (appendix C.1): ML-KEM-512 of
// the seed 00, 01 ... 3f.
func TestMLKEM512_ExampleOfRFC9935_HasItsEncodings(t *testing.T) {
	seed := make([]byte, SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	key, err := NewDecapsulation("ML_KEM_512", seed)
	noError(t, err)
	want := "3054020100300b0609608648016503040401044280" + "40" + hex.EncodeToString(seed)
	if got := hex.EncodeToString(key.PKCS8()); got != want {
		t.Errorf("the private key is %s", got)
	}
	public := hex.EncodeToString(key.Public.SPKI())
	if !strings.HasPrefix(public, "30820332300b06096086480165030404010382032100"+
		"3995815e597d104355cf29aa5333c93251869d5bcdbe487124f602b8b6a66c16") ||
		!strings.HasSuffix(public, "f8d8c537c48f998f05307cebd1ede0b81c3bc59a065a1b6d63b26c") {
		t.Errorf("the public key is %s", public)
	}
}

// TestParsePublic_KeyOfAnotherSet_IsRefused: each is read as a key of its own parameter set, in its
// one encoding.
func TestParsePublic_KeyOfAnotherSet_IsRefused(t *testing.T) {
	of := map[string]PublicKey{}
	eachSigner(t, func(_ *testing.T, _ *mldsa.PrivateKey, public *VerificationKey) {
		of[public.Spec()] = public
	})
	for spec := range kems {
		key, err := Generate(spec)
		noError(t, err)
		of[spec] = key.Public
	}
	if len(of) != len(sets) {
		t.Fatalf("%d parameter sets", len(of))
	}
	for spec := range of {
		for name, public := range of {
			got, err := ParsePublic(spec, public.SPKI())
			if (err == nil) != (name == spec) || err == nil && !bytes.Equal(got.Bytes(), public.Bytes()) {
				t.Errorf("a key of %s as one of %s: %v", name, spec, err)
			}
		}
		der := of[spec].SPKI()
		withNull := bytes.Replace(der, algorithm(spec),
			append(bytes.Replace(algorithm(spec), []byte{0x30, 11}, []byte{0x30, 13}, 1), 5, 0), 1)
		for _, bad := range [][]byte{nil, der[:len(der)-1], append(bytes.Clone(der), 0), of[spec].Bytes(),
			withNull} {
			if _, err := ParsePublic(spec, bad); err == nil {
				t.Errorf("%d bytes are taken for a key of %s", len(bad), spec)
			}
		}
		// Of ML-KEM a number may not be the modulus or more: FIPS 203 section 7.2.
		high := bytes.Repeat([]byte{255}, len(of[spec].Bytes()))
		if _, err := NewPublic(spec, high); (err == nil) != strings.HasPrefix(spec, "ML_DSA") {
			t.Errorf("%s of all ones: %v", spec, err)
		}
	}
	if _, err := ParsePublic("ML_KEM_2048", of["ML_KEM_1024"].SPKI()); err == nil ||
		Known("ML_KEM_2048") {
		t.Error("there is no such parameter set")
	}
}
