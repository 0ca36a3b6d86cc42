package keystore

import (
	"errors"

	"claviger/store"
)

var (
	qImportPair = store.SQL(`SELECT algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, mac FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qInsertImportPair = store.SQL(`INSERT INTO kms_import_pairs (account, region, key_id, id, algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, failures, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14)`)
	qPairsOfKey   = store.SQL(`SELECT count(*) FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3`)
	qCountAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures + 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures < $5`)
	qTakeBackAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures - 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures > 0`)
	qDeleteImportPair  = store.SQL(`DELETE FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qDeleteImportPairs = store.SQL(`DELETE FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3`)
)

func isNoRow(err error) bool { return errors.Is(err, store.NoRow) }
