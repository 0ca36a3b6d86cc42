package dispatch

import "context"

// Looker returns what looks whether an event is made of a record.
func Looker(r Rules) func(line []byte) bool {
	w := wanted{book: r.Book, places: map[[2]string]wants{}}
	return func(line []byte) bool {
		_, ok, err := w.event(context.Background(), line)
		return ok || err != nil
	}
}
