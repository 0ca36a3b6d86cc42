package hsm

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"sync"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
)

// Random returns n bytes: the exclusive or of what the token's generator and the operating system's
// give, so that either is enough. What the token gives is tested all the same, since its keys come
// from there alone: a block that repeats another, or one byte for ever, costs the session and is
// drawn again, and then the answer is [custody.ErrUnavailable].
func (t *Token) Random(ctx context.Context, n int) (random []byte, err error) {
	defer t.observe("Random", time.Now(), &err)
	if n <= 0 {
		return []byte{}, nil
	}
	random, err = t.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) ([]byte, error) {
		// What is too short to be tested is cut off something longer.
		drawn, err := l.Driver.GenerateRandom(s, max(n, testedSize))
		if err != nil {
			return nil, err
		}
		return drawn, t.drawn.test(drawn, max(n, testedSize))
	})
	if err != nil {
		return nil, err
	}
	system := make([]byte, n)
	rand.Read(system)
	subtle.XORBytes(system, system, random[:n])
	clear(random)
	return system, nil
}

// testedSize are the bytes of a block that is compared with others: by chance two of a good
// generator are never the same. NIST SP 800-90B section 4.4 asks for less.
const testedSize = 16

// repetitions remembers the last blocks that a generator gave.
type repetitions struct {
	mu   sync.Mutex
	last [16][testedSize]byte
	next int
}

// test refuses what is shorter than wanted, repeats a block, or itself from byte to byte.
func (r *repetitions) test(drawn []byte, wanted int) error {
	if len(drawn) != wanted {
		return fmt.Errorf("%w: %d random bytes instead of %d", failure.ErrNonsense, len(drawn), wanted)
	}
	var last []byte
	for block := range slices.Chunk(drawn, testedSize) {
		switch {
		case len(block) < testedSize:
		case bytes.Count(block, block[:1]) == testedSize:
			return fmt.Errorf("%w: a random block of one byte", failure.ErrNonsense)
		case bytes.Equal(block, last):
			return fmt.Errorf("%w: a random block twice in a row", failure.ErrNonsense)
		}
		last = block
	}
	first := [testedSize]byte(drawn)
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.last[:], first) {
		return fmt.Errorf("%w: a random block for the second time", failure.ErrNonsense)
	}
	r.last[r.next] = first
	r.next = (r.next + 1) % len(r.last)
	return nil
}
