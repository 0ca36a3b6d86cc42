package storetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"claviger/store"
)

// CheckQueries prepares every query against the program's own schema and returns what is wrong with
// them: a statement the database doesn't understand, one that would begin or end transactions, and
// one that reaches beyond its [store.Scope].
//
// The reach is read from SQLite's query plan. A table whose key begins (account, region) must be
// searched by both, through its key or through an index that begins with them; one whose key begins
// with account alone, by account. An INSERT must name these columns. A table with another key
// belongs to the whole service, and so do its queries. A query of [store.SQL] or [store.AccountSQL]
// touches tables of its own scope only.
func CheckQueries(queries []*store.Query) []error {
	s, err := openSchema()
	if err != nil {
		return []error{err}
	}
	defer s.close()
	var all []error
	for _, q := range queries {
		if err := s.check(q); err != nil {
			all = append(all, fmt.Errorf("%s: %w: %s", q.Where(), err, q))
		}
	}
	return all
}

// scopeRule is what a scope demands of the statements that keep to it.
type scopeRule struct {
	columns  []string // that the key begins with
	searched string   // how a plan begins to say that these columns are searched by
	declare  string   // how a statement of this scope is declared
}

var scopeRules = map[store.Scope]scopeRule{
	store.InRegion: {
		columns:  []string{"account", "region"},
		searched: "(account=? AND region=?",
		declare:  "SQL",
	},
	store.InAccount: {
		columns:  []string{"account"},
		searched: "(account=?",
		declare:  "AccountSQL",
	},
	store.Everywhere: {declare: "Wide"},
}

// String returns the columns as a sentence names them: "account and region".
func (r scopeRule) String() string { return strings.Join(r.columns, " and ") }

// scopeOf returns the scope of a table with such a key.
func scopeOf(key []string) store.Scope {
	switch {
	case len(key) > 1 && key[0] == "account" && key[1] == "region":
		return store.InRegion
	case len(key) > 0 && key[0] == "account":
		return store.InAccount
	}
	return store.Everywhere
}

// forbidden are the words that have no place in a statement which shares its transaction with those
// of other requests.
var forbidden = []string{"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA",
	"ATTACH", "DETACH", "VACUUM", "CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE", "EXPLAIN"}

// check returns the first thing that is wrong with q. Wide only lifts the rules of scope.
func (s *schema) check(q *store.Query) error {
	words := q.Words()
	for i, word := range words {
		upper := strings.ToUpper(word)
		if i == 0 && slices.Contains(forbidden, upper) || upper == "ROLLBACK" || word == ";" {
			return fmt.Errorf("%s is not for queries", word)
		}
	}
	plan, err := s.plan(q)
	if err != nil || q.Scope() == store.Everywhere {
		return err
	}
	if err := s.checkTables(q.Scope()); err != nil {
		return err
	}
	for _, step := range plan {
		if err := s.checkStep(words, step); err != nil {
			return err
		}
	}
	return s.checkInsert(words)
}

// checkTables demands that the statement at hand touches tables of its scope only. A join of two
// scopes can keep to neither, so it is for Wide.
func (s *schema) checkTables(scope store.Scope) error {
	for _, table := range s.touchedTables() {
		if of, known := s.tables[table]; known && of != scope {
			return fmt.Errorf("%s, by its key, is for queries declared with %s, not with %s",
				table, scopeRules[of].declare, scopeRules[scope].declare)
		}
	}
	return nil
}

var access = regexp.MustCompile(`^(?:SCAN|SEARCH) (\w+)`)

// checkStep looks at one access of the plan. Steps on subqueries and constant rows name no table;
// what a subquery reads has a line of its own.
func (s *schema) checkStep(words []string, step string) error {
	match := access.FindStringSubmatch(step)
	if match == nil || match[1] == "CONSTANT" || strings.Contains(step, "VIRTUAL TABLE") {
		return nil
	}
	table, ok := s.resolve(words, match[1])
	if !ok {
		return fmt.Errorf("no telling which table %q is", match[1])
	}
	if table == "" {
		return nil
	}
	// An automatic index is made for one statement by reading the whole table.
	rule, automatic := scopeRules[s.tables[table]], strings.Contains(step, "AUTOMATIC")
	if automatic || !strings.Contains(step, rule.searched) {
		return fmt.Errorf("%s is not searched by %s: %s", table, rule, step)
	}
	return nil
}

// resolve returns the table behind the name in a plan: the table itself or an alias of it, or ""
// for the name of a common table expression.
func (s *schema) resolve(words []string, name string) (string, bool) {
	if _, ok := s.tables[name]; ok {
		return name, true
	}
	for i, word := range words {
		rest := words[i+1:]
		as := len(rest) > 0 && strings.EqualFold(rest[0], "AS")
		if as {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			break
		}
		if _, ok := s.tables[word]; ok && strings.EqualFold(rest[0], name) {
			return word, true
		}
		if as && rest[0] == "(" && strings.EqualFold(word, name) {
			return "", true
		}
	}
	return "", false
}

// checkInsert demands that the columns of an INSERT, which has no plan, are written out with those
// of the scope among them.
func (s *schema) checkInsert(words []string) error {
	for _, table := range s.touchedTables() {
		rule := scopeRules[s.tables[table]]
		if s.touched[table] && !namesAll(words, table, rule.columns) {
			return fmt.Errorf("the columns of %s are not written out with %s", table, rule)
		}
	}
	return nil
}

// namesAll reports whether the words hold INTO table (columns), with all that are
// wanted among the columns.
func namesAll(words []string, table string, wanted []string) bool {
	for i, word := range words[:max(0, len(words)-3)] {
		if !strings.EqualFold(word, "INTO") || words[i+1] != table || words[i+2] != "(" {
			continue
		}
		columns := words[i+3:]
		columns = columns[:max(0, slices.Index(columns, ")"))]
		return !slices.ContainsFunc(wanted, func(c string) bool { return !slices.Contains(columns, c) })
	}
	return len(wanted) == 0
}
