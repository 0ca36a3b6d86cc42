// Package imports is how key material comes into a KMS key from elsewhere: the key pairs that it is
// wrapped for, the tokens that name them, and what may be imported into which key.
//
// A pair is made for one key and one algorithm, and is gone a day later. So a request that somebody
// recorded opens nothing afterwards, even for those who get hold of the device. A pair also stops
// serving after ten ciphertexts that it couldn't unwrap: guessing at paddings takes thousands.
//
// Importing, deleting and expiring are changes of a key and belong to the operations of KMS. What a
// pair itself needs, its attempts and its end, are operations of the service's own here.
package imports

import (
	"context"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/internal/signedtoken"
	"claviger/keystore/key"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	// PairLifetime is how long a pair serves, as AWS has it.
	PairLifetime = 24 * time.Hour
	// MaxFailures is how many ciphertexts one pair fails to unwrap before it serves no more.
	MaxFailures = 10
	// MaxPairs is how many pairs a key has at a time. Each costs the device seconds, and AWS
	// throttles whoever asks for more.
	MaxPairs = 32
)

// Device makes pairs and unwraps what comes under them.
type Device interface {
	// ImportPair makes a pair of a WrappingKeySpec for one WrappingAlgorithm. It takes seconds.
	ImportPair(ctx context.Context, id, spec string, alg custody.Algorithm) (custody.Material, error)
	// Import answers what it can't unwrap with [custody.ErrForged], and what is no such key with
	// [custody.ErrUnfit].
	Import(ctx context.Context, in custody.Import) (custody.Material, error)
	Forget(id string)
}

// Pair is a key pair under which material is imported into one key. It is never changed.
type Pair struct {
	Key       key.Ref
	Algorithm string           // WrappingAlgorithm
	Spec      string           // WrappingKeySpec
	Material  custody.Material // its id is the pair's
	Expires   time.Time
}

// Pairs are the import pairs of one installation, of all accounts and Regions.
type Pairs struct {
	db     *store.DB
	signer *rowmac.Signer
	tokens *signedtoken.Maker
	jobs   domain.Scheduler
	device Device

	countAttempt, takeBackAttempt, deletePair op.Command[pairInput, op.None]
}

// New returns the pairs in a database. Their end is put off until then by jobs.
func New(db *store.DB, signer *rowmac.Signer, tokens *signedtoken.Maker, jobs domain.Scheduler,
	device Device) *Pairs {
	p := &Pairs{db: db, signer: signer, tokens: tokens, jobs: jobs, device: device}
	p.countAttempt = command("CountImportAttempt", p.planCountAttempt)
	p.takeBackAttempt = command("TakeBackImportAttempt", p.planTakeBackAttempt)
	p.deletePair = command("DeleteImportPair", p.planDelete)
	return p
}

// signedPairs are the rows of pairs. How often one failed is not signed: every attempt would be a
// signature, and an attacker who can write to the database could as well restore an old row.
var signedPairs = rowmac.Declare("kms_import_pairs", func(p *Pair) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &p.Key.Account), rowmac.Text("region", &p.Key.Region),
		rowmac.Text("key_id", &p.Key.ID), rowmac.Text("id", &p.Material.ID),
		rowmac.Text("algorithm", &p.Algorithm), rowmac.Text("spec", &p.Spec),
		rowmac.Word("kind", &p.Material.Kind), rowmac.Text("root", &p.Material.Root),
		rowmac.Text("mechanism", &p.Material.Mechanism),
		rowmac.Bytes("wrapped", &p.Material.Wrapped), rowmac.Bytes("public", &p.Material.Public),
		rowmac.Bytes("verifier", &p.Material.Check), rowmac.Time("expires", &p.Expires),
	}
})

var (
	qPair = store.SQL(`SELECT ` + signedPairs.Columns() + ` FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qInsertPair = store.SQL(signedPairs.Insert("failures"))
	qCountPairs = store.SQL(`SELECT count(*) FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDeletePair = store.SQL(`DELETE FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qDeletePairs = store.SQL(`DELETE FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// Generate makes a pair for a key, and prepares what stores it and has it deleted in time. It takes
// the device seconds.
func (s *Pairs) Generate(c *op.Call, k key.Ref, algorithm,
	spec string) (*Pair, domain.Change, error) {
	if err := checkCount(s.db, k); err != nil { // before the device works for nothing
		return nil, nil, err
	}
	m, err := s.device.ImportPair(c, uuid.NewString(), spec, custody.Algorithm(algorithm))
	if err != nil {
		return nil, nil, err
	}
	p := &Pair{Key: k, Algorithm: algorithm, Spec: spec, Material: m,
		Expires: c.Time.Add(PairLifetime).Truncate(time.Millisecond)}
	values, err := signedPairs.Sign(c, s.signer, p)
	if err != nil {
		return nil, nil, err
	}
	return p, func(tx *store.Tx) error {
		if err := checkCount(tx, k); err != nil { // others may have made theirs meanwhile
			return err
		}
		if _, err := tx.Exec(qInsertPair, values...); err != nil {
			return err
		}
		subject := Subject(k.ID, m.ID)
		return s.jobs.Schedule(tx, DeletePairJob, k.Account, k.Region, subject, p.Expires)
	}, nil
}

// checkCount returns nil if a key may have one more pair.
func checkCount(from store.Reader, k key.Ref) error {
	var n int
	if err := from.Row(qCountPairs, []any{k.Account, k.Region, k.ID}, &n); err != nil {
		return err
	}
	if n < MaxPairs {
		return nil
	}
	return fault.Newf(fault.Limit, "LimitExceededException", "There are %d import tokens for the "+
		"key already. Use one of them, or wait until the first of them expires.", MaxPairs)
}

// load reads and verifies a pair, or returns [store.NoRow].
func (s *Pairs) load(ctx context.Context, k key.Ref, id string) (*Pair, error) {
	return signedPairs.Load(ctx, s.signer, s.db, qPair, []any{k.Account, k.Region, k.ID, id})
}

// DeleteAll removes the pairs of a key that is going.
func (s *Pairs) DeleteAll(tx *store.Tx, k key.Ref) error {
	_, err := tx.Exec(qDeletePairs, k.Account, k.Region, k.ID)
	return err
}
