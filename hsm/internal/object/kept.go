package object

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
)

// That a decision to destroy a resident key was taken back is said by an object beside the key: a
// key of its own that nobody uses. Its label has the revision up to which decisions are void. It
// can't be put back or hidden by who has not logged in to the token.

const (
	keptLabel  = "claviger kept "
	keptIDSize = 16
)

// keptID is the CKA_ID of the objects that say it of a resident key. The key's own is taken.
func keptID(name []byte) []byte {
	sum := sha256.Sum256(append([]byte(keptLabel), name...))
	return sum[:keptIDSize]
}

// Kept returns up to which revision decisions to destroy a resident key are void, and the objects
// that say so, none if nothing was taken back. One that can't be read is an error: it may say
// anything.
func (d *Device) Kept(s cryptoki.Session, name []byte) (rev int64, said []cryptoki.Object,
	err error) {
	said, err = d.Driver.FindObjects(s, []cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES), cryptoki.Bool(pkcs11.CKA_TOKEN, true),
		cryptoki.Bytes(pkcs11.CKA_ID, keptID(name)),
	})
	if err != nil {
		return 0, nil, err
	}
	for _, o := range said {
		label, err := d.Driver.Attributes(s, o, pkcs11.CKA_LABEL)
		if err != nil {
			return 0, nil, err
		}
		n, err := strconv.ParseInt(strings.TrimPrefix(string(label[0]), keptLabel), 10, 64)
		if err != nil {
			return 0, nil, fmt.Errorf("hsm: the label %q beside a resident key: %w", label[0], err)
		}
		rev = max(rev, n)
	}
	return rev, said, nil
}

// Keep makes decisions to destroy a resident key void up to a revision. k is the template of AES
// keys. What said so before is destroyed last.
func (d *Device) Keep(s cryptoki.Session, k dialect.KeyTemplate, name []byte, rev int64) error {
	before, said, err := d.Kept(s, name)
	if err != nil || before >= rev {
		return err
	}
	_, _, err = d.GenerateResident(s, k, keptLabel+strconv.FormatInt(rev, 10), keptID(name))
	if err != nil {
		return err
	}
	return d.destroyAll(s, said)
}

func (d *Device) destroyAll(s cryptoki.Session, objects []cryptoki.Object) (err error) {
	for _, o := range objects {
		err = errors.Join(err, d.Driver.DestroyObject(s, o))
	}
	return err
}

// ForgetKept destroys what says that a resident key is kept, once the key itself is gone.
func (d *Device) ForgetKept(s cryptoki.Session, name []byte) error {
	_, said, err := d.Kept(s, name)
	if err != nil {
		return err
	}
	return d.destroyAll(s, said)
}
