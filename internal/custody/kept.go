package custody

import (
	"bytes"
	"context"
	"errors"
)

// Sealer seals by AES-256-GCM, as a token does.
type Sealer interface {
	Seal(ctx context.Context, ref Ref, plaintext, aad []byte) ([]byte, error)
	Unseal(ctx context.Context, ref Ref, sealed, aad []byte) ([]byte, error)
}

var errUnopenable = errors.New("what the device sealed can't be opened again")

// SealKept seals what is kept while the plaintext isn't, and opens it once before it returns: a
// device that answers with a wrong ciphertext would lose it for good, and nobody would notice
// before it is wanted. It costs two calls of the device. A ciphertext that doesn't open is made
// once more, and if that doesn't either, the answer is [ErrUnavailable].
func SealKept(ctx context.Context, by Sealer, ref Ref, plaintext, aad []byte) ([]byte, error) {
	for range 2 {
		sealed, err := by.Seal(ctx, ref, plaintext, aad)
		if err != nil {
			return nil, err
		}
		opened, err := by.Unseal(ctx, ref, sealed, aad)
		same := err == nil && bytes.Equal(opened, plaintext)
		clear(opened)
		switch {
		case same:
			return sealed, nil
		case err != nil && !errors.Is(err, ErrForged):
			return nil, err
		}
	}
	return nil, ErrUnavailable.Because(errUnopenable)
}
