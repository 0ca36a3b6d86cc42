package store

// OwnQueries returns this package's statements on tables, as if [Wide] had declared them: they are
// in no list because nobody outside runs them.
func OwnQueries() []*Query {
	var all []*Query
	for _, q := range []*Query{insertBatch, newestBatch, nextBatches, heartbeat} {
		own := *q
		own.scope = Everywhere
		all = append(all, &own)
	}
	return all
}
