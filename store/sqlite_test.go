package store_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"claviger/store"
	"claviger/store/storetest"
)

func openSQLite(t testing.TB, dir string) (*store.DB, error) {
	return store.Open(t.Context(), store.Config{
		Path: filepath.Join(dir, "db"),
		Log:  slog.New(slog.DiscardHandler), Migrations: storetest.Items(),
	})
}

func TestSQLite_Suite_Passes(t *testing.T) { storetest.Run(t, openSQLite) }

func TestSQLite_OwnQueries_PassTheChecker(t *testing.T) {
	for _, err := range storetest.CheckQueries(store.OwnQueries()) {
		t.Error(err)
	}
}
