package keystore

import (
	"strings"
	"testing"

	"claviger/keystore/key"
)

// TestCreateKey_Record_NamesTheNewKey: nobody could name a key or a store before it was made, so
// its record has to.
func TestCreateKey_Record_NamesTheNewKey(t *testing.T) {
	s := start(t)
	names := func(operation, id string) {
		t.Helper()
		for _, r := range s.Records() {
			if strings.Contains(r, `"eventName":"`+operation+`"`) &&
				strings.Contains(r, `"additionalEventData":`) && strings.Contains(r, `Id":"`+id+`"`) {
				return
			}
		}
		t.Errorf("no record of %s names %s", operation, id)
	}
	names("CreateKey", s.key())
	names("CreateKey", s.relatedKeys(M{}))
	names("CreateKey", s.describe(ourRegion, managedAlias(sm)).KeyId)
	id := s.connectedStore()
	names("CreateCustomKeyStore", id)
	names("CreateKey", s.keyInStore(id))
}

func TestCreateKey_MultiRegion_IsAPrimary(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{})
	if !key.IsID(id) || !strings.HasPrefix(id, "mrk-") {
		t.Errorf("its id is %q", id)
	}
	s.checkRelated(id, ourRegion)
	single := s.describe(ourRegion, s.key())
	if single.MultiRegion || single.MultiRegionConfiguration != nil {
		t.Errorf("a single-Region key says %+v", single)
	}
	_, code := ask[CreateKeyOutput](s, "CreateKey",
		M{"MultiRegion": true, "CustomKeyStoreId": "cks-1234567890abcdef0"})
	if code != "UnsupportedOperationException" {
		t.Errorf("in a custom key store: %s", code)
	}
}
