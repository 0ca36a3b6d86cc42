package claviger

// walls says where packages from outside may be imported, and a few of Go's own that stand
// for a whole layer. A package from outside that no row names is refused: taking on a
// dependency is a decision.
var walls = []struct{ path, in, because string }{
	{"github.com/go-chi/chi", "api bench/...",
		"routing is part of one protocol; the floor of the benchmark is a bare handler"},
	{"github.com/miekg/pkcs11", "hsm/...",
		"one place talks to the device, so that one pool owns its sessions"},
	{"github.com/ThalesIgnite/crypto11", "hsm/...",
		"it shares C_Initialize with us, and one file has to own that"},
	{"github.com/mattn/go-sqlite3", "store store/snapshot store/storetest",
		"engines differ inside store only; the checker of queries asks SQLite for its plans"},
	{"database/sql", "store store/storetest secrets/rotation/rotator/mysql",
		"everybody else speaks store.Tx, which commits a change together with its record; the driver " +
			"of other people's databases has its types"},
	{"github.com/go-sql-driver/mysql", "secrets/rotation/rotator/mysql",
		"it logs in to databases whose passwords are rotated, and nothing of ours is in them"},
	{"filippo.io/edwards25519", "secrets/rotation/rotator/mysql",
		"MariaDB's plugin ed25519 makes keys of passwords as crypto/ed25519 doesn't"},
	{"github.com/aws/aws-sdk-go-v2",
		"cmd/claviger/params/remote cmd/claviger/starter service/servicetest bench/... torture " +
			"examples/...",
		"the SDK is the client we promise to serve, not a part of the service; two commands are such clients"},
	{"github.com/aws/smithy-go",
		"cmd/claviger/params/remote cmd/claviger/starter service/servicetest examples/...",
		"it is part of the SDK"},
	{"github.com/go-json-experiment/json", "...",
		"outside JSON is read strictly by case and duplicates wherever it is met"},
	{"github.com/google/uuid", "...", "AWS's identifiers are UUIDs"},
	{"github.com/BurntSushi/toml", "cmd/...",
		"the configuration file is the command's; a package gets a Config"},
	{"github.com/coreos/go-oidc", "iam/webidentity",
		"tokens of other issuers are verified in one place"},
	{"github.com/go-jose/go-jose", "iam/webidentity", "it reads the keys of those issuers"},
	{"github.com/coreos/go-systemd", "cmd/...", "only a command is started by systemd"},
	{"github.com/prometheus/client_golang", "service",
		"packages have an Observer; what counts it is wired in"},
	{"github.com/prometheus/common", "service",
		"the text of all metrics is made once for everybody who waits for it, which promhttp doesn't do"},
	{"github.com/decred/dcrd/dcrec/secp256k1", "keystore/... hsm/...",
		"secp256k1 is one of AWS's curves and Go has none of its own: public keys are read and " +
			"signatures verified here"},
	{"filippo.io/mldsa", "internal/lattice hsm/hsmtest/...",
		"Go 1.26 has no ML-DSA: signatures are verified here, and a token in software makes them"},
	{"github.com/cloudflare/circl", "internal/lattice", "it has the one size of ML-KEM that Go lacks"},
	{"github.com/jackc/pgx", "secrets/rotation/rotator/postgres",
		"a driver is a way to one kind of target"},
	{"github.com/redis/go-redis", "secrets/rotation/rotator/redis",
		"one place makes sure that the driver does nothing of its own accord"},
	{"go.yaml.in/yaml", "parameters/public cmd/claviger/params/document",
		"of YAML the values of parameters are read and nothing else, as text and without its surprises"},
	{"golang.org/x/mod", "audit/tree", "it is the Merkle log and the signed note"},
	{"golang.org/x/sys", "cmd/... events/logfile hsm store internal/access internal/clock " +
		"internal/sandbox trail/export",
		"locked memory and file locks belong to the process, the device, the database and what is " +
			"written beside it; the uptime is the kernel's; and what a program may do is said to the kernel"},
}
