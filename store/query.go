package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"claviger/store/sqltext"
)

// Scope says how far a statement may reach. It follows from the primary key of the tables that the
// statement touches; the checker of package storetest holds the two against each other.
type Scope int

const (
	// InRegion is one account in one Region: keys of tables begin (account, region).
	InRegion Scope = iota
	// InAccount is one account in every Region, as IAM has it: keys begin with account, and no
	// region follows.
	InAccount
	// Everywhere is every account, and what belongs to none.
	Everywhere
)

// Query is one SQL statement, declared once. The zero value is of no use: [SQL], [AccountSQL] and
// [Wide] make it.
type Query struct {
	text   string
	at     string // where it was declared, for errors: keystore/sql.go:12
	scope  Scope
	params int
	rows   bool // it answers rows, so it must be read to its end: Row or Rows, never Exec
}

var declared struct {
	sync.Mutex
	queries []*Query
}

// SQL declares a statement that stays within one account and Region. It belongs in a
// package-level variable.
//
// Placeholders are $1 to $n in order of first appearance, and a placeholder may appear again.
// SQLite binds by first appearance and PostgreSQL by number; a text in which the two differ would
// answer silently wrong, so SQL panics on it.
func SQL(text string) *Query { return declare(text, InRegion) }

// AccountSQL declares a statement that stays within one account, on tables that have no Region
// because AWS has none there. Placeholders are those of [SQL].
func AccountSQL(text string) *Query { return declare(text, InAccount) }

// Wide declares a statement that may touch the rows of every account and Region. The reason
// says why it must, to whoever reads the declaration; without one Wide panics. Statements on
// tables that belong to the whole service (the trail, say) are of this kind as well.
// Placeholders are those of [SQL].
func Wide(text, reason string) *Query {
	if reason == "" {
		panic("store.Wide: " + text + ": a reason is needed")
	}
	return declare(text, Everywhere)
}

// Queries returns every statement declared so far, for the tests that read them all.
func Queries() []*Query {
	declared.Lock()
	defer declared.Unlock()
	return append([]*Query(nil), declared.queries...)
}

// String returns the text of the statement.
func (q *Query) String() string { return q.text }

// Where returns the file and line of the declaration.
func (q *Query) Where() string { return q.at }

// Scope returns how far the statement may reach.
func (q *Query) Scope() Scope { return q.scope }

// Params returns the number of placeholders.
func (q *Query) Params() int { return q.params }

// Words returns the identifiers, placeholders and single other characters of the statement, without
// white space, comments, literals and quoted names.
func (q *Query) Words() []string { return sqltext.Words(q.text) }

// declare adds a statement to the list of all, with the place where its caller was called.
func declare(text string, scope Scope) *Query {
	q := internal(text)
	q.scope = scope
	if _, file, line, ok := runtime.Caller(2); ok {
		dir, name := filepath.Split(file)
		q.at = filepath.Join(filepath.Base(dir), name) + ":" + strconv.Itoa(line)
	}
	declared.Lock()
	defer declared.Unlock()
	declared.queries = append(declared.queries, q)
	return q
}

// answering are the words that a statement begins with if it answers rows.
var answering = []string{"SELECT", "WITH", "VALUES", "PRAGMA"}

// internal makes a statement of this package's own: transactions, pragmas, bookkeeping.
func internal(text string) *Query {
	q := &Query{text: strings.TrimSpace(text), at: "store"}
	for i, word := range sqltext.Words(q.text) {
		switch upper := strings.ToUpper(word); {
		case word[0] == '$':
			q.placeholder(word)
		case strings.ContainsRune("?:@#", rune(word[0])):
			panic("store.SQL: " + q.text + ": placeholders are $1, $2 and so on")
		case upper == "RETURNING", i == 0 && slices.Contains(answering, upper):
			q.rows = true
		}
	}
	return q
}

// placeholder takes the next new number or one that appeared before, and nothing else.
func (q *Query) placeholder(word string) {
	n, err := strconv.Atoi(word[1:])
	switch {
	case err != nil || n < 1 || n > q.params+1:
		panic(fmt.Sprintf("store.SQL: %s: %s appears where $%d was expected first",
			q.text, word, q.params+1))
	case n == q.params+1:
		q.params = n
	}
}
