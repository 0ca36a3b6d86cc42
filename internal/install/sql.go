package install

import "claviger/store"

const ofAll = "the installation is above accounts and Regions"

var (
	qInstallation       = store.Wide(`SELECT id, root FROM installation`, ofAll)
	qInsertInstallation = store.Wide(
		`INSERT INTO installation (one, id, root, created) VALUES (1, $1, $2, $3)`, ofAll)
	qServiceKeys = store.Wide(
		`SELECT name, kind, root, mechanism, wrapped, verifier FROM service_keys`, ofAll)
	qInsertServiceKey = store.Wide(
		`INSERT INTO service_keys (name, kind, root, mechanism, wrapped, verifier)
		VALUES ($1, $2, $3, $4, $5, $6)`, ofAll)
)
