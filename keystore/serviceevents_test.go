package keystore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"claviger/keystore/key"
)

// serviceEvent is what the tests look at of a service event of KMS.
type serviceEvent struct {
	EventName, EventType, RequestID, AWSRegion string
	SourceIPAddress, UserAgent, EventSource    string
	RecipientAccountID                         string
	UserIdentity                               map[string]string
	RequestParameters, ResponseElements        any
	ServiceEventDetails                        map[string]string
	AdditionalEventData                        map[string]string
	Resources                                  []struct{ AccountID, Type, ARN string }
}

// eventsOf returns the events of a name, which all are KMS's own of a key, as its developer guide
// shows them.
func (s *service) eventsOf(name string) (all []serviceEvent) {
	s.t.Helper()
	for _, r := range s.Records() {
		if !strings.Contains(r, `"eventName":"`+name+`"`) {
			continue
		}
		var e serviceEvent
		if err := json.Unmarshal([]byte(r), &e); err != nil {
			s.t.Fatal(err)
		}
		const by = "AWS Internal"
		who := map[string]string{"accountId": ourAccount, "invokedBy": by}
		if e.SourceIPAddress != by || e.UserAgent != by || e.EventSource != "kms.amazonaws.com" ||
			len(e.UserIdentity) != len(who) || e.UserIdentity["accountId"] != ourAccount ||
			e.UserIdentity["invokedBy"] != by || e.RecipientAccountID != ourAccount ||
			e.RequestParameters != nil || e.ResponseElements != nil || len(e.Resources) != 1 ||
			e.Resources[0].Type != "AWS::KMS::Key" || e.Resources[0].AccountID != ourAccount ||
			(e.EventType == "AwsServiceEvent") != (e.RequestID == "") {
			s.t.Errorf("%s", r)
		}
		all = append(all, e)
	}
	return all
}

func TestDeleteKey_WindowIsOver_IsAnEventOfKMS(t *testing.T) {
	s := start(t)
	id, kept := s.key(), s.key()
	for _, k := range []string{id, kept} {
		must[any](s, "ScheduleKeyDeletion", M{"KeyId": k, "PendingWindowInDays": 7})
	}
	must[any](s, "CancelKeyDeletion", M{"KeyId": kept})
	s.passAndRun(7 * key.Day)
	events := s.eventsOf("DeleteKey")
	if len(events) != 1 || events[0].EventType != "AwsServiceEvent" ||
		events[0].Resources[0].ARN != key.ARN(ourAccount, ourRegion, id) ||
		events[0].ServiceEventDetails != nil || events[0].AdditionalEventData != nil {
		t.Errorf("%+v", events)
	}
}

// TestSynchronizeMultiRegionKey_SharedPropertiesChange_IsToldOfThePrimary, as a call, and not where
// nothing is shared.
func TestSynchronizeMultiRegionKey_SharedPropertiesChange_IsToldOfThePrimary(t *testing.T) {
	s := start(t)
	alone := s.key()
	id := s.relatedKeys(M{}, abroad)
	if n := len(s.eventsOf("SynchronizeMultiRegionKey")); n != 0 {
		t.Errorf("%d events before anything was to be synchronized", n)
	}
	must[any](s, "UpdateKeyDescription", M{"KeyId": id, "Description": "its own"})
	must[any](s, "EnableKeyRotation", M{"KeyId": alone})
	if n := len(s.eventsOf("SynchronizeMultiRegionKey")); n != 0 {
		t.Errorf("%d events though nothing that is shared has changed", n)
	}
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	events := s.eventsOf("SynchronizeMultiRegionKey")
	if len(events) != 1 || events[0].EventType != "AwsApiCall" || events[0].AWSRegion != ourRegion ||
		events[0].Resources[0].ARN != key.ARN(ourAccount, ourRegion, id) {
		t.Errorf("%+v", events)
	}
	s.pass(90 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if n := len(s.eventsOf("RotateKey")); n != 1 || len(s.eventsOf("SynchronizeMultiRegionKey")) != 2 {
		t.Errorf("%d rotations", n)
	}
}
