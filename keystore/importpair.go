package keystore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/publickey"
	"claviger/policy"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	pairLives    = 24 * time.Hour // AWS's, from GetParametersForImport on
	pairFailures = 10             // what one pair fails to unwrap before it is worn: guessing at paddings takes thousands of tries
	pairsPerKey  = 32             // at once: each costs the token seconds, and AWS throttles who asks for more
)

// importPair is a key pair under which material is imported into one key. It is made for one call of GetParametersForImport and
// gone a day later, so that an import that somebody recorded stays closed.
type importPair struct {
	key.Ref
	pairID    string
	algorithm string
	spec      string
	m         custody.Material
	expires   time.Time
}

// GetParametersForImportInput is GetParametersForImportRequest of AWS.
type GetParametersForImportInput struct {
	KeyId             string `shape:"KeyIdType,required"`
	WrappingAlgorithm string `shape:"AlgorithmSpec,required"`
	WrappingKeySpec   string `shape:"WrappingKeySpec,required"`
}

// Validate refuses what AWS serves in China only, and what it has given up.
func (in GetParametersForImportInput) Validate() error {
	switch {
	case in.WrappingAlgorithm == "RSAES_PKCS1_V1_5":
		return kmsfault.Unsupported("The wrapping algorithm RSAES_PKCS1_V1_5 is not supported any more. Use one of RSAES_OAEP_SHA_256 and RSA_AES_KEY_WRAP_SHA_256.")
	case in.WrappingAlgorithm == "SM2PKE", in.WrappingKeySpec == "SM2":
		return kmsfault.Unsupported("Wrapping by SM2 is not supported by this service.")
	}
	return nil
}

// GetParametersForImportOutput is GetParametersForImportResponse of AWS. PublicKey is a DER SubjectPublicKeyInfo.
type GetParametersForImportOutput struct {
	KeyId             string
	ImportToken       []byte
	PublicKey         []byte
	ParametersValidTo wire.Time
}

func (s *Keys) findImportParameters(c *op.Call, in GetParametersForImportInput) (*target, error) {
	t, err := s.finder.find(c, "GetParametersForImport", in.KeyId, false)
	if err != nil {
		return t, err
	}
	t.fits = func(k *key.Key) error { return comesBy(k, in.WrappingAlgorithm, in.WrappingKeySpec) }
	return t, nil
}

// comesBy returns nil if the key's material can be wrapped by an algorithm under a pair of a spec: RSA private keys are longer
// than RSA encrypts, and so is one on P-521 for the smallest pair.
func comesBy(k *key.Key, algorithm, spec string) error {
	direct := strings.HasPrefix(algorithm, "RSAES_OAEP_")
	switch {
	case direct && publickey.ModulusBits[k.Spec] > 0:
		return kmsfault.Unsupported("The wrapping algorithm " + algorithm + " can't wrap key material of key spec " + k.Spec + ". Use one of RSA_AES_KEY_WRAP_SHA_256 and RSA_AES_KEY_WRAP_SHA_1.")
	case direct && k.Spec == "ECC_NIST_P521" && spec == "RSA_2048":
		return kmsfault.Unsupported("The wrapping algorithm " + algorithm + " can't wrap key material of key spec " + k.Spec + " under a wrapping key of RSA_2048.")
	}
	return nil
}

func (s *Keys) getParametersForImport(c *op.Call, in GetParametersForImportInput, t *target) (op.Commit[GetParametersForImportOutput], error) {
	p := &importPair{Ref: t.key.Ref(), pairID: uuid.NewString(), algorithm: in.WrappingAlgorithm, spec: in.WrappingKeySpec,
		expires: c.Time.Add(pairLives).Truncate(time.Millisecond)}
	err := anotherPair(s.db, p.Ref) // now, before the token works for nothing, and once more when it has
	if err != nil {
		return nil, err
	}
	if p.m, err = s.token.ImportPair(c, p.pairID, p.spec, custody.Algorithm(p.algorithm)); err != nil {
		return nil, err
	}
	insert, err := s.insertImportPair(c, p)
	if err != nil {
		return nil, err
	}
	out := GetParametersForImportOutput{t.key.ARN(), s.importToken(p), p.m.Public, wire.Time{Time: p.expires}}
	return func(tx *store.Tx) (GetParametersForImportOutput, error) {
		if err := anotherPair(tx, p.Ref); err != nil {
			return out, err
		}
		if err := insert(tx); err != nil {
			return out, err
		}
		return out, s.jobs.Schedule(tx, DeleteImportPairJob, p.Account, p.Region, subjectOf(p.ID, p.pairID), p.expires)
	}, nil
}

// anotherPair returns nil if one more pair may be made for a key.
func anotherPair(r store.Reader, k key.Ref) error {
	var n int
	err := r.Row(qPairsOfKey, []any{k.Account, k.Region, k.ID}, &n)
	if err == nil && n >= pairsPerKey {
		err = fault.Newf(fault.Limit, "LimitExceededException",
			"There are %d import tokens for the key already. Use one of them, or wait until the first of them expires.", pairsPerKey)
	}
	return err
}

// importToken names a pair and its end, bound to the key. What else the pair is bound to is in its row, which is signed.
func (s *Keys) importToken(p *importPair) []byte {
	return []byte(s.tokens.Make(subjectOf(p.pairID, strconv.FormatInt(p.expires.UnixMicro(), 10)), importScope(p.Ref)...))
}

