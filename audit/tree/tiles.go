package tree

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles.
const (
	Height   = 8
	Width    = 1 << Height // hashes in a complete tile
	HashSize = tlog.HashSize
)

// Leaf is the hash of a record in the tree.
func Leaf(record []byte) Hash { return tlog.RecordHash(record) }

// Tile is a tile with its hashes, one behind the other.
type Tile struct {
	Level  int
	Number int64
	Hashes []byte
}

// Tiles are where a tree's tiles rest.
type Tiles interface {
	// Tile returns the hashes of a tile, as many as there are; none if it isn't there.
	Tile(level int, number int64) ([]byte, error)
}

// HashOf is the hash of the complete subtree over hashes, whose number is a power of two.
func HashOf(hashes []Hash) Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(HashOf(hashes[:half]), HashOf(hashes[half:]))
}

// Root is the root of a tree by its right edge: of each level, from 0 on, the hashes of the tile
// that isn't complete, which may be none.
func Root(edge [][]Hash) Hash {
	var root Hash
	begun := false
	for _, hashes := range edge {
		for end, size := len(hashes), 1; end > 0; size *= 2 {
			if end&size == 0 {
				continue
			}
			part := HashOf(hashes[end-size : end])
			if end -= size; begun {
				part = tlog.NodeHash(part, root)
			}
			root, begun = part, true
		}
	}
	if !begun {
		return emptyRoot
	}
	return root
}

// emptyRoot is the root of a tree without leaves: SHA-256 of nothing.
var emptyRoot, _ = tlog.TreeHash(0, nil)

// Edge says of which tile of a level how many hashes belong to the right edge of a tree of so many
// records. Levels end where number and width are both 0.
func Edge(size int64, level int) (number int64, width int) {
	hashes := size >> (Height * level)
	return hashes >> Height, int(hashes % Width)
}

// Split returns the hashes of a tile's bytes.
func Split(data []byte) []Hash {
	hashes := make([]Hash, len(data)/HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*HashSize:])
	}
	return hashes
}

// Join is the other way of [Split].
func Join(hashes []Hash) []byte {
	data := make([]byte, 0, len(hashes)*HashSize)
	for i := range hashes {
		data = append(data, hashes[i][:]...)
	}
	return data
}

// Builder appends records to a tree. It has the right edge in memory, some KiB.
type Builder struct {
	size   int64
	edge   [][]Hash // of each level, the hashes of the tile that isn't complete
	filled []Tile   // completed since Stored
	stale  []bool   // of each level: its edge has changed since Stored
}

// Resume returns the builder that goes on behind a checkpoint. The tiles must be as they were then,
// or more complete; it fails if their edge has another root than the checkpoint.
func Resume(c Checkpoint, tiles Tiles) (*Builder, error) {
	b := &Builder{size: c.Size}
	for level := 0; ; level++ {
		number, width := Edge(c.Size, level)
		if number == 0 && width == 0 {
			break
		}
		var hashes []Hash
		if width > 0 {
			data, err := tiles.Tile(level, number)
			if err != nil {
				return nil, err
			}
			if len(data) < width*HashSize {
				return nil, fmt.Errorf("%w: of tile %d of level %d %d hashes are there, and %d should be",
					ErrTiles, number, level, len(data)/HashSize, width)
			}
			hashes = Split(data[:width*HashSize])
		}
		b.edge, b.stale = append(b.edge, hashes), append(b.stale, false)
	}
	if root := b.Root(); root != c.Root {
		return nil, fmt.Errorf("%w: their root at %d is %s, and %s was signed", ErrTiles, c.Size, root,
			c.Root)
	}
	return b, nil
}

// Size is how many records the tree has.
func (b *Builder) Size() int64 { return b.size }

// Root is the root of the tree as it is.
func (b *Builder) Root() Hash { return Root(b.edge) }

// Append adds a record by its hash.
func (b *Builder) Append(leaf Hash) {
	b.size++
	for level := 0; ; level++ {
		if level == len(b.edge) {
			b.edge, b.stale = append(b.edge, nil), append(b.stale, false)
		}
		b.edge[level] = append(b.edge[level], leaf)
		b.stale[level] = true
		if len(b.edge[level]) < Width {
			return
		}
		full := b.edge[level]
		b.filled = append(b.filled, Tile{Level: level, Number: b.size>>(Height*(level+1)) - 1,
			Hashes: Join(full)})
		leaf = HashOf(full)
		b.edge[level] = full[:0]
	}
}

// Changed returns the tiles that have changed since [Builder.Stored], complete ones first.
func (b *Builder) Changed() []Tile {
	changed := slices.Clone(b.filled)
	for level, hashes := range b.edge {
		if b.stale[level] && len(hashes) > 0 {
			changed = append(changed, Tile{Level: level, Number: b.size >> (Height * (level + 1)),
				Hashes: Join(hashes)})
		}
	}
	return changed
}

// Stored says that somebody has the tiles as they are.
func (b *Builder) Stored() {
	b.filled = nil
	clear(b.stale)
}
