package tree

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrTiles says that the tree's tiles are not those that a checkpoint was signed over.
var ErrTiles = errors.New("the tree's tiles are not what was signed")

// ErrProof says that a proof doesn't prove what it says.
var ErrProof = errors.New("the proof does not hold")

// Proof proves one record to whoever has the log's key and this alone.
type Proof struct {
	Number int64 `json:"number"` // of the record, from 1: leaf Number-1 of the tree
	// the exact bytes; absent if the record was removed for its age
	Record     string `json:"record,omitempty"`
	Leaf       Hash   `json:"leafHash"`   // base64: SHA-256 of a zero byte and the record
	Path       []Hash `json:"path"`       // base64: RFC 6962 section 2.1.1, from the leaf's sibling up
	Checkpoint string `json:"checkpoint"` // the signed note
	// of the log, as `claviger audit key` prints it. Who verifies takes it from elsewhere: whoever
	// makes up a proof makes up a key too
	Key string `json:"key"`
}

// Prove proves the record of that number by a signed checkpoint that has it. record may be nil if
// it isn't there any more. Nothing is believed of the tiles that the checkpoint doesn't say.
func Prove(signed []byte, key *Key, tiles Tiles, number int64, record []byte) (*Proof, error) {
	c, err := Open(signed, key)
	if err != nil {
		return nil, err
	}
	if number < 1 || number > c.Size {
		return nil, fmt.Errorf("%w: record %d is not among the first %d, which were signed", ErrProof,
			number, c.Size)
	}
	hashes := c.reader(tiles)
	leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, number-1)})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	if record != nil && Leaf(record) != leaf[0] {
		return nil, fmt.Errorf("%w: record %d is not the one that was signed", ErrProof, number)
	}
	path, err := tlog.ProveRecord(c.Size, number-1, hashes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	return &Proof{Number: number, Record: string(record), Leaf: leaf[0], Path: path,
		Checkpoint: string(signed), Key: key.String()}, nil
}

// Check returns nil if the proof proves its record to whoever trusts the key.
func (p *Proof) Check(key *Key) error {
	c, err := Open([]byte(p.Checkpoint), key)
	if err != nil {
		return err
	}
	if p.Record != "" && Leaf([]byte(p.Record)) != p.Leaf {
		return fmt.Errorf("%w: its record is another than its hash", ErrProof)
	}
	if p.Number < 1 || p.Number > c.Size {
		return fmt.Errorf("%w: there is no record %d among %d", ErrProof, p.Number, c.Size)
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Root, p.Number-1, p.Leaf); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// Extends proves that the records of an older checkpoint are the first ones of this one: RFC 6962
// section 2.1.2. Nothing is believed of the tiles that c doesn't say. Of an empty tree the proof is
// empty.
func (c Checkpoint) Extends(older int64, tiles Tiles) ([]Hash, error) {
	if older > c.Size || older < 0 {
		return nil, fmt.Errorf("%w: %d records are more than %d", ErrProof, older, c.Size)
	}
	if older == 0 || older == c.Size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(c.Size, older, c.reader(tiles))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	return proof, nil
}

// CheckExtends verifies what [Checkpoint.Extends] has proved. Two checkpoints of one size must have
// one root.
func (c Checkpoint) CheckExtends(older Checkpoint, proof []Hash) error {
	switch {
	case older.Origin != c.Origin:
		return fmt.Errorf("%w: %q and %q are two logs", ErrProof, older.Origin, c.Origin)
	case older.Size > c.Size:
		return fmt.Errorf("%w: %d records are more than %d", ErrProof, older.Size, c.Size)
	case older.Size == c.Size && older.Root != c.Root:
		return fmt.Errorf("%w: two trees of %d records were signed", ErrProof, c.Size)
	case older.Size == 0 || older.Size == c.Size:
		return nil
	}
	if err := tlog.CheckTree(proof, c.Size, c.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// RootAt is the root that the tree had at an older size, by the tiles as c vouches for them.
func (c Checkpoint) RootAt(size int64, tiles Tiles) (Hash, error) {
	if size > c.Size || size < 0 {
		return Hash{}, fmt.Errorf("%w: %d records are more than %d", ErrProof, size, c.Size)
	}
	root, err := tlog.TreeHash(size, c.reader(tiles))
	if err != nil {
		return Hash{}, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	return root, nil
}

// reader reads hashes of the tree, each only after the tiles above it have vouched for it.
func (c Checkpoint) reader(tiles Tiles) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, tileReader{tiles})
}

// tileReader is tiles as tlog reads them.
type tileReader struct{ tiles Tiles }

func (tileReader) Height() int                     { return Height }
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, 0, len(tiles))
	for _, t := range tiles {
		data, err := r.tiles.Tile(t.L, t.N)
		if err != nil {
			return nil, err
		}
		if len(data) < t.W*HashSize {
			return nil, fmt.Errorf("of tile %d of level %d %d hashes are there, and %d should be",
				t.N, t.L, len(data)/HashSize, t.W)
		}
		all = append(all, data[:t.W*HashSize])
	}
	return all, nil
}
