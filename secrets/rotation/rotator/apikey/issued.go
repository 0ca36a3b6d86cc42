package apikey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"claviger/secrets/rotation/rotator"
)

// issued is an API that makes keys itself.
type issued struct{ api }

var _ rotator.Issuer = (*issued)(nil)

// Candidate implements [rotator.Target]. There is none: see [issued.Issue].
func (t *issued) Candidate(_ context.Context, current rotator.Document,
	_ rotator.Passwords) (rotator.Document, error) {
	return current, rotator.Errorf(rotator.Failed, "the API makes keys itself")
}

// Issue implements [rotator.Issuer].
func (t *issued) Issue(ctx context.Context, v rotator.Versions, token string) (
	next rotator.Document, err error) {
	base, err := t.rotatable(v.Current)
	if err != nil {
		return next, err
	}
	owners := append([]rotator.Document{v.Current}, t.before(base, v)...)
	by, err := t.author(ctx, base, v, owners...)
	if err != nil {
		return next, err
	}
	mark := markOf(v.Current, token)
	if t.config.Issued.List != nil {
		if err := t.revokeLost(ctx, base, by, v, mark); err != nil {
			return next, err
		}
	}
	return t.issue(ctx, base, by, v.Current, mark)
}

// markOf returns what a rotation's key is known by. A caller may choose the token of a rotation: if
// it were the mark, one that rotates another secret with the same token would be answered with its
// key, and one that is some key's name would have it revoked.
func markOf(current rotator.Document, token string) string {
	h := hmac.New(sha256.New, []byte(current.Text(keyMember)))
	h.Write([]byte(token))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (t *issued) issue(ctx context.Context, base *url.URL, by, current rotator.Document,
	mark string) (next rotator.Document, err error) {
	header := http.Header{}
	if name := t.config.Issued.Idempotency; name != "" {
		header.Set(name, mark)
	}
	answer, err := t.send(ctx, base, by, t.config.Make, marked(current, mark), header)
	if err != nil {
		return next, err
	}
	key, found := find(answer, t.config.Issued.Key)
	id, named := find(answer, t.config.Issued.ID)
	switch {
	case !found || !named || !isToken(key) || len(id) > mostKey:
		return next, rotator.Errorf(rotator.BadAnswer, "the API has made a key and doesn't tell it, or "+
			"not where the configuration says")
	case key == current.Text(keyMember) || id == current.Text(idMember):
		return next, rotator.Errorf(rotator.BadAnswer, "the API answers with the key that there was")
	}
	return current.With(keyMember, key).With(idMember, id), nil
}

// mostLost bounds the keys that a rotation may have lost: each attempt loses one and begins by
// revoking it.
const mostLost = 16

// revokeLost revokes keys that an earlier attempt has made and nobody has heard of.
func (t *issued) revokeLost(ctx context.Context, base *url.URL, by rotator.Document,
	v rotator.Versions, mark string) error {
	list := t.config.Issued.List
	answer, err := t.send(ctx, base, by, Request{Method: http.MethodGet, Path: list.Path},
		marked(v.Current, mark), nil)
	if err != nil {
		return err
	}
	items, ok := elements(answer, list.Items)
	if !ok {
		return rotator.Errorf(rotator.BadAnswer, "the API lists no keys where the configuration says")
	}
	lostKeys := 0
	for _, item := range items {
		id, _ := find(item, list.ID)
		name, _ := find(item, list.Token)
		if id == "" || !strings.Contains(name, mark) { // a name may have more around it
			continue
		}
		if lostKeys++; lostKeys > mostLost {
			return rotator.Errorf(rotator.BadAnswer, "the API lists more lost keys than there can be")
		}
		lost := func(member string) string {
			if member == idMember {
				return id
			}
			return v.Current.Text(member)
		}
		if err := t.revoke(ctx, base, by, lost); err != nil {
			return err
		}
	}
	return nil
}

// Set implements [rotator.Target]. The pending key is valid since it was made.
func (t *issued) Set(ctx context.Context, v rotator.Versions) error {
	base, err := t.agreed(v)
	if err != nil {
		return err
	}
	by, err := t.author(ctx, base, v, v.Pending)
	if err != nil {
		return err
	}
	return t.retire(ctx, base, v, by)
}
