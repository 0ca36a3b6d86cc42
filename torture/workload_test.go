package torture

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// workload is a fixed set of requests whose right answers are known, and what they are made on.
// Whatever succeeds while something is broken is looked at again once it is mended.
type workload struct {
	s       *server
	kms     *kms.Client
	secrets *secretsmanager.Client

	aes, second, hmac, signer, rsaSigner, agreer, opener *string
	ec                                                   *ecdsa.PublicKey
	rsa                                                  *rsa.PublicKey
	blob, forged, mac, signature, peer, agreed, envelope []byte
	imported                                             *kms.ImportKeyMaterialInput

	names atomic.Int64
	mu    sync.Mutex
	seen  map[string]bool // random bytes that were told
	kept  []request       // of what was acknowledged and not looked at again
}

// request is one question with its right answer. do returns nil if that was answered, a wrongAnswer
// if another one was, and else the SDK's error.
type request struct {
	name string
	do   func(context.Context) error
}

// wrongAnswer is an answer that is no failure and isn't true.
type wrongAnswer string

func (w wrongAnswer) Error() string { return string(w) }

const (
	plain      = "what only the caller knows 7c1d"
	secretName = "kept"
)

// prepare makes what the requests work on, while nothing is broken.
func prepare(t testing.TB, s *server) *workload {
	t.Helper()
	w := &workload{s: s, kms: s.kms(), secrets: s.secrets(), seen: map[string]bool{}}
	key := func(spec types.KeySpec, usage types.KeyUsageType) *string {
		t.Helper()
		out, err := w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
		accepted(t, err)
		return out.KeyMetadata.KeyId
	}
	w.aes = key(types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	w.second = key(types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	w.hmac = key(types.KeySpecHmac256, types.KeyUsageTypeGenerateVerifyMac)
	w.signer = key(types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
	w.rsaSigner = key(types.KeySpecRsa2048, types.KeyUsageTypeSignVerify)
	w.agreer = key(types.KeySpecEccNistP256, types.KeyUsageTypeKeyAgreement)
	w.opener = key(types.KeySpecRsa2048, types.KeyUsageTypeEncryptDecrypt)
	w.ec = publicKey(t, w.kms, w.signer).(*ecdsa.PublicKey)
	w.rsa = publicKey(t, w.kms, w.rsaSigner).(*rsa.PublicKey)
	w.answers(t)
	w.wrapImport(t)
	_, err := w.secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(secretName), SecretString: aws.String(plain)})
	accepted(t, err)
	return w
}

func publicKey(t testing.TB, c *kms.Client, id *string) any {
	t.Helper()
	out, err := c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: id})
	accepted(t, err)
	key, err := x509.ParsePKIXPublicKey(out.PublicKey)
	accepted(t, err)
	return key
}

// answers asks for what later answers are compared with.
func (w *workload) answers(t testing.TB) {
	t.Helper()
	sealed, err := w.kms.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: w.aes, Plaintext: []byte(plain)})
	accepted(t, err)
	w.blob, w.forged = sealed.CiphertextBlob, bytes.Clone(sealed.CiphertextBlob)
	w.forged[len(w.forged)-1] ^= 1
	mac, err := w.kms.GenerateMac(t.Context(), &kms.GenerateMacInput{KeyId: w.hmac,
		MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Message: []byte(plain)})
	accepted(t, err)
	w.mac = mac.Mac
	signed, err := w.kms.Sign(t.Context(), w.sign(w.signer, types.SigningAlgorithmSpecEcdsaSha256))
	accepted(t, err)
	w.signature = signed.Signature

	peer, err := ecdh.P256().GenerateKey(rand.Reader)
	accepted(t, err)
	if w.peer, err = x509.MarshalPKIXPublicKey(peer.PublicKey()); err != nil {
		t.Fatal(err)
	}
	own, err := publicKey(t, w.kms, w.agreer).(*ecdsa.PublicKey).ECDH()
	accepted(t, err)
	w.agreed, err = peer.ECDH(own)
	accepted(t, err)
	w.envelope, err = rsa.EncryptOAEP(sha256.New(), rand.Reader,
		publicKey(t, w.kms, w.opener).(*rsa.PublicKey), []byte(plain), nil)
	accepted(t, err)
}

