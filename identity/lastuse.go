package identity

import (
	"strings"
	"sync"
	"time"

	"claviger/identity/sigv4"
	"claviger/internal/domain"
	"claviger/policy"
	"claviger/store"
)

// LastUse is when and for what an access key signed last. A zero one says that it never did.
type LastUse struct {
	Time            time.Time
	Service, Region string // as the signature names them: kms, us-east-1
}

const bookkeeping = "who signs is known by the access key alone"

var (
	qLastUse = store.Wide(`SELECT used, used_service, used_region FROM access_keys WHERE id = $1`,
		bookkeeping)
	qSetLastUse = store.Wide(`UPDATE access_keys SET used = $1, used_service = $2, used_region = $3
		WHERE id = $4 AND used < $1`, bookkeeping)
)

// A use goes to the database once an hour for each access key, and sooner where it is for another
// service or Region, but not more than once a minute. What lies between is known while the process
// lives.
const (
	sameUse  = time.Hour
	otherUse = time.Minute
)

// uses are the last uses of access keys and roles by this process. They are in two halves, so that
// what is in use stays when room is made: one that was forgotten goes to the database with its next
// request.
type uses struct {
	mu            sync.Mutex
	young, former map[string]use // by the access key's id or the role's
}

// use is the last one, and the last one that went to the database.
type use struct{ last, noted LastUse }

// add remembers a use, and reports whether it is one to go to the database.
func (u *uses) add(id string, now LastUse) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	known, young := u.find(id)
	if !young && (u.young == nil || len(u.young) == cachedAccessKeys) {
		u.former, u.young = u.young, map[string]use{}
	}
	known.last = now
	since := now.Time.Sub(known.noted.Time)
	other := known.noted.Service != now.Service || known.noted.Region != now.Region
	due := since >= sameUse || other && since >= otherUse
	if due {
		known.noted = now
	}
	u.young[id] = known
	return due
}

func (u *uses) last(id string) LastUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	known, _ := u.find(id)
	return known.last
}

func (u *uses) find(id string) (known use, young bool) {
	if known, young = u.young[id]; young {
		return known, true
	}
	return u.former[id], false
}

// permanent is how the ids of access keys begin that rest in the database.
const permanent = "AKIA"

// used notes that a request was signed: of a session by its role, of which that is told. It rides
// in another's transaction and may be lost with the process.
func (d *Directory) used(who *policy.Caller, by sigv4.Credential, now time.Time) {
	u := LastUse{Time: now, Service: by.Service, Region: by.Region}
	if who.Type == policy.AssumedRole {
		if u.Service = ""; d.uses.add(who.UniqueID, u) {
			d.who.RoleUsed(who.Account, who.UniqueID, by.Region, now)
		}
		return
	}
	if !strings.HasPrefix(by.AccessKeyID, permanent) {
		return
	}
	if !d.uses.add(by.AccessKeyID, u) {
		return
	}
	d.db.Note("access key used "+by.AccessKeyID, func(tx *store.Tx) error {
		_, err := tx.Exec(qSetLastUse, store.Micros(now), u.Service, u.Region, by.AccessKeyID)
		return err
	})
}

// LastUse returns when an access key signed last: by this process to the moment, before that to the
// hour.
func (d *Directory) LastUse(id string) (LastUse, error) {
	if u := d.uses.last(id); !u.Time.IsZero() {
		return u, nil
	}
	var at int64
	var u LastUse
	err := d.db.Row(qLastUse, []any{id}, &at, &u.Service, &u.Region)
	if domain.IsNoRow(err) {
		err = nil
	}
	u.Time = store.FromMicros(at)
	return u, err
}
