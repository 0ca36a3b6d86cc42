package keystore

import (
	"strings"
	"testing"
)

// TestTheTrailNamesWhatWasMade: nobody could name a key or a store before it was made, so its
// record has to.
func TestTheTrailNamesWhatWasMade(t *testing.T) {
	s := start(t)
	names := func(operation, id string) {
		t.Helper()
		for _, r := range s.records() {
			if strings.Contains(r, `"eventName":"`+operation+`"`) &&
				strings.Contains(r, `"additionalEventData":`) && strings.Contains(r, `Id":"`+id+`"`) {
				return
			}
		}
		t.Errorf("no record of %s names %s", operation, id)
	}
	names("CreateKey", s.key())
	names("CreateKey", s.relatives(M{}))
	names("CreateKey", s.describe(ourRegion, managedAlias(sm)).KeyId)
	id := s.store()
	names("CreateCustomKeyStore", id)
	names("CreateKey", s.resident(id))
}