// wrapImport makes a key with material from outside, which may be brought again.
func (w *workload) wrapImport(t testing.TB) {
	t.Helper()
	made, err := w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{Origin: types.OriginTypeExternal})
	accepted(t, err)
	id := made.KeyMetadata.KeyId
	p, err := w.kms.GetParametersForImport(t.Context(), &kms.GetParametersForImportInput{KeyId: id,
		WrappingAlgorithm: types.AlgorithmSpecRsaAesKeyWrapSha256,
		WrappingKeySpec:   types.WrappingKeySpecRsa2048})
	accepted(t, err)
	material, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	w.imported = &kms.ImportKeyMaterialInput{KeyId: id, ImportToken: p.ImportToken,
		ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire,
		EncryptedKeyMaterial: hsmtest.Envelop(t, p.PublicKey,
			custody.Algorithm(types.AlgorithmSpecRsaAesKeyWrapSha256), material)}
	_, err = w.kms.ImportKeyMaterial(t.Context(), w.imported)
	accepted(t, err)
}

// sign asks for a signature over what every signature is made over.
func (*workload) sign(id *string, by types.SigningAlgorithmSpec) *kms.SignInput {
	return &kms.SignInput{KeyId: id, SigningAlgorithm: by, Message: []byte(plain),
		MessageType: types.MessageTypeRaw}
}

// is compares an answer with the right one.
func is(what string, got, want []byte) error {
	if !bytes.Equal(got, want) {
		return wrongAnswer("another " + what)
	}
	return nil
}

// requests are the whole set.
func (w *workload) requests() []request {
	return []request{
		{"Encrypt", w.encrypt(w.aes)},
		{"Decrypt", w.decrypts(w.blob, plain)},
		{"Decrypt of a forgery", w.refusesForgery},
		{"GenerateDataKey", w.dataKey},
		{"Sign by ECDSA", w.signsECDSA},
		{"Sign by RSA", w.signsRSA},
		{"Verify", func(ctx context.Context) error {
			out, err := w.kms.Verify(ctx, &kms.VerifyInput{KeyId: w.signer, Message: []byte(plain),
				Signature: w.signature, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
			if err == nil && !out.SignatureValid {
				return wrongAnswer("a good signature is invalid")
			}
			return err
		}},
		{"GenerateMac", w.macs},
		{"VerifyMac", func(ctx context.Context) error {
			_, err := w.kms.VerifyMac(ctx, &kms.VerifyMacInput{KeyId: w.hmac, Message: []byte(plain),
				MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Mac: w.mac})
			return err
		}},
		{"DeriveSharedSecret", func(ctx context.Context) error {
			out, err := w.kms.DeriveSharedSecret(ctx, &kms.DeriveSharedSecretInput{KeyId: w.agreer,
				KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpecEcdh, PublicKey: w.peer})
			if err != nil {
				return err
			}
			return is("shared secret", out.SharedSecret, w.agreed)
		}},
		{"Decrypt by RSA", func(ctx context.Context) error {
			out, err := w.kms.Decrypt(ctx, &kms.DecryptInput{KeyId: w.opener, CiphertextBlob: w.envelope,
				EncryptionAlgorithm: types.EncryptionAlgorithmSpecRsaesOaepSha256})
			if err != nil {
				return err
			}
			return is("plaintext", out.Plaintext, []byte(plain))
		}},
		{"ReEncrypt", w.reEncrypt},
		{"ImportKeyMaterial", func(ctx context.Context) error {
			_, err := w.kms.ImportKeyMaterial(ctx, w.imported)
			return err
		}},
		{"CreateKey", w.createKey},
		{"CreateKey of a pair", w.createPair},
		{"CreateSecret", w.createSecret},
		{"GetSecretValue", w.secretIs(secretName, plain)},
		{"GetRandomPassword", w.password},
		{"GenerateRandom", func(ctx context.Context) error {
			out, err := w.kms.GenerateRandom(ctx, &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32)})
			if err != nil {
				return err
			}
			return w.fresh(out.Plaintext)
		}},
	}
}

// keep has something looked at once all is mended.
func (w *workload) keep(name string, do func(context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, request{name, do})
}

// takeKept returns what is to be looked at, and begins anew.
func (w *workload) takeKept() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.kept
	w.kept = nil
	return kept
}

// fresh wants bytes that were never told before.
func (w *workload) fresh(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[string(b)] || bytes.Equal(b, make([]byte, len(b))) {
		return wrongAnswer("random bytes that aren't")
	}
	w.seen[string(b)] = true
	return nil
}

func (w *workload) name() string { return fmt.Sprintf("made-%06d", w.names.Add(1)) }

