package secrets_test

import (
	"fmt"
	"slices"
	"testing"

	"claviger/internal/outbox"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// moves returns the events that wait behind a position, each as its Region and its detail, and
// where they end.
func (s *service) moves(after int64) (all []string, end int64) {
	s.T.Helper()
	entries, err := outbox.After(s.DB, after, 1000)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range entries {
		var event struct {
			Type   string         `json:"detail-type"`
			Source string         `json:"source"`
			Region string         `json:"region"`
			ARNs   []string       `json:"resources"`
			Detail jsontext.Value `json:"detail"`
		}
		if err := json.Unmarshal(e.Event, &event); err != nil {
			s.T.Fatal(err)
		}
		arn := s.describeIn(event.Region, "a").ARN
		if event.Source != "aws.secretsmanager" || event.Type != "Secret Label Updated" ||
			!slices.Equal(event.ARNs, []string{arn}) {
			s.T.Errorf("%s", e.Event)
		}
		all = append(all, event.Region+" "+string(event.Detail))
		after = e.Position
	}
	return all, after
}

// moveOf is the event of a label of the secret a.
func moveOf(region, label, version string) string {
	return fmt.Sprintf(`%s {"name":"a","labelUpdated":"%s","versionId":"%s"}`, region, label, version)
}

// Each label that moves has an event of its own, but those that follow from other moves, and none
// is told of that only goes.
func TestEvents_EachLabelThatMoves_IsTold(t *testing.T) {
	s := start(t)
	first := s.create("a", "1").VersionId
	at := int64(0)
	check := func(what string, want ...string) {
		t.Helper()
		var got []string
		if got, at = s.moves(at); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("created", moveOf(region, "AWSCURRENT", first))
	second := s.put("a", "2")
	check("a new value", moveOf(region, "AWSCURRENT", second))
	third := s.put("a", "3", "blue", "green")
	check("labels of one's own", moveOf(region, "blue", third), moveOf(region, "green", third))
	s.put("a", "4", "AWSPENDING")
	check("a candidate")
	must[any](s, "UpdateSecretVersionStage", M{"SecretId": "a", "VersionStage": "blue",
		"RemoveFromVersionId": third, "MoveToVersionId": second})
	check("a move", moveOf(region, "blue", second))
	must[any](s, "UpdateSecretVersionStage", M{"SecretId": "a", "VersionStage": "blue",
		"RemoveFromVersionId": second})
	check("a label that goes")
	must[any](s, "UpdateSecretVersionStage", M{"SecretId": "a", "VersionStage": "AWSCURRENT",
		"RemoveFromVersionId": second, "MoveToVersionId": first})
	check("back", moveOf(region, "AWSCURRENT", first))
	must[any](s, "UpdateSecret", M{"SecretId": "a", "Description": "x"})
	must[any](s, "TagResource", M{"SecretId": "a", "Tags": []M{{"Key": "k", "Value": "v"}}})
	must[any](s, "DeleteSecret", M{"SecretId": "a"})
	must[any](s, "RestoreSecret", M{"SecretId": "a"})
	check("no label moves")
}

// A copy is a secret of its Region: who waits for it there is told there, once it has followed.
func TestEvents_LabelsOfACopy_AreToldInItsRegion(t *testing.T) {
	s := start(t)
	first := s.create("a", "1").VersionId
	must[any](s, "ReplicateSecretToRegions", M{"SecretId": "a",
		"AddReplicaRegions": []M{{"Region": europe}}})
	s.sync()
	got, at := s.moves(0)
	if want := []string{moveOf(region, "AWSCURRENT", first),
		moveOf(europe, "AWSCURRENT", first)}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	second := s.put("a", "2")
	s.sync()
	got, at = s.moves(at)
	if want := []string{moveOf(region, "AWSCURRENT", second),
		moveOf(europe, "AWSCURRENT", second)}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	must[any](s, "UpdateSecret", M{"SecretId": "a", "Description": "x"})
	s.sync()
	if got, _ = s.moves(at); len(got) != 0 {
		t.Errorf("no label moves: %q", got)
	}
}
