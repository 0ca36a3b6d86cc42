package postgres

import (
	"errors"
	"testing"

	"claviger/secrets/rotation/rotator"
)

// TestVerifier_RoundsOfTheServer_AreBounded: a server may name as many as it likes, and nothing
// ends a hash before its time.
func TestVerifier_RoundsOfTheServer_AreBounded(t *testing.T) {
	for _, rounds := range []string{"1000001", "2147483647", "9223372036854775807", "0", "-1", "x"} {
		_, err := verifier(scram, rounds, "u", "p")
		var e *rotator.Error
		if !errors.As(err, &e) || e.Reason != rotator.BadAnswer {
			t.Errorf("%s: %v", rounds, err)
		}
	}
}
