package secret_test

import (
	"reflect"
	"testing"

	"claviger/internal/op"
	"claviger/secrets/secret"
)

const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a/b-AbCdEf"

// The owner hears of it, whoever asked.
func TestEvents_OfASecret_HaveCloudTrailsForm(t *testing.T) {
	s := &secret.Secret{Account: "111122223333", Region: "eu-west-1", Name: "a/b", Suffix: "AbCdEf"}
	for _, c := range []struct{ got, want op.Event }{
		{s.VersionEvent(secret.EndVersionDelete, `odd"id`), op.Event{Name: "EndSecretVersionDelete",
			Account:    s.Account,
			Additional: []byte(`{"SecretId":"` + arn + `","SecretVersionId":"odd\"id"}`)}},
		{s.RotationEvent("RotationFailed", "t", "no"), op.Event{Name: "RotationFailed",
			Account: s.Account, Additional: []byte(`{"SecretId":"` + arn + `"}`),
			RequestID: "Rotation-" + arn + "-t", Failure: "no"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%+v\n%s\nwant %+v", c.got, c.got.Additional, c.want)
		}
	}
}
