package control

import (
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

func TestSecretsShow_FailedRotation_IsReadable(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	var out strings.Builder
	err := Secrets{}.Show(&out, diagnosis.Diagnosis{ARN: "arn:s", State: []string{"A.", "B."},
		Last: at, Failure: &secret.Failure{Step: rotator.SetSecret, Reason: rotator.Failed, At: at,
			Text: "no\x1b[2J\nWhat to do: nothing"},
		Advice: []string{"C."}})
	want := "arn:s\nA.\nB.\nThe last rotation was complete at 2026-03-01T09:30:00Z.\n\n" +
		"The last attempt failed at 2026-03-01T09:30:00Z, in setSecret (failed):\n" +
		"  no\uFFFD[2J\uFFFDWhat to do: nothing\n\nWhat to do:\n- C.\n"
	if err != nil || out.String() != want {
		t.Errorf("%v, printed %q, want %q", err, out.String(), want)
	}
}
