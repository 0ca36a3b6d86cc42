package secrets_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// events returns the service events of the trail from a record on: their names with the version
// that they tell of. All must be of one secret.
func (s *service) events(from int, arn string) (out []string) {
	s.T.Helper()
	for _, line := range s.Records()[from:] {
		if !strings.Contains(line, `"eventType":"AwsServiceEvent"`) {
			continue
		}
		var r struct {
			EventName, RecipientAccountID string
			AdditionalEventData           map[string]string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.T.Fatalf("%v: %s", err, line)
		}
		of := r.AdditionalEventData
		if of["SecretId"] != arn || len(of) != 2 || r.RecipientAccountID != account {
			s.T.Errorf("%s", line)
		}
		out = append(out, r.EventName+" "+of["SecretVersionId"])
	}
	return out
}

func (s *service) told(from int, arn string, want ...string) {
	s.T.Helper()
	if got := s.events(from, arn); !slices.Equal(got, want) {
		s.T.Errorf("the trail tells of %q, want %q", got, want)
	}
}

func TestVersionEvents_WayOfASecret_AreToldForEachVersion(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	second := s.put("x", "w")
	ids := []string{made.VersionId, second}
	slices.Sort(ids)
	both := func(name string) []string { return []string{name + " " + ids[0], name + " " + ids[1]} }
	at := len(s.Records())
	step := func(want []string) {
		t.Helper()
		s.told(at, made.ARN, want...)
		at = len(s.Records())
	}
	s.Do("DeleteSecret", M{"SecretId": "x"})
	step(both("StartSecretVersionDelete"))
	s.Refused("DeleteSecret", M{"SecretId": "x"}, "InvalidRequestException", "")
	step(nil)
	s.Do("RestoreSecret", M{"SecretId": "x"})
	step(both("CancelSecretVersionDelete"))
	s.Do("RestoreSecret", M{"SecretId": "x"})
	step(nil)
	s.Do("DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": 7})
	step(both("StartSecretVersionDelete"))
	s.Clock.Pass(8 * day)
	s.Jobs.RunDue(t.Context())
	step(both("EndSecretVersionDelete"))
}

func TestVersionEvents_ForcedDeletion_EndsWhatMayHaveStarted(t *testing.T) {
	s := start(t)
	force := M{"SecretId": "x", "ForceDeleteWithoutRecovery": true}
	for _, waits := range []bool{false, true} {
		made := s.create("x", "v")
		at := len(s.Records())
		if waits {
			s.Do("DeleteSecret", M{"SecretId": "x"})
		}
		s.Do("DeleteSecret", force)
		s.told(at, made.ARN, "StartSecretVersionDelete "+made.VersionId,
			"EndSecretVersionDelete "+made.VersionId)
		at = len(s.Records())
		s.Do("DeleteSecret", force)
		s.told(at, made.ARN)
	}
}

func TestVersionEvents_SecretWithoutValue_AreNone(t *testing.T) {
	s := start(t)
	s.Do("CreateSecret", M{"Name": "x", "ClientRequestToken": token()})
	at := len(s.Records())
	s.Do("DeleteSecret", M{"SecretId": "x", "ForceDeleteWithoutRecovery": true})
	s.told(at, "")
}

// A record may hold only so much. Nobody counts the versions of a day.
func TestVersionEvents_ManyVersions_AreToldOfForemost(t *testing.T) {
	s := start(t)
	made := s.create("x", "0")
	s.Do("UpdateSecretVersionStage",
		M{"SecretId": "x", "VersionStage": "keep", "MoveToVersionId": made.VersionId})
	for n, more := range []bool{false, true} {
		for s.versionsOf("x") < 103+n {
			s.Clock.Pass(time.Second)
			s.put("x", "v")
		}
		at := len(s.Records())
		s.Do("DeleteSecret", M{"SecretId": "x"})
		told := s.events(at, made.ARN)
		if len(told) != 103 || !slices.Contains(told, "StartSecretVersionDelete "+made.VersionId) {
			t.Errorf("of %d versions it tells of %d", 103+n, len(told))
		}
		own := s.Records()[at+len(told)]
		if noted := strings.Contains(own, `"additionalEventData":{"moreVersions":true,`); noted != more {
			t.Errorf("of %d versions: more is %v in %s", 103+n, noted, own)
		}
		s.Do("RestoreSecret", M{"SecretId": "x"})
	}
}
