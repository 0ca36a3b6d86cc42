package secrets

import (
	"context"
	"crypto/sha256"
	"time"

	"claviger/internal/op"
	"claviger/store"

	"github.com/go-json-experiment/json"
)

// columnsOfSecret is what a Secret is read from, by [row.scan].
const columnsOfSecret = `name, suffix, rev, description, key_id, tags, stages, created, changed, deletes, accessed, mac`

var (
	qSecret       = store.SQL(`SELECT ` + columnsOfSecret + ` FROM secrets WHERE account = $1 AND region = $2 AND name = $3`)
	qInsertSecret = store.SQL(`INSERT INTO secrets (account, region, name, suffix, rev, description, key_id, tags, stages, created, changed, deletes, accessed, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13)`)
	qUpdateSecret = store.SQL(`UPDATE secrets SET rev = $1, description = $2, key_id = $3, tags = $4, stages = $5, changed = $6, deletes = $7, mac = $8
		WHERE account = $9 AND region = $10 AND name = $11 AND suffix = $12 AND rev = $13`)
	qDeleteSecret   = store.SQL(`DELETE FROM secrets WHERE account = $1 AND region = $2 AND name = $3 AND suffix = $4 AND rev = $5`)
	qSecretAccess   = store.SQL(`SELECT accessed FROM secrets WHERE account = $1 AND region = $2 AND name = $3`)
	qSecretAccessed = store.SQL(`UPDATE secrets SET accessed = $1
		WHERE account = $2 AND region = $3 AND name = $4 AND suffix = $5 AND accessed < $1`)
)

// text is the form of tags and labels in their columns: JSON with the members of an object in order.
func text(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(b)
}

// tagText and stageText write absent lists as empty ones: one content has one text.
func tagText(tags []Tag) string {
	if len(tags) == 0 {
		return "[]"
	}
	return text(tags)
}

func stageText(s stages) string {
	if len(s) == 0 {
		return "{}"
	}
	return text(s)
}

// columns is what the MAC of a secret's row is over: all but the day of the last access.
func (s *Secret) columns(tags, stages string) []any {
	return []any{s.Account, s.Region, s.Name, s.Suffix, s.Rev, s.Description, s.KeyID, tags, stages,
		store.Micros(s.Created), store.Micros(s.Changed), store.Micros(s.Deletes)}
}

// row is a secret as it was read, not yet verified. It keeps the texts of its JSON columns, because the MAC is over
// the bytes that are stored and not over what another version of the encoder would make of them.
type row struct {
	*Secret
	accessed     int64 // the day, in microseconds
	tags, stages string
	mac          []byte
}

// scan reads the columns of columnsOfSecret.
func (r *row) scan(account, region string, scan func(...any) error) error {
	s := &Secret{Account: account, Region: region}
	r.Secret = s
	var created, changed, deletes int64
	err := scan(&s.Name, &s.Suffix, &s.Rev, &s.Description, &s.KeyID, &r.tags, &r.stages, &created, &changed, &deletes, &r.accessed, &r.mac)
	if err != nil {
		return err
	}
	s.Created, s.Changed, s.Deletes = store.FromMicros(created), store.FromMicros(changed), store.FromMicros(deletes)
	if err := json.Unmarshal([]byte(r.tags), &s.Tags); err != nil {
		return err
	}
	return json.Unmarshal([]byte(r.stages), &s.stages)
}

// verify asks the token whether the row is as the service wrote it. It must not be called while rows are open.
func (s *Secrets) verify(ctx context.Context, r *row) error {
	return s.guard.Verify(ctx, r.mac, "secrets", r.columns(r.tags, r.stages)...)
}

// loadSecret reads and verifies a secret.
func (s *Secrets) loadSecret(ctx context.Context, ref secretRef) (*Secret, error) {
	var r row
	err := r.scan(ref.account, ref.region, func(dest ...any) error {
		return s.db.Row(qSecret, []any{ref.account, ref.region, ref.name}, dest...)
	})
	if err != nil {
		return nil, err
	}
	return r.Secret, s.verify(ctx, &r)
}

// change is a secret as it shall be, and what else belongs into the same transaction.
type change struct {
	secret *Secret
	add    []*version // new ones
	reseal []*version // present ones under another key
	prune  []string   // ids of versions that go
	also   func(*store.Tx) error
}

// prepare signs the rows of a change and returns what stores them: the secret's own row first, because it is the
// fence. Revision 1 is a new secret; if there is one of that name meanwhile, the road looks again.
func (s *Secrets) prepare(c *op.Call, ch *change) (func(*store.Tx) error, error) {
	sec, tags, stages := ch.secret, tagText(ch.secret.Tags), stageText(ch.secret.stages)
	mac, err := s.guard.Sign(c, "secrets", sec.columns(tags, stages)...)
	if err != nil {
		return nil, err
	}
	added, err := s.signVersions(c, sec, ch.add)
	if err != nil {
		return nil, err
	}
	resealed, err := s.signVersions(c, sec, ch.reseal)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		s.forget(tx, sec.ref())
		if err := putSecret(tx, sec, tags, stages, mac); err != nil {
			return err
		}
		if err := putVersions(tx, sec, ch, added, resealed); err != nil || ch.also == nil {
			return err
		}
		return ch.also(tx)
	}, nil
}

// putSecret stores the secret's row. The suffix is part of the fence: a name that was removed and made again begins with
// revision 1 again, and is another secret.
func putSecret(tx *store.Tx, sec *Secret, tags, stages string, mac []byte) error {
	if sec.Rev > 1 {
		return tx.Change(qUpdateSecret, sec.Rev, sec.Description, sec.KeyID, tags, stages, store.Micros(sec.Changed), store.Micros(sec.Deletes), mac,
			sec.Account, sec.Region, sec.Name, sec.Suffix, sec.Rev-1)
	}
	_, err := tx.Exec(qInsertSecret, append(sec.columns(tags, stages), mac)...)
	if isExists(err) {
		return store.Stale
	}
	return err
}

// remove takes a secret away with all its versions.
func (s *Secrets) remove(tx *store.Tx, sec *Secret) error {
	s.forget(tx, sec.ref())
	if _, err := tx.Exec(qDeleteVersions, sec.Account, sec.Region, sec.Name); err != nil {
		return err
	}
	return tx.Change(qDeleteSecret, sec.Account, sec.Region, sec.Name, sec.Suffix, sec.Rev)
}

// accessedOn returns the day a secret was last read.
func (s *Secrets) accessedOn(sec *Secret) (time.Time, error) {
	var day int64
	err := s.db.Row(qSecretAccess, []any{sec.Account, sec.Region, sec.Name}, &day)
	if isNoRow(err) {
		err = nil // gone this moment
	}
	return store.FromMicros(day), err
}

// noteAccess remembers that a version was read on a day. It rides in another's transaction, at most once a version and day.
func (s *Secrets) noteAccess(sec *Secret, id string, day int64) {
	s.db.Note("secrets accessed "+sec.ARN()+" "+id, func(tx *store.Tx) error {
		_, err := tx.Exec(qSecretAccessed, day, sec.Account, sec.Region, sec.Name, sec.Suffix)
		if err == nil {
			_, err = tx.Exec(qVersionAccessed, day, sec.Account, sec.Region, sec.Name, id, sec.Suffix)
		}
		return err
	})
}

// digestOf is what stands for a sealed value in the MAC of its row.
func digestOf(sealed []byte) []byte {
	d := sha256.Sum256(sealed)
	return d[:]
}
