package keystore

import (
	"strings"
	"testing"
	"time"

	"claviger/keystore/key"
)

// lastUsage returns a key's last usage. Reopening the database writes down those that are put off.
func (s *service) lastUsage(id string) GetKeyLastUsageOutput {
	s.t.Helper()
	s.Reopen()
	return must[GetKeyLastUsageOutput](s, "GetKeyLastUsage", M{"KeyId": id})
}

func (s *service) checkLastUsage(id, operation string) {
	s.t.Helper()
	u := s.lastUsage(id).KeyLastUsage
	if u.Operation != operation || !u.Timestamp.Equal(s.time()) {
		s.t.Errorf("after %s: %+v", operation, u)
		return
	}
	found := 0
	for _, r := range s.Records() {
		if strings.Contains(r, `"eventID":"`+u.CloudTrailEventId+`"`) {
			found++
			if !strings.Contains(r, `"eventName":"`+operation+`"`) ||
				!strings.Contains(r, `"requestID":"`+u.KmsRequestId+`"`) || strings.Contains(r, "errorCode") {
				s.t.Errorf("%+v is said to be of %s", u, r)
			}
		}
	}
	if found != 1 {
		s.t.Errorf("%d records of the event %q", found, u.CloudTrailEventId)
	}
}

func TestGetKeyLastUsage_EachOperation_IsThatOfItsRecord(t *testing.T) {
	s := start(t)
	id := s.key()
	created := s.time()
	s.pass(time.Hour)
	out := must[GetKeyLastUsageOutput](s, "GetKeyLastUsage", M{"KeyId": id})
	if out.KeyId != id || out.KeyLastUsage != (KeyLastUsageData{}) ||
		!out.KeyCreationDate.Equal(created) || !out.TrackingStartDate.Equal(created) {
		t.Errorf("never used: %+v", out)
	}
	m := s.inState(1, cipher, key.Enabled)
	for _, c := range []struct {
		name string
		in   M
	}{
		{"Encrypt", M{"KeyId": m.alias, "Plaintext": "eA=="}},
		{"Decrypt", M{"CiphertextBlob": m.blob}},
		{"GenerateDataKey", M{"KeyId": m.id, "KeySpec": "AES_256"}},
		{"GenerateDataKeyWithoutPlaintext", M{"KeyId": m.id, "KeySpec": "AES_256"}},
		{"GenerateDataKeyPair", M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}},
		{"GenerateDataKeyPairWithoutPlaintext", M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}},
	} {
		s.pass(time.Hour)
		must[any](s, c.name, c.in)
		s.checkLastUsage(m.id, c.name)
	}
	for _, name := range []string{"Sign", "GenerateMac", "DeriveSharedSecret"} {
		s.pass(time.Hour)
		m := s.inState(len(name), sampleFor(name), key.Enabled)
		s.pass(time.Hour)
		must[any](s, name, keyStates[name].request(m))
		s.checkLastUsage(m.id, name)
		if verify, ok := map[string]string{"Sign": "Verify", "GenerateMac": "VerifyMac"}[name]; ok {
			s.pass(time.Hour)
			must[any](s, verify, keyStates[verify].request(m))
			s.checkLastUsage(m.id, verify)
		}
	}
}

func TestGetKeyLastUsage_ReEncrypt_IsOfBothKeys(t *testing.T) {
	s := start(t)
	from, to := s.key(), s.key()
	blob := s.encrypt(from, "x")
	s.pass(time.Hour)
	must[any](s, "ReEncrypt", M{"CiphertextBlob": blob, "DestinationKeyId": to})
	s.checkLastUsage(from, "ReEncrypt")
	s.checkLastUsage(to, "ReEncrypt")
}

// What another service does with a key is a use of it, and what failed is none.
func TestGetKeyLastUsage_FailedRequests_AreNoUsage(t *testing.T) {
	s := start(t)
	id := s.key()
	e := s.seal(id, "x")
	s.checkLastUsage(id, "GenerateDataKey")
	s.pass(time.Hour)
	s.checkOpens(e, "x")
	s.checkLastUsage(id, "Decrypt")
	s.pass(time.Hour)
	blob := s.encrypt(id, "x")
	s.checkLastUsage(id, "Encrypt")
	used := s.time()
	blob[len(blob)-1] ^= 1
	s.pass(time.Hour)
	for name, in := range map[string]M{
		"Decrypt":     {"CiphertextBlob": blob},
		"Encrypt":     {"KeyId": id, "Plaintext": "eA==", "DryRun": true},
		"GenerateMac": {"KeyId": id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"},
		"DescribeKey": {"KeyId": id},
	} {
		ask[any](s, name, in)
	}
	if u := s.lastUsage(id).KeyLastUsage; u.Operation != "Encrypt" || !u.Timestamp.Equal(used) {
		t.Errorf("after failures: %+v", u)
	}
}

// One use in a minute is written down, and an older one never over a newer.
func TestGetKeyLastUsage_ManyUses_AreWrittenOnceAMinute(t *testing.T) {
	s := start(t)
	id := s.key()
	s.encrypt(id, "x")
	first := s.time()
	s.pass(29 * time.Second) // 9:30:29
	must[any](s, "GenerateDataKey", M{"KeyId": id, "KeySpec": "AES_256"})
	if u := s.lastUsage(id).KeyLastUsage; !u.Timestamp.Equal(first) {
		t.Errorf("a second use in the minute: %+v", u)
	}
	s.pass(time.Minute)
	s.encrypt(id, "x")
	s.checkLastUsage(id, "Encrypt")
	late := s.time()
	s.pass(-time.Hour) // the clock was set back, and memory was lost
	s.Restart()
	s.encrypt(id, "x")
	if u := s.lastUsage(id).KeyLastUsage; !u.Timestamp.Equal(late) {
		t.Errorf("an older use: %+v", u)
	}
}

func TestGetKeyLastUsage_Alias_IsRefused(t *testing.T) {
	s := start(t)
	m := s.inState(1, cipher, key.Enabled)
	if _, code := ask[any](s, "GetKeyLastUsage", M{"KeyId": m.alias}); code != "InvalidArnException" {
		t.Errorf("an alias: %q", code)
	}
}
