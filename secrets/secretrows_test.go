package secrets_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"claviger/internal/fault"
	"claviger/secrets"
)

// Whoever edits the database can't make the service believe it: the caller learns nothing, the
// operator is told.
func TestGetSecretValue_EditedRow_IsAnInternalError(t *testing.T) {
	for name, edit := range map[string]func(s *service, a, b string){
		"a label moved": func(s *service, a, b string) {
			s.Edit(`UPDATE secrets SET stages = replace(stages, 'AWSCURRENT":"` + b +
				`', 'AWSCURRENT":"` + a + `') WHERE name = 'x'`)
		},
		"the labels removed": func(s *service, _, _ string) {
			s.Edit(`UPDATE secrets SET stages = '{}' WHERE name = 'x'`)
		},
		"a blank behind the labels": func(s *service, _, _ string) {
			s.Edit(`UPDATE secrets SET stages = stages || ' ' WHERE name = 'x'`)
		},
		"the deletion moved": func(s *service, _, _ string) {
			s.Edit(`UPDATE secrets SET deletion_date = 1 WHERE name = 'x'`)
		},
		"a value swapped": func(s *service, a, b string) {
			s.Edit(`UPDATE secret_versions SET sealed =
				(SELECT sealed FROM secret_versions WHERE id = ?) WHERE id = ?`, a, b)
		},
		"a value with its digest swapped": func(s *service, a, b string) {
			s.Edit(`UPDATE secret_versions SET (digest, sealed) =
				(SELECT digest, sealed FROM secret_versions WHERE id = ?) WHERE id = ?`, a, b)
		},
		"a version swapped": func(s *service, a, b string) {
			s.Edit(`UPDATE secret_versions SET (created, digest, mac, sealed) =
				(SELECT created, digest, mac, sealed FROM secret_versions WHERE id = ?)
				WHERE id = ?`, a, b)
		},
		"a version removed": func(s *service, _, b string) {
			s.Edit(`DELETE FROM secret_versions WHERE id = ?`, b)
		},
		"text called bytes": func(s *service, _, b string) {
			s.Edit(`UPDATE secret_versions SET binary = 1 WHERE id = ?`, b)
		},
		"one secret's rows under another's name": func(s *service, _, _ string) {
			s.create("y", "other")
			s.Edit(`DELETE FROM secret_versions WHERE name = 'x'`)
			s.Edit(`DELETE FROM secrets WHERE name = 'x'`)
			s.Edit(`UPDATE secrets SET name = 'x' WHERE name = 'y'`)
			s.Edit(`UPDATE secret_versions SET name = 'x' WHERE name = 'y'`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			a := s.create("x", "a").VersionId
			b := s.put("x", "b")
			edit(s, a, b)
			s.Refused("GetSecretValue", M{"SecretId": "x"}, "InternalServiceError", "")
		})
	}
}

// A listing verifies what it shows without reading a value.
func TestListings_EditedRow_AreInternalErrors(t *testing.T) {
	s := start(t)
	s.create("x", "a")
	s.Edit(`UPDATE secret_versions SET created = created + 1 WHERE name = 'x'`)
	for _, all := range []bool{false, true} {
		s.Refused("ListSecretVersionIds", M{"SecretId": "x", "IncludeDeprecated": all},
			"InternalServiceError", "")
	}
	s.Edit(`UPDATE secrets SET tags = tags || ' ' WHERE name = 'x'`)
	s.Refused("ListSecrets", M{}, "InternalServiceError", "")
	s.Do("ListSecrets", M{"Filters": []M{{"Key": "name", "Values": []string{"other"}}}})
}

// Many change one secret at once. Each change is there or was refused, and reads never see a gap.
func TestPutSecretValue_ManyAtOnce_AcknowledgedAreThere(t *testing.T) {
	s := start(t)
	s.create("x", "0")
	var mu sync.Mutex
	made := map[string]string{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 12 {
				value := strings.Repeat("v", w*12+i+1)
				out, err := ask[secrets.PutSecretValueOutput](s, "PutSecretValue",
					M{"SecretId": "x", "SecretString": value, "ClientRequestToken": token()})
				if f := fault.Of(err); f != nil && f.Kind != fault.Conflict {
					t.Error(err)
				} else if f == nil {
					mu.Lock()
					made[out.VersionId] = value
					mu.Unlock()
				}
				_, err = s.Ask(context.Background(), "GetSecretValue", M{"SecretId": "x"})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(made) == 0 {
		t.Fatal("nobody came through")
	}
	for id, want := range made {
		if got := s.text(M{"SecretId": "x", "VersionId": id}); got != want {
			t.Errorf("%s was acknowledged and has another value", id)
		}
	}
	stages := s.describe("x").VersionIdsToStages
	if len(stages) != 2 {
		t.Errorf("%v", stages)
	}
	if _, ok := made[s.get("x").VersionId]; !ok {
		t.Error("what is current was not acknowledged")
	}
	s.Restart()
	s.get("x")
}

// Many create one name at once: with one token all get the same answer, with
// their own only one does.
func TestCreateSecret_ManyAtOnce_OneIsMade(t *testing.T) {
	s := start(t)
	shared := token()
	create := func(name, token string) (secrets.CreateSecretOutput, error) {
		return ask[secrets.CreateSecretOutput](s, "CreateSecret",
			M{"Name": name, "SecretString": "v", "ClientRequestToken": token})
	}
	var mu sync.Mutex
	arns, alone := map[string]int{}, 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			out, err := create("shared", shared)
			if err != nil {
				t.Error(err)
			}
			_, own := create("alone", token())
			mu.Lock()
			defer mu.Unlock()
			arns[out.ARN]++
			if own == nil {
				alone++
			} else if fault.Of(own).Code != "ResourceExistsException" {
				t.Error(own)
			}
		})
	}
	wg.Wait()
	if len(arns) != 1 || alone != 1 {
		t.Errorf("%v, %d", arns, alone)
	}
}
