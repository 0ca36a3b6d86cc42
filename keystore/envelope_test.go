package keystore

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/datakeys"
	"claviger/keystore/keyrows"
	"claviger/keystore/model"
	"claviger/store"
)

const sm = "secretsmanager"

func (s *service) seal(keyID, value string) envelope.Envelope {
	s.t.Helper()
	e, err := s.sealAs(sm, keyID, map[string]string{"SecretARN": "arn"}, value)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *service) checkOpens(e envelope.Envelope, want string) {
	s.t.Helper()
	got, err := s.unsealAs(sm, e, map[string]string{"SecretARN": "arn"})
	if err != nil || got != want {
		s.t.Errorf("epoch %d: %q, %v; want %q", e.Epoch, got, err, want)
	}
}

func (s *service) checkClosed(e envelope.Envelope, want string) {
	s.t.Helper()
	_, err := s.unsealAs(sm, e, map[string]string{"SecretARN": "arn"})
	if f := fault.Of(err); f == nil || model.KMS.Code(f) != want {
		s.t.Errorf("a closed value: %v, want %s", err, want)
	}
}

func TestUnseal_SealedValue_Opens(t *testing.T) {
	s := start(t)
	e := s.seal(s.key(), "hunter2")
	if e.Epoch != 1 || bytes.Contains(e.Sealed, []byte("hunter2")) {
		t.Errorf("%+v", e)
	}
	s.checkOpens(e, "hunter2")
	s.Restart()
	s.checkOpens(e, "hunter2")
}

func TestUnseal_AnotherEnvelope_IsRefused(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	e := s.seal(id, "hunter2")
	s.seal(other, "x")
	if _, err := s.sealAs("ssm", id, nil, "x"); err != nil {
		t.Fatal(err)
	}
	arn := map[string]string{"SecretARN": "arn"}
	edited := envelope.Envelope{KeyARN: id, Epoch: 1, Sealed: append([]byte{}, e.Sealed...)}
	edited.Sealed[15] ^= 1
	for name, c := range map[string]struct {
		service string
		e       envelope.Envelope
		context map[string]string
	}{
		"another context":  {sm, e, map[string]string{"SecretARN": "other"}},
		"no context":       {sm, e, nil},
		"a larger context": {sm, e, map[string]string{"SecretARN": "arn", "a": ""}},
		"another key":      {sm, envelope.Envelope{KeyARN: other, Epoch: 1, Sealed: e.Sealed}, arn},
		"another service":  {"ssm", e, arn},
		"edited":           {sm, edited, arn},
		"cut short":        {sm, envelope.Envelope{KeyARN: id, Epoch: 1, Sealed: e.Sealed[:20]}, arn},
		"empty":            {sm, envelope.Envelope{KeyARN: id, Epoch: 1}, arn},
	} {
		if got, err := s.unsealAs(c.service, c.e, c.context); !errors.Is(err, custody.ErrForged) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	never := envelope.Envelope{KeyARN: id, Epoch: 2, Sealed: e.Sealed}
	if _, err := s.unsealAs(sm, never, arn); err == nil {
		t.Error("an epoch that never was opened it")
	}
}

func TestDataKey_PassedTime_EndsEpoch(t *testing.T) {
	s := start(t)
	id := s.key()
	first := s.seal(id, "one")
	s.pass(datakeys.EpochLength - time.Second)
	if e := s.seal(id, "one"); e.Epoch != 1 {
		t.Errorf("epoch %d before its time", e.Epoch)
	}
	s.pass(time.Second)
	second := s.seal(id, "two")
	if second.Epoch != 2 {
		t.Errorf("epoch %d after 90 days", second.Epoch)
	}
	s.checkOpens(first, "one")
	s.checkOpens(second, "two")
	s.Restart()
	if e := s.seal(id, "two"); e.Epoch != 2 {
		t.Errorf("epoch %d after a restart", e.Epoch)
	}
	s.checkOpens(first, "one")
	if e := s.seal(s.key(), "x"); e.Epoch != 1 {
		t.Errorf("another key begins with epoch %d", e.Epoch)
	}
}

var qCountDataKeys = store.SQL(`SELECT count(*) FROM kms_data_keys
	WHERE account = $1 AND region = $2 AND key_id = $3`)

func TestDataKey_ConcurrentSeals_MakeEpochOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	for epoch := int64(1); epoch <= 3; epoch++ {
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range 16 {
			all.Go(func() {
				<-begin
				e, err := s.sealAs(sm, id, map[string]string{"SecretARN": "arn"}, "x")
				if err != nil || e.Epoch != epoch {
					t.Errorf("epoch %d, %v; want %d", e.Epoch, err, epoch)
				}
				s.checkOpens(e, "x")
			})
		}
		close(begin)
		all.Wait()
		var made int64
		err := s.DB.Row(qCountDataKeys, []any{ourAccount, ourRegion, id}, &made)
		if err != nil || made != epoch {
			t.Errorf("%d data keys after %d epochs, %v", made, epoch, err)
		}
		s.pass(datakeys.EpochLength)
	}
	s.checkNoFailure()
}

