package keystore

import (
	"slices"
	"strings"
	"testing"

	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

// TestCreateKey_Record_NamesTheNewKey: nobody could name a key or a store before it was made, so
// its record has to. Of a key in a store it names the material there too, and what decrypts by it
// the store.
func TestCreateKey_Record_NamesTheNewKey(t *testing.T) {
	s := start(t)
	names := func(operation string, as ...string) {
		t.Helper()
		for _, r := range s.Records() {
			if strings.Contains(r, `"eventName":"`+operation+`"`) &&
				!slices.ContainsFunc(as, func(name string) bool { return !strings.Contains(r, name) }) {
				return
			}
		}
		t.Errorf("no record of %s has %q", operation, as)
	}
	resource := func(id string) string {
		return `"resources":[{"accountId":"` + ourAccount + `","type":"AWS::KMS::Key","ARN":"` +
			key.ARN(ourAccount, ourRegion, id) + `"}]`
	}
	answer := `"responseElements":{"keyMetadata":{"aWSAccountId":"` + ourAccount + `","keyId":"`
	id := s.key()
	names("CreateKey", answer+id, resource(id))
	id = s.relatedKeys(M{})
	names("CreateKey", answer+id, resource(id))
	names("CreateKey", `"ARN":"`+s.describe(ourRegion, managedAlias(sm)).Arn+`"}]`)
	store := s.connectedStore()
	names("CreateCustomKeyStore", `"responseElements":{"customKeyStoreId":"`+store+`"}`,
		`"requestParameters":{"customKeyStoreName":"`)
	id = s.keyInStore(store)
	names("CreateKey", answer+id, resource(id),
		`"additionalEventData":{"backingKey":"{\"backingKeyId\":\"`)
	sealed := must[cryptoops.EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	must[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": sealed.CiphertextBlob})
	names("Decrypt", `"customKeyStoreId":"`+store+`"`, resource(id))
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
