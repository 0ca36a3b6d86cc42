package disk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Loss says what becomes of that which was written and not synced.
type Loss int

// The losses. All keep whatever was synced.
const (
	// Kept leaves everything there: the disk was faster than the loss.
	Kept Loss = iota
	// Lost leaves nothing there that nobody waited for.
	Lost
	// Torn leaves the first of it there in the order of its making, and of the next write a part that
	// ends at a sector.
	Torn
	// Scattered leaves any sectors of any writes there, in no order, and any changes of sizes and
	// names.
	Scattered
	Losses // their number
)

// String returns the loss in a word.
func (l Loss) String() string { return [...]string{"kept", "lost", "torn", "scattered"}[l] }

// effect is what one operation does to a file or to a name.
type effect struct {
	operation
	durable bool
	doubted bool // a sync failed that had to make it durable, and no later one does
}

// sectors returns the first sector of the disk that a write touches, and the one after the last.
func (e *effect) sectors(size int) (first, end int) {
	return int(e.offset) / size, (int(e.offset) + len(e.data) + size - 1) / size
}

// inode is a file, whatever its names.
type inode struct {
	base    []byte
	effects []*effect
}

// replay is how files and names have come about, up to a cut.
type replay struct {
	inodes  map[uint64]*inode // as the log names them; a number serves again after its file is gone
	base    map[string]*inode
	names   []*effect // of the directory
	targets map[*effect]*inode
	order   []*effect // all of them, on files and names
	syncs   map[int64][]*effect
}

// Power returns the files that a loss of power at a cut may leave, by name. r draws what is left to
// chance. What was acknowledged at a [Disk.Position] up to the cut must be found in them.
func (l *Log) Power(cut int64, loss Loss, r *rand.Rand) map[string][]byte {
	p := l.replay(cut)
	taken := p.take(loss, r)
	names := maps.Clone(p.base)
	for _, e := range p.names {
		if _, ok := taken[e]; !ok {
			continue
		}
		switch e.kind {
		case named:
			names[e.path] = p.targets[e]
		case unlinked:
			delete(names, e.path)
		case renamed:
			if p.targets[e] != nil {
				names[string(e.data)] = p.targets[e]
			}
			delete(names, e.path)
		}
	}
	found := map[string][]byte{}
	for name, i := range names {
		found[name] = i.content(taken)
	}
	return found
}

// replay follows the log up to a cut.
func (l *Log) replay(cut int64) *replay {
	p := &replay{inodes: map[uint64]*inode{}, base: map[string]*inode{},
		targets: map[*effect]*inode{}, syncs: map[int64][]*effect{}}
	for name, content := range l.base {
		p.base[name] = &inode{base: content}
	}
	names := maps.Clone(p.base) // as they are in the process's eyes
	for _, op := range l.all {
		if op.end > cut {
			break
		}
		switch e := (&effect{operation: op}); op.kind {
		case named:
			p.open(e, names)
		case unlinked:
			delete(names, op.path)
			p.rename(e, nil)
		case renamed:
			p.rename(e, names[op.path])
			names[string(op.data)] = names[op.path]
			delete(names, op.path)
		case written, truncated:
			if i := p.inodes[op.inode]; i != nil {
				i.effects = append(i.effects, e)
				p.order = append(p.order, e)
			}
		case syncBegun:
			p.syncs[op.offset] = p.waiting(op.inode)
		case synced:
			for _, e := range p.syncs[op.offset] {
				e.durable = e.durable || op.errno == 0 && !e.doubted
				e.doubted = e.doubted || op.errno != 0 && !e.durable
			}
			delete(p.syncs, op.offset)
		}
	}
	return p
}

// open learns which file a name stands for. One that is made is there once its directory is synced;
// one that is there and was never seen has been made by somebody whom the library doesn't see.
func (p *replay) open(e *effect, names map[string]*inode) {
	i := names[e.path]
	if i == nil || e.created {
		i = &inode{}
		names[e.path] = i
		p.rename(e, i)
		e.durable = !e.created
	}
	p.inodes[e.inode] = i
}

func (p *replay) rename(e *effect, target *inode) {
	p.names = append(p.names, e)
	p.order = append(p.order, e)
	p.targets[e] = target
}

// waiting returns what a sync that begins now would make durable.
func (p *replay) waiting(number uint64) (all []*effect) {
	effects := p.names
	if number != 0 {
		i := p.inodes[number]
		if i == nil {
			return nil
		}
		effects = i.effects
	}
	for _, e := range effects {
		if !e.durable {
			all = append(all, e)
		}
	}
	return all
}

// part says which sectors of a write are there.
type part struct {
	sector int
	taken  func(sector int) bool // nil: all
}

// take chooses which effects are there after the loss.
func (p *replay) take(loss Loss, r *rand.Rand) map[*effect]part {
	taken := map[*effect]part{}
	var open []*effect
	for _, e := range p.order {
		if e.durable {
			taken[e] = part{}
		} else {
			open = append(open, e)
		}
	}
	sector := []int{512, 4096}[r.IntN(2)]
	switch loss {
	case Kept:
		for _, e := range open {
			taken[e] = part{}
		}
	case Torn:
		last := r.IntN(len(open) + 1)
		for _, e := range open[:last] {
			taken[e] = part{}
		}
		if last < len(open) && open[last].kind == written {
			first, end := open[last].sectors(sector)
			until := first + r.IntN(end-first)
			taken[open[last]] = part{sector, func(n int) bool { return n < until }}
		}
	case Scattered:
		share := []float64{.1, .5, .9}[r.IntN(3)]
		for _, e := range open {
			if e.kind != written {
				if r.Float64() < share {
					taken[e] = part{}
				}
				continue
			}
			some := map[int]bool{}
			for n, end := e.sectors(sector); n < end; n++ {
				some[n] = r.Float64() < share
			}
			taken[e] = part{sector, func(n int) bool { return some[n] }}
		}
	}
	return taken
}

// content returns a file with those effects that are there.
func (i *inode) content(taken map[*effect]part) []byte {
	content := append([]byte(nil), i.base...)
	for _, e := range i.effects {
		t, ok := taken[e]
		switch {
		case !ok:
		case e.kind == truncated:
			content = resized(content, int(e.offset))
		case t.taken == nil:
			content = put(content, int(e.offset), e.data)
		default:
			for n, end := e.sectors(t.sector); n < end; n++ {
				if t.taken(n) {
					from := max(n*t.sector-int(e.offset), 0)
					until := min((n+1)*t.sector-int(e.offset), len(e.data))
					content = put(content, int(e.offset)+from, e.data[from:until])
				}
			}
		}
	}
	return content
}

func resized(content []byte, size int) []byte {
	if size <= len(content) {
		return content[:size]
	}
	return append(content, make([]byte, size-len(content))...)
}

func put(content []byte, at int, data []byte) []byte {
	if at+len(data) > len(content) {
		content = resized(content, at+len(data))
	}
	copy(content[at:], data)
	return content
}

// Restore puts files into a directory that is there, for their owner alone.
func Restore(dir string, all map[string][]byte) error {
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("a state after a loss of power: %w", err)
		}
	}
	return nil
}