func TestSeal_ConcurrentFirstUses_MakeManagedKeyOnce(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		all.Go(func() {
			e, err := s.sealAs(sm, []string{"", "alias/aws/" + sm}[i%2], nil, "x")
			if err != nil {
				t.Error(err)
			}
			ids[i] = e.KeyARN
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several keys: %v", ids)
		}
	}
	keys := must[ListKeysOutput](s, "ListKeys", nil).Keys
	if len(keys) != 1 || keys[0].KeyArn != ids[0] {
		t.Errorf("keys %v", keys)
	}
	m := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": "alias/aws/" + sm}).KeyMetadata
	if m.Arn != ids[0] || m.KeyManager != "AWS" {
		t.Errorf("%+v", m)
	}
	for name, in := range map[string]M{
		"Encrypt":             {"KeyId": ids[0], "Plaintext": "eA=="},
		"DisableKey":          {"KeyId": ids[0]},
		"ScheduleKeyDeletion": {"KeyId": ids[0]},
		"CreateAlias":         {"AliasName": "alias/mine", "TargetKeyId": ids[0]},
	} {
		if _, code := ask[any](s, name, in); code != "AccessDeniedException" {
			t.Errorf("%s on a key that a service manages: %q", name, code)
		}
	}
	s.checkNoFailure()
}

// checkNoFailure: that another request was first is nobody's failure, and the trail says so.
func (s *service) checkNoFailure() {
	s.t.Helper()
	for _, r := range s.Records() {
		if strings.Contains(r, model.KMS.Internal) {
			s.t.Fatalf("the trail tells of a failure: %s", r)
		}
	}
}

func TestUnseal_DisabledKey_IsRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	e := s.seal(id, "x")
	must[any](s, "DisableKey", M{"KeyId": id})
	s.checkClosed(e, "DisabledException")
	if _, err := s.sealAs(sm, id, nil, "y"); model.KMS.Code(fault.Of(err)) != "DisabledException" {
		t.Errorf("Seal: %v", err)
	}
	must[any](s, "EnableKey", M{"KeyId": id})
	s.checkOpens(e, "x")
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id})
	s.checkClosed(e, "KMSInvalidStateException")
	must[any](s, "CancelKeyDeletion", M{"KeyId": id})
	s.checkClosed(e, "DisabledException")
}

// The handle of a data key doesn't outlive the key's use: the token holds nothing of a disabled
// key.
func TestDisableKey_DataKeyOnToken_IsForgotten(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	before := s.Token.Stats().Handles
	s.seal(id, "x")
	if n := s.Token.Stats().Handles; n != before+1 {
		t.Fatalf("%d handles became %d by a seal, want one more", before, n)
	}
	must[any](s, "DisableKey", M{"KeyId": id})
	if n := s.Token.Stats().Handles; n != before-1 {
		t.Errorf("%d handles are left of %d: those of key and data key should be gone", n, before+1)
	}
}

