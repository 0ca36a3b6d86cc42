// Package treetest has what tests of a tree need: who signs its checkpoints, and room for tiles.
package treetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"claviger/audit/tree"
)

// NewSigner returns who signs by a new key in memory, under a name.
func NewSigner(t testing.TB, name string) tree.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tree.NewKey(name, spki)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Signer{Key: key, By: func(text []byte) ([]byte, error) {
		digest := sha256.Sum256(text)
		return ecdsa.SignASN1(rand.Reader, private, digest[:])
	}}
}

// Shelf is tiles in memory, by level and number.
type Shelf map[[2]int64][]byte

// Tile is what the tree's readers ask for: nil where there is none.
func (s Shelf) Tile(level int, number int64) ([]byte, error) {
	return s[[2]int64{int64(level), number}], nil
}

// Put stores the tiles that a builder has changed.
func (s Shelf) Put(b *tree.Builder) {
	for _, t := range b.Changed() {
		s[[2]int64{int64(t.Level), t.Number}] = t.Hashes
	}
	b.Stored()
}
