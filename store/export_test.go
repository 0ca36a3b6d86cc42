package store

import (
	"io/fs"
	"testing/fstest"
)

// withTables returns the program's migrations and one that makes a test's own tables.
func withTables(ddl string) fs.FS {
	all := fstest.MapFS{"migrations/sqlite/9000_test.sql": {Data: []byte(ddl)}}
	steps, _ := fs.Glob(embedded, "migrations/sqlite/*")
	for _, step := range steps {
		text, _ := fs.ReadFile(embedded, step)
		all[step] = &fstest.MapFile{Data: text}
	}
	return all
}

// OwnQueries returns this package's statements on tables, as if [Wide] had declared them: they are
// in no list because nobody outside runs them.
func OwnQueries() []*Query {
	var all []*Query
	for _, q := range []*Query{insertBatch, newestBatch, newestTime, nextBatch,
		batchBefore, heartbeat} {
		own := *q
		own.scope = Everywhere
		all = append(all, &own)
	}
	return all
}