func importScope(k key.Ref) []string { return []string{"ImportToken", k.Account, k.Region, k.ID} }

var (
	errImportToken = fault.New(fault.Invalid, "InvalidImportTokenException",
		"The import token is invalid, or is associated with a different KMS key.")
	errTokenExpired = fault.New(fault.Invalid, "ExpiredImportTokenException",
		"The import token is expired. Use GetParametersForImport to get a new import token and public key.")
)

// pairOf finds the pair that an import token names. A token has its end in it, since the pair is gone then.
func (s *Keys) pairOf(c *op.Call, k key.Ref, token []byte) (*importPair, error) {
	subject, err := s.tokens.Read(string(token), importScope(k)...)
	if err != nil {
		return nil, errImportToken.Because(err)
	}
	id, end, _ := strings.Cut(subject, "/")
	micros, err := strconv.ParseInt(end, 10, 64)
	if err != nil {
		return nil, errImportToken.Because(err)
	}
	if !c.Time.Before(time.UnixMicro(micros)) {
		return nil, errTokenExpired
	}
	p, err := s.loadImportPair(c, k, id)
	if isNoRow(err) {
		err = errImportToken.Because(err)
	}
	return p, err
}

// countAttempt counts an attempt to unwrap, unless the pair is worn. It is made before the attempt and not together with the record
// of what came of it, so that requests at the same time don't get more of them.
func (s *Keys) countAttempt(p *importPair) error {
	return s.db.Commit(func(tx *store.Tx) error {
		err := tx.Change(qCountAttempt, p.Account, p.Region, p.ID, p.pairID, pairFailures)
		if errors.Is(err, store.Stale) {
			err = errTokenExpired
		}
		return err
	}, nil)
}

// takeBackAttempt takes an attempt back in which the pair didn't fail. The pair may be gone by then.
func (s *Keys) takeBackAttempt(p *importPair) error {
	return s.db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qTakeBackAttempt, p.Account, p.Region, p.ID, p.pairID)
		return err
	}, nil)
}

// deletePairInput names a pair whose time is over.
type deletePairInput struct {
	KeyId  string `shape:"KeyIdType,required"`
	PairId string `shape:"PairId,required"`
	op.ByShape
}

// leftover is a pair that may have to go.
type leftover struct {
	key.Ref
	pairID string
}

func (l leftover) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:DeleteImportPair", Resource: policy.Resource{ARN: l.ARN()}}}
}
func (leftover) Missing() error { return nil }
func (leftover) Ready() error   { return nil }

func (s *Keys) findLeftover(c *op.Call, in deletePairInput) (leftover, error) {
	n, err := name(c, in.KeyId, false)
	return leftover{n.Ref, in.PairId}, err
}

// DeleteImportPair removes a pair whose time is over. It is the work of a [DeleteImportPairJob].
func (s *Keys) DeleteImportPair(c *op.Call, subject string) error {
	key, pair, _ := strings.Cut(subject, "/")
	_, err := op.AsService(c, "kms", s.deletePair, deletePairInput{KeyId: key, PairId: pair})
	return err
}

// deleteImportPair leaves a pair alone whose time has not come, because the clock was set back: the job must stay then.
func (s *Keys) deleteImportPair(c *op.Call, _ deletePairInput, l leftover) (op.Commit[op.None], error) {
	p, err := s.loadImportPair(c, l.Ref, l.pairID)
	switch {
	case isNoRow(err):
		return op.Unchanged(op.None{}), nil
	case err != nil:
		return nil, err
	case p.expires.After(c.Time):
		return nil, errEarly(p.ARN() + " has an import in preparation")
	}
	return func(tx *store.Tx) (op.None, error) {
		tx.After(func() { s.token.Forget(l.pairID) })
		_, err := tx.Exec(qDeleteImportPair, l.Account, l.Region, l.ID, l.pairID)
		return op.None{}, err
	}, nil
}

// subjectOf names a part of a key in a job and in a token: neither id has a slash.
func subjectOf(id, part string) string { return id + "/" + part }

// errEarly keeps a job whose time has not come.
func errEarly(what string) error {
	return fault.New(fault.State, "KMSInvalidStateException", what+", and its time has not come.")
}

func (p *importPair) columns() []any {
	return []any{p.Account, p.Region, p.ID, p.pairID, p.algorithm, p.spec, string(p.m.Kind), p.m.Root, p.m.Mechanism, p.m.Wrapped,
		p.m.Public, p.m.Check, store.Micros(p.expires)}
}

// insertImportPair signs the row of a new pair and returns what stores it. How often it failed is not under the MAC.
func (s *Keys) insertImportPair(ctx context.Context, p *importPair) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_import_pairs", p.columns()...)
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertImportPair, append(p.columns(), mac)...)
		return err
	}, err
}

func (s *Keys) loadImportPair(ctx context.Context, k key.Ref, id string) (*importPair, error) {
	p := &importPair{Ref: k, pairID: id, m: custody.Material{ID: id}}
	var expires int64
	var mac []byte
	err := s.db.Row(qImportPair, []any{k.Account, k.Region, k.ID, id}, &p.algorithm, &p.spec, &p.m.Kind, &p.m.Root, &p.m.Mechanism,
		&p.m.Wrapped, &p.m.Public, &p.m.Check, &expires, &mac)
	if err != nil {
		return nil, err
	}
	p.expires = store.FromMicros(expires)
	return p, s.guard.Verify(ctx, mac, "kms_import_pairs", p.columns()...)
}
