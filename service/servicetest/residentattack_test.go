package servicetest_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// attacked is a resident key that an operator with the database alone is after: who can read and
// write every row, put back what was there, and has no token.
type attacked struct {
	*servicetest.Server
	db          *sql.DB
	token       hsm.Config
	key         *string
	reservation []any            // the row that was there while the key was made
	works       func(*testing.T) // the key does what it is for
}

const orphanColumns = `account, region, id, custom_key_store_id, reason, key_id, key_rev, created,
	stale, mac`

// attackedKeys makes one key on the service's own token and one in a custom key store.
func attackedKeys(t *testing.T) map[string]*attacked {
	own := &attacked{token: withResidents(t)}
	vault := &attacked{token: hsmtest.Vault(t)}
	s := servicetest.StartOn(t, own.token, oneCluster(vault.token))
	db := database(t, s.Database)
	c := s.KMS()
	own.Server, own.db, vault.Server, vault.db = s, db, s, db
	own.make(t, func() *string {
		return must(c.CreateKey(t.Context(), edwards))(t).KeyMetadata.KeyId
	})
	own.works = func(t *testing.T) { signsByEd25519(t, c, own.key) }
	id := connectedStore(t, s)
	vault.make(t, func() *string { return keyIn(t, c, id).KeyId })
	blob := encrypt(t, c, vault.key, "x", nil)
	vault.works = func(t *testing.T) {
		eventually(t, "the store's key decrypts", func() bool {
			out, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
			return err == nil && string(out.Plaintext) == "x"
		})
	}
	return map[string]*attacked{"own token": own, "custom key store": vault}
}

// make makes keys until the reservation of one was seen.
func (a *attacked) make(t *testing.T, create func() *string) {
	t.Helper()
	look := must(a.db.Prepare(`SELECT ` + orphanColumns + ` FROM kms_orphaned_materials`))(t)
	defer look.Close()
	for range 50 {
		made := make(chan *string, 1)
		go func() { made <- create() }()
		var row []any
		for a.key = nil; a.key == nil; {
			seen, into := make([]any, 10), make([]any, 10)
			for i := range seen {
				into[i] = &seen[i]
			}
			if err := look.QueryRow().Scan(into...); err == nil {
				row = seen
			} else if !errors.Is(err, sql.ErrNoRows) {
				t.Error(err)
			}
			select {
			case a.key = <-made:
			default:
			}
		}
		if row != nil && row[5] == *a.key {
			a.reservation = row
			return
		}
	}
	t.Fatal("no reservation was ever seen")
}

func (a *attacked) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	must(a.db.Exec(statement, args...))(t)
}

