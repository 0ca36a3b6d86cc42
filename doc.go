// Package claviger is the map of the house; the program is cmd/claviger.
//
// Claviger, keeper of the keys, gives a site of its own what AWS KMS, Secrets Manager and
// Parameter Store give a cloud account, with every key held by the site's own PKCS#11 device, and
// the IAM and STS that say who may use them.
//
// # Where things are
//
//	cmd/claviger       the one binary, one small file for each command; below it what several need
//	service            puts everything together; servicetest starts it in one line
//	internal/op        an operation, and the one road every request takes
//	internal/turn      who changes the same thing does it one after the other
//	internal/shape     constraints by AWS shape name: validation and OpenAPI from one table
//	internal/fault     the error type that crosses package borders
//	internal/custody   what a key looks like while it rests outside the token
//	internal/lattice   public keys of ML-DSA and ML-KEM, which Go has not or not all of
//	internal/domain    what services have in common: tags, pages, ARNs, fenced changes, caches
//	internal/rowmac    signed rows
//	internal/rowset    digests of all rows of a table
//	internal/signedtoken  page tokens, grant tokens, import tokens
//	internal/pin       PINs as people keep them in files
//	internal/clock     whether the clock can be believed
//	internal/envelope  how services have values sealed under KMS keys
//	internal/pattern   the language of event patterns and filter policies
//	internal/follow    reads the trail behind the committer, for all who follow it
//	internal/outbox    events that changes leave, until they are delivered
//	internal/install   what the installation knows of itself: its own keys
//	internal/backup    backups that the token signs
//	internal/access    what the user that this process is may do with a file
//	internal/wire      AWS's JSON and its scalars
//	api                routing, limits, documents; AWS JSON, AWS query and REST in a package each
//	keystore           KMS
//	secrets            Secrets Manager
//	parameters         Parameter Store
//	topics             SNS: topics, subscriptions, and messages that reach them
//	events             EventBridge: which events go where
//	iam                IAM and STS, a package for each subject: users, policies, attachments, ...
//	iam/entity         all that IAM knows, in rows, and the callers that it makes of them
//	iam/webidentity    tokens of OpenID Connect issuers
//	identity           who is calling: access keys, sessions and SigV4
//	policy             who may do what; pure
//	audit              what a record of the trail says; the tree over them, and what verifies it
//	trail              CloudTrail, and who follows the trail: its tree, its index, its copies
//	alarms             what Claviger tells of itself, made of the trail and of the state of its parts
//	jobs               the job runner: due work, leases and retries
//	hsm                the PKCS#11 device
//	store              the database
//	softhsm-setup      installs SoftHSM2, makes a token to play with
//
// # What points where
//
// Imports run one way. The domains (keystore, secrets, parameters, identity) never see each other;
// what one needs of another is an interface that service fills. Only iam sees one, identity, since
// it makes the callers. Package hsm and package store know nothing of what they hold. The table in
// layers_test.go says who may import whom, with the reason, and is a test.
//
// # Where to begin
//
// To follow a request, read the walks in docs/architecture.md, then internal/op, then any
// operations.go: each is its domain's table of contents. To follow a key, read internal/custody,
// then hsm. Why things are as they are is in docs/decisions.
package claviger
