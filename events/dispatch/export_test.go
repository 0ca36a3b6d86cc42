package dispatch

import "context"

// Looker returns what looks whether an event is made of a record.
func Looker(r Rules) func(line []byte) bool {
	return func(line []byte) bool {
		at := placeOf(line)
		book, err := r.Book(context.Background(), at.Account, at.Region)
		return err != nil || book.Wants(onlyReads(line))
	}
}