func (w *workload) encrypt(id *string) func(context.Context) error {
	return func(ctx context.Context) error {
		value := w.name()
		out, err := w.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte(value)})
		if err == nil {
			w.keep("Decrypt of what was encrypted", w.decrypts(out.CiphertextBlob, value))
		}
		return err
	}
}

func (w *workload) decrypts(blob []byte, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := w.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob})
		if err != nil {
			return err
		}
		return is("plaintext", out.Plaintext, []byte(want))
	}
}

func (w *workload) refusesForgery(ctx context.Context) error {
	_, err := w.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: w.forged})
	if invalid := (*types.InvalidCiphertextException)(nil); errors.As(err, &invalid) {
		return nil
	}
	if err == nil {
		return wrongAnswer("a forgery was decrypted")
	}
	return err
}

func (w *workload) dataKey(ctx context.Context) error {
	out, err := w.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: w.aes,
		KeySpec: types.DataKeySpecAes256})
	if err != nil {
		return err
	}
	w.keep("Decrypt of a data key", w.decrypts(out.CiphertextBlob, string(out.Plaintext)))
	return w.fresh(out.Plaintext)
}

func (w *workload) signsECDSA(ctx context.Context) error {
	out, err := w.kms.Sign(ctx, w.sign(w.signer, types.SigningAlgorithmSpecEcdsaSha256))
	digest := sha256.Sum256([]byte(plain))
	if err == nil && !ecdsa.VerifyASN1(w.ec, digest[:], out.Signature) {
		return wrongAnswer("a signature that isn't one")
	}
	return err
}

func (w *workload) signsRSA(ctx context.Context) error {
	out, err := w.kms.Sign(ctx, w.sign(w.rsaSigner, types.SigningAlgorithmSpecRsassaPssSha256))
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(plain))
	if rsa.VerifyPSS(w.rsa, 5, digest[:], out.Signature, nil) != nil {
		return wrongAnswer("a signature that isn't one")
	}
	return nil
}

func (w *workload) macs(ctx context.Context) error {
	out, err := w.kms.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: w.hmac,
		MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Message: []byte(plain)})
	if err != nil {
		return err
	}
	return is("MAC", out.Mac, w.mac)
}

func (w *workload) reEncrypt(ctx context.Context) error {
	out, err := w.kms.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: w.blob,
		DestinationKeyId: w.second})
	if err == nil {
		w.keep("Decrypt of what was encrypted anew", w.decrypts(out.CiphertextBlob, plain))
	}
	return err
}

// createKey makes a key, whose every use must be possible then.
func (w *workload) createKey(ctx context.Context) error {
	made, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		return err
	}
	w.keep("use of a key that was made", func(ctx context.Context) error {
		sealed, err := w.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: made.KeyMetadata.KeyId,
			Plaintext: []byte(plain)})
		if err != nil {
			return err
		}
		return w.decrypts(sealed.CiphertextBlob, plain)(ctx)
	})
	return nil
}

func (w *workload) createPair(ctx context.Context) error {
	made, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: types.KeySpecEccNistP256,
		KeyUsage: types.KeyUsageTypeSignVerify})
	if err != nil {
		return err
	}
	w.keep("use of a pair that was made", func(ctx context.Context) error {
		in := w.sign(made.KeyMetadata.KeyId, types.SigningAlgorithmSpecEcdsaSha256)
		signed, err := w.kms.Sign(ctx, in)
		if err != nil {
			return err
		}
		out, err := w.kms.Verify(ctx, &kms.VerifyInput{KeyId: in.KeyId, Message: in.Message,
			Signature: signed.Signature, SigningAlgorithm: in.SigningAlgorithm})
		if err == nil && !out.SignatureValid {
			return wrongAnswer("a pair's signature that isn't one")
		}
		return err
	})
	return nil
}

func (w *workload) createSecret(ctx context.Context) error {
	name, value := w.name(), w.name()
	_, err := w.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name,
		SecretString: &value})
	if err == nil {
		w.keep("GetSecretValue of what was made", w.secretIs(name, value))
	}
	return err
}

func (w *workload) secretIs(name, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := w.secrets.GetSecretValue(ctx,
			&secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			return err
		}
		return is("value", []byte(aws.ToString(out.SecretString)), []byte(want))
	}
}

func (w *workload) password(ctx context.Context) error {
	out, err := w.secrets.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{})
	if err != nil {
		return err
	}
	if p := aws.ToString(out.RandomPassword); len(p) != 32 || strings.Count(p, p[:1]) == len(p) {
		return wrongAnswer("a password that isn't random")
	}
	return w.fresh([]byte(*out.RandomPassword))
}
