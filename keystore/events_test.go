package keystore

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"claviger/internal/outbox"
	"claviger/keystore/imports"
	"claviger/keystore/key"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// told returns the events of KMS that wait behind a position, each as detail-type, resource and
// detail, and where they end.
func (s *service) told(after int64) (all []string, end int64) {
	s.t.Helper()
	entries, err := outbox.After(s.DB, after, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		var event struct {
			Type      string         `json:"detail-type"`
			Source    string         `json:"source"`
			Time      string         `json:"time"`
			Resources []string       `json:"resources"`
			Detail    jsontext.Value `json:"detail"`
		}
		if err := json.Unmarshal(e.Event, &event); err != nil {
			s.t.Fatal(err)
		}
		if at := s.time().UTC().Format(time.RFC3339); event.Source != "aws.kms" || event.Time != at {
			s.t.Errorf("at %s: %s", at, e.Event)
		}
		all = append(all, fmt.Sprint(event.Type, " ", event.Resources, " ", event.Detail))
		after = e.Position
	}
	return all, after
}

// materials are the ids of a key's materials in the order in which they were current.
func (s *service) materials(id string) (ids []string) {
	for _, r := range s.rotations(id, allMaterial) {
		ids = append(ids, r.KeyMaterialId)
	}
	return ids
}

var materialID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// toldRotated is the event of a key's newest rotation.
func (s *service) toldRotated(id, origin, how string) string {
	s.t.Helper()
	ids := s.materials(id)
	previous, current := ids[len(ids)-2], ids[len(ids)-1]
	if !materialID.MatchString(previous) || !materialID.MatchString(current) {
		s.t.Errorf("%q", ids)
	}
	return fmt.Sprintf(`KMS CMK Rotation [%s] {"key-id":"%s","key-origin":"%s","rotation-type":"%s",`+
		`"previous-key-material-id":"%s","current-key-material-id":"%s"}`, s.arn(id), id, origin, how,
		previous, current)
}

func (s *service) arn(id string) string { return key.ARN(ourAccount, ourRegion, id) }

func TestEvents_EachRotation_HasThatOfAWS(t *testing.T) {
	s := start(t)
	id, imported := s.key(), s.externalAES()
	s.importMaterial(imported, outsideAES(t), s.until(365*key.Day))
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	got, at := s.told(0)
	if len(got) != 0 {
		t.Errorf("first materials: %q", got)
	}
	s.passAndRun(90 * key.Day)
	got, at = s.told(at)
	if want := []string{s.toldRotated(id, "AWS_KMS", "AUTOMATIC")}; !slices.Equal(got, want) {
		t.Errorf("automatic: %q, want %q", got, want)
	}
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	got, at = s.told(at)
	if want := []string{s.toldRotated(id, "AWS_KMS", "ON_DEMAND")}; !slices.Equal(got, want) {
		t.Errorf("on demand: %q, want %q", got, want)
	}
	asNew := s.until(365 * key.Day)
	asNew["ImportType"] = imports.NewMaterial
	s.importMaterial(imported, outsideAES(t), asNew)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": imported})
	got, at = s.told(at)
	if want := []string{s.toldRotated(imported, "EXTERNAL", "ON_DEMAND")}; !slices.Equal(got, want) {
		t.Errorf("imported: %q, want %q", got, want)
	}
	for _, c := range []struct {
		name string
		in   M
	}{
		{"DisableKeyRotation", M{"KeyId": id}},
		{"DisableKey", M{"KeyId": id}},
		{"UpdateKeyDescription", M{"KeyId": id, "Description": "x"}},
		{"ScheduleKeyDeletion", M{"KeyId": id}},
		{"DeleteImportedKeyMaterial", M{"KeyId": imported}},
	} {
		must[any](s, c.name, c.in)
	}
	if got, _ = s.told(at); len(got) != 0 {
		t.Errorf("other changes: %q", got)
	}
}

func TestEvents_RotationThatFails_TellsNothing(t *testing.T) {
	s := start(t)
	id := s.key()
	s.keys.maker = unavailableMaker{s.Token}
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": id}); code != "KeyUnavailableException" {
		t.Errorf("%q", code)
	}
	if got, _ := s.told(0); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// A replica follows its primary, whose event tells of both.
func TestEvents_RotationOfRelatedKeys_IsToldOnce(t *testing.T) {
	s := start(t)
	id := must[CreateKeyOutput](s, "CreateKey", M{"MultiRegion": true}).KeyMetadata.KeyId
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	got, _ := s.told(0)
	if want := []string{s.toldRotated(id, "AWS_KMS", "ON_DEMAND")}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEvents_MaterialThatExpires_HasThatOfAWS(t *testing.T) {
	s := start(t)
	id, again := s.externalAES(), s.externalAES()
	material := outsideAES(t)
	s.importMaterial(id, material, s.until(time.Hour))
	s.importMaterial(again, material, s.until(time.Hour))
	current := s.metadata(id).CurrentKeyMaterialId
	s.importMaterial(again, material, s.until(2*time.Hour))
	s.pass(time.Hour)
	s.Jobs.RunDue(t.Context())
	got, _ := s.told(0)
	if want := []string{fmt.Sprintf(`KMS Imported Key Material Expiration [%s] {"key-id":"%s",`+
		`"key-material-id":"%s"}`, s.arn(id), id, current)}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEvents_KeyThatIsDeleted_HasThatOfAWS(t *testing.T) {
	s := start(t)
	id, kept := s.key(), s.key()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": kept, "PendingWindowInDays": 7})
	must[any](s, "CancelKeyDeletion", M{"KeyId": kept})
	s.checkDestroyed(id)
	got, _ := s.told(0)
	if want := []string{fmt.Sprintf(`KMS CMK Deletion [%s] {"key-id":"%s"}`, s.arn(id),
		id)}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
