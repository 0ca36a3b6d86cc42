package key_test

import (
	"testing"

	"claviger/keystore/key"
)

// TestChanged_RelatedKeys_AreOneThing, in one account, and no other keys are.
func TestChanged_RelatedKeys_AreOneThing(t *testing.T) {
	const id = "mrk-0123456789abcdef0123456789abcdef"
	here := key.Changed(key.ARN("111122223333", "us-east-1", id))
	if there := key.Changed(key.ARN("111122223333", "eu-central-1", id)); there != here {
		t.Errorf("related keys are %s and %s", here, there)
	}
	for _, arn := range []string{
		key.ARN("444455556666", "us-east-1", id),
		key.ARN("111122223333", "us-east-1", "mrk-0123456789abcdef0123456789abcde0"),
	} {
		if key.Changed(arn) == here {
			t.Errorf("%s is taken for a related key", arn)
		}
	}
	const single = "01234567-89ab-cdef-0123-456789abcdef"
	one := key.ARN("111122223333", "us-east-1", single)
	if key.Changed(one) == key.Changed(key.ARN("111122223333", "eu-central-1", single)) {
		t.Errorf("%s is taken for the key of another Region", one)
	}
}