// putBack puts the reservation back as it was.
func (a *attacked) putBack(t *testing.T) {
	t.Helper()
	a.exec(t, `INSERT OR REPLACE INTO kms_orphaned_materials (`+orphanColumns+
		`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, a.reservation...)
}

// job asks for the destruction of the key, now.
func (a *attacked) job(t *testing.T) {
	t.Helper()
	a.exec(t, `INSERT OR REPLACE INTO jobs
		(id, kind, account, region, subject, due, rev, lease, expires, attempts)
		VALUES ('forged', 'kms:DestroyKeyMaterial', ?1, ?2, ?3, 0, 0, 0, 0, 0)`, a.reservation[:3]...)
}

// row copies the one row that a column of a table has the key's id in.
func (a *attacked) row(t *testing.T, table, column string) []any {
	t.Helper()
	row := must(a.db.Query(`SELECT * FROM `+table+` WHERE `+column+` = ?`, *a.key))(t)
	defer row.Close()
	columns := must(row.Columns())(t)
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if !row.Next() {
		t.Fatalf("the key has no row in %s", table)
	}
	accepted(t, row.Scan(into...))
	return values
}

// restore puts a row back that was copied.
func (a *attacked) restore(t *testing.T, table string, row []any) {
	t.Helper()
	a.exec(t, `INSERT OR REPLACE INTO `+table+` VALUES (?`+strings.Repeat(", ?", len(row)-1)+`)`,
		row...)
}

// hidden does what f does while the key's material has no row, and puts the row back.
func (a *attacked) hidden(t *testing.T, f func()) {
	t.Helper()
	row := a.row(t, "kms_materials", "key_id")
	a.exec(t, `DELETE FROM kms_materials WHERE key_id = ?`, *a.key)
	f()
	a.restore(t, "kms_materials", row)
}

// run has the service do what is due, and what becomes due by it.
func (a *attacked) run(t *testing.T) {
	t.Helper()
	for range 3 {
		a.RunDueJobs(t)
	}
}

// attackResident runs an attack on both kinds of resident keys, and says that none was destroyed.
func attackResident(t *testing.T, attack func(*testing.T, *attacked)) {
	t.Helper()
	for name, a := range attackedKeys(t) {
		t.Run(name, func(t *testing.T) {
			there := objects(t, a.token)
			a.works(t)
			attack(t, a)
			if n := objects(t, a.token); n != there {
				t.Errorf("%d objects were on the token, and %d are there", there, n)
			}
			a.works(t)
		})
	}
}

func TestResidentAttack_ForgedJob_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		a.job(t)
		a.run(t)
		a.hidden(t, func() {
			a.job(t)
			a.run(t)
		})
	})
}

func TestResidentAttack_ReservationPutBackInItsTime_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		a.putBack(t)
		a.job(t)
		a.run(t)
		a.hidden(t, func() {
			a.putBack(t)
			a.job(t)
			a.run(t)
		})
	})
}

func TestResidentAttack_ReservationPutBackLater_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		a.Clock.Advance(2 * time.Hour)
		a.hidden(t, func() {
			a.putBack(t)
			a.job(t)
			a.run(t)
			a.Clock.Advance(48 * time.Hour)
			a.job(t)
			a.run(t)
		})
		if !strings.Contains(a.Log.String(), a.reservation[2].(string)) {
			t.Error("the operator was told nothing")
		}
		a.run(t) // the material has its row again
		a.Clock.Advance(48 * time.Hour)
		a.run(t)
	})
}

// A process that starts remembers nothing. It only starts because somebody has accepted the rows.
func TestResidentAttack_ReservationPutBackOverARestart_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		for _, later := range []time.Duration{0, 2 * time.Hour} {
			a.Clock.Advance(later)
			a.hidden(t, func() {
				a.Restart(t, func() {
					a.putBack(t)
					a.job(t)
					a.AcceptRows(t)
				})
				eventually(t, "what is due was done", func() bool {
					a.run(t)
					return a.Service().Ready() == nil
				})
				time.Sleep(2 * time.Second) // for a store that has to be connected again
				a.run(t)
			})
			a.Restart(t, func() { a.AcceptRows(t) })
		}
	})
}

func TestResidentAttack_ReservationMadeATombstone_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		for _, reason := range []string{"DELETED", "ABANDONED"} {
			a.hidden(t, func() {
				a.putBack(t)
				a.exec(t, `UPDATE kms_orphaned_materials SET reason = ?, stale = 0 WHERE id = ?`, reason,
					a.reservation[2])
				a.job(t)
				a.run(t)
			})
		}
		if !strings.Contains(a.Log.String(), "kms_orphaned_materials") {
			t.Error("the operator was told nothing")
		}
	})
}

func TestResidentAttack_ReservationMadeOlder_DestroysNothing(t *testing.T) {
	attackResident(t, func(t *testing.T, a *attacked) {
		created := a.reservation[7].(int64)
		a.hidden(t, func() {
			a.putBack(t)
			a.exec(t, `UPDATE kms_orphaned_materials SET created = ?, stale = ? WHERE id = ?`,
				created-int64(48*time.Hour/time.Microsecond), created, a.reservation[2])
			a.job(t)
			a.run(t)
		})
	})
}

// The row of a key whose deletion was cancelled, from before that, deletes the key if somebody
// accepts the rows. What it is made of stays on the token, and a backup brings the key back.
func TestResidentAttack_PendingDeletionPutBack_DestroysNothing(t *testing.T) {
	const day = 24 * time.Hour
	for name, a := range attackedKeys(t) {
		t.Run(name, func(t *testing.T) {
			c, days := a.KMS(), aws.Int32(7)
			in := &kms.ScheduleKeyDeletionInput{KeyId: a.key, PendingWindowInDays: days}
			must(c.ScheduleKeyDeletion(t.Context(), in))(t)
			pending := a.row(t, "kms_keys", "id")
			must(c.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: a.key}))(t)
			must(c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: a.key}))(t)
			a.works(t)
			there := objects(t, a.token)
			key, material := a.row(t, "kms_keys", "id"), a.row(t, "kms_materials", "key_id")

			a.Restart(t, func() {
				a.restore(t, "kms_keys", pending)
				a.exec(t, `INSERT INTO jobs
					(id, kind, account, region, subject, due, rev, lease, expires, attempts)
					VALUES (?1, 'kms:DeleteKey', ?2, ?3, ?1, 0, 0, 0, 0, 0)`, *a.key, pending[0], pending[1])
				a.AcceptRows(t)
			})
			a.Clock.Advance(8 * day)
			eventually(t, "the key is deleted", func() bool {
				a.run(t)
				_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: a.key})
				return err != nil
			})
			eventually(t, "the operator is told", func() bool {
				a.run(t)
				return strings.Contains(a.Log.String(), "an older row has had it deleted")
			})
			a.Clock.Advance(8 * day)
			a.run(t)
			if n := objects(t, a.token); n != there {
				t.Errorf("%d objects were on the token, and %d are there", there, n)
			}
			a.Restart(t, func() {
				a.restore(t, "kms_keys", key)
				a.restore(t, "kms_materials", material)
				a.AcceptRows(t)
			})
			a.works(t)

			// A deletion that nobody cancels destroys it, and what was said of it.
			a.exec(t, `DELETE FROM kms_orphaned_materials`)
			must(c.ScheduleKeyDeletion(t.Context(), in))(t)
			a.Clock.Advance(8 * day)
			eventually(t, "its material is gone", func() bool {
				a.run(t)
				return objects(t, a.token) == there-2
			})
		})
	}
}
