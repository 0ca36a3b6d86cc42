package verify

import "fmt"

// Kind is what is wrong.
type Kind string

// The kinds of faults.
const (
	Altered   Kind = "altered"   // a record has other bytes than were signed
	Misplaced Kind = "misplaced" // a record has the bytes of another one
	Missing   Kind = "missing"   // records are not there
	Doubled   Kind = "doubled"   // a row is called by a number that another row has
	Cut       Kind = "cut"       // the newest records that were signed are not there
	Rewritten Kind = "rewritten" // records were changed, and the tree with them
	Tile      Kind = "tile"      // the tree's tiles are wrong, and the records are right
	Forged    Kind = "forged"    // a checkpoint has a signature that isn't the key's
	OtherKey  Kind = "other key" // a checkpoint is signed by another key alone
	Unsigned  Kind = "unsigned"  // no checkpoint is signed by the key
	Forked    Kind = "forked"    // two trees were signed that can't be of one trail
	Older     Kind = "older"     // a checkpoint that was held is newer than the trail
	Unproved  Kind = "unproved"  // records behind the newest checkpoint, where there should be none
)

// Fault is one thing that is wrong, and where.
type Fault struct {
	Kind        Kind
	First, Last int64 // numbers of the records; 0 of what is about no record
	Size        int64 // of a checkpoint
	Of          int64 // the record whose bytes are there instead
	Level       int   // of a tile
	Number      int64 // of a tile
	Why         error // or nil
}

// goesOnFrom reports whether a fault and the one before are one: records that follow each other, or
// hashes of one tile, which each checkpoint over it tells of anew.
func (f Fault) goesOnFrom(before Fault) bool {
	switch {
	case f.Kind != before.Kind:
		return false
	case f.Kind == Missing:
		return f.First == before.Last+1
	}
	return f.Kind == Tile && f.Level == 0 && before.Level == 0 && f.Number == before.Number &&
		f.First >= before.First && f.First <= before.Last+1
}

// String says it in one sentence.
func (f Fault) String() string {
	where := fmt.Sprintf("record %d", f.First)
	is := "is"
	if f.Last > f.First {
		where, is = fmt.Sprintf("records %d to %d", f.First, f.Last), "are"
	}
	switch f.Kind {
	case Altered:
		return where + " " + is + " not what was signed"
	case Misplaced:
		return fmt.Sprintf("%s is not what was signed: it has the bytes of record %d", where, f.Of)
	case Missing:
		return where + " " + is + " missing"
	case Doubled:
		return where + ": a row too many, or one with too many records"
	case Cut:
		return where + " " + is + " missing: the tail was cut off"
	case Rewritten:
		return where + ": what was signed of them is gone, from the records and from the tree: " +
			"at least one was changed"
	case Tile:
		return fmt.Sprintf("%s: the tree is not what was signed, in tile %d of level %d", where,
			f.Number, f.Level)
	case Forged:
		return fmt.Sprintf("the checkpoint of %d records is forged: %v", f.Size, f.Why)
	case OtherKey:
		return fmt.Sprintf("the checkpoint of %d records proves nothing here: %v", f.Size, f.Why)
	case Unsigned:
		return "no checkpoint is signed by the key, so that nothing is proved. Is it this trail's?"
	case Forked:
		return fmt.Sprintf("the checkpoint of %d records was signed over another trail", f.Size)
	case Older:
		return fmt.Sprintf("%s %s missing: the trail is older than the checkpoint of %d records that "+
			"was held", where, is, f.Size)
	case Unproved:
		return where + " " + is + " behind the newest checkpoint: nothing says what was there"
	}
	return string(f.Kind) + " " + where
}