func TestSeal_EachUse_IsRecorded(t *testing.T) {
	s := start(t)
	id := s.key()
	e := s.seal(id, "hunter2")
	s.checkOpens(e, "hunter2")
	count := func(parts ...string) (n int) {
		for _, r := range s.Records() {
			found := true
			for _, p := range append(parts, id, `"secretsmanager.amazonaws.com"`) {
				found = found && strings.Contains(r, p)
			}
			if found {
				n++
			}
		}
		return n
	}
	must[any](s, "DisableKey", M{"KeyId": id}) // the token forgets the data key
	must[any](s, "EnableKey", M{"KeyId": id})
	s.checkOpens(e, "hunter2")
	if n := count(`"eventName":"GenerateDataKey"`, `"dataKeyCached":true`, `"invokedBy"`,
		`"SecretARN":"arn"`, `"type":"Root"`); n != 1 {
		t.Errorf("%d records of the seal", n)
	}
	if n := count(`"eventName":"GenerateDataKeyWithoutPlaintext"`, `"type":"AWSService"`); n != 1 {
		t.Errorf("%d records of the epoch's begin", n)
	}
	if n := count(`"eventName":"Decrypt"`, `"dataKeyCached":true`, `"invokedBy"`,
		`"SecretARN":"arn"`, `"type":"Root"`); n != 1 {
		t.Errorf("%d records of the opening", n)
	}
	if n := count(`"eventName":"Decrypt"`, `"dataKeyCached":false`, `"invokedBy"`); n != 1 {
		t.Errorf("%d records of the opening that used the KMS key itself", n)
	}
	all := strings.Join(s.Records(), "\n")
	if strings.Contains(all, "hunter2") || strings.Contains(all, "aHVudGVyMg") {
		t.Error("the trail holds the value")
	}
}

func TestSeal_EndedCall_MakesNoEpochs(t *testing.T) {
	s := start(t)
	id := s.key()
	err := s.within(func(c *op.Call) error {
		ended, cancel := context.WithCancel(c.Context)
		cancel()
		c.Context = ended
		_, err := s.keys.Seal(c, sm, id, nil, []byte("x"))
		return err
	})
	if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable {
		t.Errorf("%v, want unavailable", err)
	}
}

// A request that found its key before it was rotated ends no epoch, and its value opens.
func TestSeal_KeyBehindItsRotation_EndsNoEpoch(t *testing.T) {
	s := start(t)
	id := s.key()
	s.seal(id, "one")
	old, c := s.loadAsOwner(id)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if e := s.seal(id, "two"); e.Epoch != 2 {
		t.Fatalf("epoch %d after a rotation", e.Epoch)
	}
	for range 3 {
		s.forgetDataKeys(id) // the old key couldn't open a data key under the new material
		e, err := s.keys.dataKeys.Seal(c, old, sm, map[string]string{"SecretARN": "arn"}, []byte("x"))
		if err != nil || e.Epoch != 2 {
			t.Errorf("a key that was read before its rotation got %+v, %v", e, err)
		}
		s.checkOpens(e, "x")
	}
	must[any](s, "DisableKey", M{"KeyId": id})
	_, err := s.keys.dataKeys.Seal(c, old, sm, nil, []byte("x"))
	if faultCode(err) != "DisabledException" {
		t.Errorf("a key that was read before it was disabled: %v", err)
	}
}

// forgetDataKeys drops the token's handles of the data keys under a key.
func (s *service) forgetDataKeys(id string) {
	s.t.Helper()
	ids, err := keyrows.Texts(s.DB, qDataKeyIDs, ourAccount, ourRegion, id)
	if err != nil || len(ids) == 0 {
		s.t.Fatalf("%d data keys, %v", len(ids), err)
	}
	for _, id := range ids {
		s.Token.Forget(id)
	}
}

var qDataKeyIDs = store.SQL(
	`SELECT id FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
