package keystore

import (
	"claviger/keystore/key"

	"github.com/go-json-experiment/json/jsontext"
)

// details are what CloudTrail's service event of a key says of it, in serviceEventDetails.
type details []byte

// rotationOf is what RotateKey says of a rotation from one material of a key to the next, of the
// types AUTOMATIC and ON_DEMAND.
func rotationOf(k, next *key.Key, how string) []byte {
	return details(nil).text("rotationType", how).text("keyOrigin", k.Origin).
		text("previousKeyMaterialId", k.MaterialID).text("currentKeyMaterialId", next.MaterialID).
		text("keyId", k.ID).object()
}

// eventOf is what an event says that is about a key.
func eventOf(k *key.Key) details { return details(nil).text("keyId", k.ID) }

func (d details) text(name, text string) details {
	separator := byte(',')
	if len(d) == 0 {
		separator = '{'
	}
	d = append(append(append(d, separator, '"'), name...), '"', ':')
	d, _ = jsontext.AppendQuote(d, text)
	return d
}

func (d details) object() []byte { return append(d, '}') }
