package claviger

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path in go.mod.
const module = "claviger"

// layers says who may import whom. Every package has exactly one row; where two fit, the longer
// name wins. "x/..." is x and everything below it, "." the root of the module, "..." everything.
// Test files are free: a test may look at its package from anywhere.
var layers = []struct{ pkg, may, because string }{
	{".", "", "the root is a map and holds no code"},
	{"cmd/...", "...", "nobody imports a command"},
	{"cmd/claviger/exit", "hsm internal/backup internal/install store",
		"how a command fails is said of errors that others have made"},
	{"cmd/claviger/config", "cmd/claviger/exit hsm iam/webidentity internal/... service " +
		"secrets/rotation/rotator/... parameters/public events/rule events/program topics/mail trail/copies " +
		"trail/export",
		"what an installation is made of is read before any command does anything with it"},
	{"cmd/claviger/params/document", "", "a document is text, whatever becomes of it"},
	{"cmd/claviger/params/plan", "cmd/claviger/params/document parameters/parameter",
		"a plan compares what was read, and asks nobody"},
	{"cmd/claviger/params/remote", "cmd/claviger/params/plan parameters/parameter",
		"a client knows of a service what AWS's model says, wherever it runs"},
	{"service", "...", "somebody has to put the parts together"},
	{"service/servicetest", "...", "it starts the true server, and that is everything"},
	{"bench/...", "...", "it measures the whole, and nobody imports a command"},
	{"torture", "...", "it breaks the true server, and nobody imports it"},
	{"torture/driver", "", "a report is words and numbers, whoever found them"},
	{"examples/...", "...", "an example may show any part of the house"},
	{".ci/...", "", "a tool that judges the tree must not depend on it"},

	{"api", "api/awsjson api/awsquery api/rest internal/... policy",
		"it carries operations without knowing one by name; of policy it sees the Caller"},
	{"api/awsjson", "internal/fault internal/op internal/wire",
		"a protocol reads and writes; who may ask and what it costs is for others"},
	{"api/awsquery", "internal/fault internal/op internal/wire",
		"a protocol reads and writes; who may ask and what it costs is for others"},
	{"api/rest", "internal/fault internal/op internal/wire",
		"a protocol reads and writes; who may ask and what it costs is for others"},

	{"keystore", "keystore/... internal/... policy audit store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"keystore/cryptoops",
		"keystore/target keystore/customstore keystore/sealing keystore/ciphertext " +
			"keystore/publickey keystore/key keystore/kmsfault keystore/model internal/... policy",
		"operations that use keys change no row, and see no table"},
	{"keystore/target", "keystore/multiregion keystore/grant keystore/keyrows keystore/key " +
		"keystore/kmsfault internal/domain internal/op internal/fault policy audit",
		"finding a key comes before anything is done with it"},
	{"keystore/customstore",
		"keystore/residents keystore/keyrows keystore/key keystore/kmsfault keystore/model " +
			"internal/domain internal/op internal/rowmac internal/fault internal/custody internal/pin " +
			"internal/wire policy store",
		"stores connect as the service itself does it, by operations of their own, and see the keys " +
			"in them as rows"},
	{"keystore/residents", "keystore/keyrows keystore/key keystore/kmsfault keystore/model " +
		"internal/domain internal/op internal/rowmac internal/fault internal/custody policy store",
		"keys on tokens are made and destroyed by operations of the service's own, and know of no " +
			"store but its name"},
	{"keystore/multiregion", "keystore/events keystore/keyrows keystore/key internal/domain " +
		"internal/op internal/outbox", "related keys are rows that change together, of which is told"},
	{"keystore/events", "keystore/key internal/outbox",
		"an event tells what became of a key, and belongs to no operation"},
	{"keystore/grant", "keystore/key keystore/keyrows keystore/kmsfault internal/domain " +
		"internal/rowmac internal/signedtoken internal/fault internal/op policy store",
		"grants hang on a key's row and end in a decision of policy; of the road they know the call " +
			"that a token is made for"},
	{"keystore/datakeys", "keystore/sealing keystore/usage keystore/keyrows keystore/key " +
		"keystore/ciphertext keystore/kmsfault keystore/model internal/... policy store",
		"an epoch begins by an operation of its own, on the device and in the rows of its key"},
	{"keystore/sealing", "keystore/key keystore/usage internal/custody internal/op",
		"a seal is one call of a device, and a count"},
	{"keystore/usage", "keystore/key internal/op internal/domain internal/fault store",
		"counts are numbers of a key in its rows, and ride with the record of a call"},
	{"keystore/imports", "keystore/key keystore/publickey keystore/kmsfault keystore/model " +
		"internal/... policy store",
		"pairs serve imports, and know no operation of AWS's"},
	{"keystore/keyrows", "keystore/key internal/domain internal/rowmac policy audit store",
		"rows hold keys, and know no operation"},
	{"keystore/key", "keystore/publickey keystore/kmsfault internal/custody internal/fault " +
		"internal/wire policy",
		"a key is facts and rules, its policy among them: no clock, no database, no device"},
	{"keystore/publickey", "keystore/kmsfault internal/custody internal/lattice",
		"what a public key can do needs nothing else"},
	{"keystore/ciphertext", "keystore/key internal/custody", "a format knows what it holds"},
	{"keystore/model", "keystore/key keystore/kmsfault internal/domain internal/op internal/shape " +
		"internal/signedtoken internal/fault",
		"what every request of KMS says alike is read before any key is"},
	{"keystore/kmsfault", "internal/fault", "every part of KMS refuses in the same words"},
	{"secrets", "secrets/... internal/... policy audit store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"secrets/secret", "secrets/smfault secrets/password secrets/rotation/rotator " +
		"secrets/rotation/schedule internal/domain internal/envelope internal/fault internal/op " +
		"internal/wire policy",
		"a secret is facts and rules: no clock, no database, no key"},
	{"secrets/smfault", "internal/fault", "every part of Secrets Manager refuses in the same words"},
	{"secrets/events", "secrets/secret secrets/rotation/rotator internal/op internal/outbox",
		"an event is what became of a secret, told to the trail or to EventBridge"},
	{"secrets/rotation", "secrets/secret secrets/secretrows secrets/sealing secrets/versions " +
		"secrets/target secrets/events secrets/model secrets/smfault secrets/password " +
		"secrets/rotation/... internal/domain internal/fault internal/op policy store",
		"a rotation is operations of the service's own on one secret, and knows of targets what " +
			"their contract says"},
	{"secrets/replication", "secrets/secret secrets/secretrows secrets/sealing secrets/target " +
		"secrets/events secrets/model secrets/smfault internal/domain internal/fault internal/op " +
		"internal/wire policy store",
		"a copy is rows and seals of another Region, and knows nothing of rotation"},
	{"secrets/secretrows", "secrets/secret secrets/events secrets/model internal/domain internal/op " +
		"internal/outbox internal/rowmac policy store",
		"rows hold secrets, and know no operation"},
	{"secrets/sealing", "secrets/secret secrets/smfault internal/custody internal/domain " +
		"internal/envelope internal/fault internal/op",
		"a seal is a question to KMS"},
	{"secrets/versions", "secrets/secret secrets/secretrows secrets/sealing secrets/smfault " +
		"internal/domain internal/op",
		"versions are rows and seals, whichever operation makes them"},
	{"secrets/target", "secrets/secret secrets/secretrows secrets/smfault secrets/model " +
		"internal/domain internal/envelope internal/op policy",
		"finding a secret comes before anything is done with it"},
	{"secrets/password", "internal/domain internal/op internal/fault",
		"a password is random numbers, and no secret"},
	{"secrets/rotation/rotator/program", "secrets/rotation/rotator internal/sandbox",
		"it says what a program gets, and not how"},
	{"secrets/rotation/rotator/functiontest", "secrets/rotation/rotator/functiontest/authority",
		"what tests run as a site's function knows AWS's API alone"},
	{"secrets/rotation/rotator/functiontest/authority", "", "certificates are bytes"},
	{"secrets/rotation/rotator/...", "secrets/rotation/rotator/... secrets/password",
		"what changes credentials knows values and targets, and neither rows nor labels"},
	{"secrets/rotation/diagnosis", "secrets/secret secrets/rotation/rotator",
		"what a secret's row says of a rotation is all that there is to say"},
	{"secrets/rotation/schedule", "", "times follow from a rule and a moment"},
	{"secrets/resourcepolicy", "internal/domain internal/fault policy policy/inspect",
		"a policy is looked at before it is attached to anything"},
	{"secrets/model", "secrets/filter internal/domain internal/op internal/shape internal/fault",
		"what AWS's model says is read before any secret is"},
	{"secrets/filter", "internal/domain internal/fault",
		"a filter compares texts, and knows no row"},
	{"parameters", "parameters/... internal/... policy audit store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"parameters/parameter", "parameters/ssmfault parameters/policies parameters/public " +
		"internal/domain internal/op policy",
		"a parameter is facts and rules: no clock, no database, no key"},
	{"parameters/ssmfault", "internal/fault", "every part of Parameter Store refuses in the same words"},
	{"parameters/model", "internal/domain internal/op internal/shape internal/fault",
		"what AWS's model says is read before any parameter is"},
	{"parameters/parameterrows", "parameters/parameter parameters/policies internal/domain " +
		"internal/fault internal/op internal/rowmac policy store",
		"rows hold parameters, and know no operation"},
	{"parameters/sealing", "parameters/parameter internal/custody internal/envelope internal/fault " +
		"internal/op",
		"a seal is a question to KMS"},
	{"parameters/sharing", "policy",
		"a policy is looked at before it is attached to anything"},
	{"parameters/settings", "parameters/parameter parameters/parameterrows parameters/ssmfault " +
		"internal/domain internal/op internal/wire policy",
		"a setting is a row of an account, and knows no parameter's"},
	{"parameters/target", "parameters/parameter parameters/parameterrows parameters/ssmfault " +
		"internal/domain internal/op policy",
		"finding a parameter comes before anything is done with it"},
	{"parameters/events", "parameters/parameter parameters/parameterrows parameters/policies " +
		"internal/domain internal/op internal/outbox",
		"an event tells of a change of rows, and belongs to no operation"},
	{"parameters/enforcement", "parameters/parameter parameters/parameterrows parameters/policies " +
		"parameters/target internal/domain internal/op policy store",
		"what policies ask for is done to rows, with nobody asking"},
	{"parameters/filter", "parameters/ssmfault internal/domain internal/fault",
		"a filter compares texts, and knows no row"},
	{"parameters/pattern", "", "a pattern is a text, and what it matches another"},
	{"parameters/policies", "internal/fault",
		"what is due when follows from texts and moments: no clock, no row"},
	{"parameters/public", "",
		"what a site declares in files is there before any request, and knows nothing of one"},
	{"topics", "topics/... internal/... policy store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"topics/topic", "topics/snsfault internal/domain internal/pattern policy",
		"a topic is facts and rules: no clock, no database, no device"},
	{"topics/snsfault", "internal/fault", "every part of SNS refuses in the same words"},
	{"topics/model", "internal/op internal/shape internal/fault",
		"what AWS's model says is read before any topic is"},
	{"topics/topicrows", "topics/topic internal/domain internal/pattern internal/rowmac policy store",
		"rows hold topics, and know no operation"},
	{"topics/notification", "topics/topic",
		"what receivers get is texts, and what of them is signed: no device"},
	{"topics/sending", "topics/topic topics/topicrows topics/notification topics/mail " +
		"topics/snsfault internal/custody internal/delivery internal/envelope internal/outbound " +
		"internal/signedtoken",
		"a message is brought to where rows say, with nobody asking"},
	{"topics/mail", "", "a mail is text, and a server its configuration"},
	{"topics/topicstest", "internal/outbound", "receivers are somebody else's"},
	{"events", "events/... internal/... policy store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"events/dispatch", "events/rule events/rulerows internal/delivery internal/domain " +
		"internal/follow internal/outbox internal/rowmac store",
		"who dispatches reads rules, and follows what happened wherever that is written down"},
	{"events/destination", "events/connection events/dispatch events/rule internal/delivery " +
		"internal/op internal/outbound",
		"a request to a destination is made of what was found, and sent through the one door"},
	{"events/logfile", "events/rule internal/delivery", "a line in a file is bytes"},
	{"events/program", "events/rule internal/delivery internal/sandbox",
		"it says what a program gets, and not how"},
	{"events/eventfault", "internal/fault", "every part of EventBridge refuses in the same words"},
	{"events/model", "internal/domain internal/op internal/shape internal/fault",
		"what AWS's model says is read before any rule is"},
	{"events/rule", "internal/domain", "a rule is facts: no clock, no database, no key"},
	{"events/rulerows", "events/rule internal/domain internal/op internal/pattern internal/rowmac store",
		"rows hold rules, and know no operation"},
	{"events/connection", "events/rule internal/domain",
		"a connection is facts: no clock, no database, no key"},
	{"events/connectionrows", "events/connection internal/domain internal/rowmac store",
		"rows hold connections, and know no operation"},
	{"events/transformer", "", "a template is a text, and an event another"},
	{"events/schedule", "", "when something is due follows from a text and a moment"},
	{"identity", "internal/... policy audit store identity/sigv4 identity/session identity/accesskey",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"iam", "iam/... internal/... policy audit store identity",
		"a domain knows the road, the engine and the trail; of others it knows who is calling"},
	{"iam/users", "iam/target iam/model iam/entity identity internal/... policy store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/oidc", "iam/webidentity iam/target iam/model iam/entity internal/... policy",
		"operations of one subject know the entities, and no other subject"},
	{"iam/accounts", "iam/target iam/model iam/entity identity internal/... policy store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/simulate", "iam/model internal/domain internal/op internal/fault internal/signedtoken " +
		"policy policy/inspect",
		"a simulation is texts and a decision of policy: entities come by an interface"},
	{"iam/groups", "iam/target iam/model iam/entity internal/... policy store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/roles", "iam/target iam/model iam/entity internal/... policy policy/principals store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/policies", "iam/target iam/model iam/entity internal/... policy store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/attachments", "iam/target iam/model iam/entity internal/... policy store",
		"operations of one subject know the entities, and no other subject"},
	{"iam/iamtest", "iam/... hsm/hsmtest identity internal/... policy",
		"it starts IAM without the protocols, for the tests of its subjects"},
	{"iam/target", "iam/model iam/entity internal/... policy",
		"finding an entity comes before anything is done with it"},
	{"iam/model", "iam/entity internal/... policy",
		"what AWS's models say is read before any entity is"},
	{"iam/entity", "identity internal/domain internal/rowmac policy store",
		"entities are rows, and what a decision needs of them"},
	{"iam/webidentity", "internal/fault",
		"whether a token is true is its issuer's to say: a provider's declaration is handed in"},
	{"iam/webidentity/issuertest", "", "an issuer is somebody else's"},
	{"iam/sts", "iam/model iam/entity iam/webidentity identity identity/session " +
		"identity/accesskey internal/clock internal/domain internal/op internal/fault internal/wire " +
		"policy",
		"sessions are of entities, and rest in tokens: it has no table"},
	{"identity/session", "identity/accesskey internal/custody internal/fault internal/signedtoken",
		"a token is bytes that a device seals: no clock, no database"},
	{"identity/accesskey", "", "an id is an account's number and chance"},
	{"identity/sigv4", "internal/fault",
		"reading a signature needs bytes and a clock that is handed in"},

	{"alarms", "internal/outbox",
		"an event of ours is a text, whatever it was made of"},
	{"alarms/records", "alarms internal/domain internal/follow internal/outbox policy policy/inspect",
		"what a record tells is in its text: no clock, no database"},
	{"alarms/starter", "", "rules to begin with are texts"},
	{"alarms/watch", "alarms alarms/records internal/domain internal/follow internal/outbox store",
		"who watches knows what is looked at by its name alone"},

	{"jobs", "internal/domain internal/op internal/fault store",
		"the job runner does whatever was given to it and knows no domain"},
	{"internal/clock", "internal/rowmac store",
		"what is believed of the time is a row, and nobody's domain"},
	{"internal/op", "store policy audit internal/admission internal/clock internal/fault " +
		"internal/shape internal/source internal/turn internal/wire",
		"the road authorizes, records and commits, and knows no domain and no protocol"},

	{"internal/op/optest", "hsm hsm/hsmtest internal/domain internal/op internal/install " +
		"internal/clock internal/fault internal/wire jobs policy store store/storetest",
		"it starts what every domain runs on, and a domain's own tests can use it only if it knows none"},

	{"internal/admission", "", "who may do how much at once is numbers and names"},
	{"internal/bodies", "", "who may have how much memory is numbers and names"},
	{"internal/listener", "internal/source", "connections are counted before anything is asked"},
	{"internal/source", "", "an address is bytes"},
	{"internal/turn", "", "who waits for whom is names, whatever they name"},
	{"internal/domain",
		"internal/op internal/fault internal/signedtoken policy policy/principals store",
		"what domains have in common knows none of them"},
	{"internal/sandbox", "",
		"a sandbox is processes and the kernel, and knows nothing of what runs in it"},
	{"internal/outbound", "",
		"what may be called follows from a list and an address, whoever calls"},
	{"internal/outbound/outboundtest", "", "a receiver is somebody else's"},
	{"internal/delivery", "internal/domain internal/fault store",
		"a queue knows rows and moments, and no receiver"},
	{"internal/outbox", "internal/domain store",
		"an event is a text and its place in a table; who leaves it and who takes it is for others"},
	{"internal/follow", "store", "records are read and handed on, whatever becomes of them"},
	{"internal/pattern", "", "a pattern is a text, and an event another"},
	{"internal/envelope", "internal/op",
		"a contract names what it carries and who is calling, and nothing else"},
	{"internal/secretvalue", "internal/op",
		"a contract names what it carries and who is calling, and nothing else"},
	{"internal/install", "store internal/rowmac internal/signedtoken internal/fault internal/custody",
		"it opens what every domain signs by, and knows none of them"},
	{"internal/backup", "store store/snapshot internal/install internal/custody",
		"a backup is a file and what an installation knows of itself: whose rows are in it doesn't matter"},
	{"internal/rowmac", "store internal/fault internal/custody",
		"what signs every domain's rows knows none of them"},
	{"internal/signedtoken", "", "a token is a text and a MAC"},
	{"internal/pin", "", "a PIN is bytes, whoever they come from"},

	{"internal/rowset", "", "a digest of rows is arithmetic"},

	{"store/sqltext", "", "a statement is a text"},
	{"store", "store/sqltext internal/rowset internal/fault internal/custody", "an engine knows nothing of what it stores"},
	{"store/snapshot", "store", "a copy is made of a file, whatever is in it"},
	{"store/storetest/disk", "", "a disk holds files, whatever they are"},
	{"store/storetest", "store internal/fault internal/custody",
		"a suite sees what it tests and nothing above it"},
	{"hsm", "hsm/internal/... internal/access internal/admission internal/fault internal/custody " +
		"internal/lattice",
		"a device knows nothing of why it is asked"},
	{"hsm/internal/cryptoki", "", "the door to a module knows PKCS#11 and nothing of ours"},
	{"hsm/internal/kwp", "", "RFC 5649 is bytes and AES"},
	{"hsm/internal/publickey", "internal/lattice", "what anybody may know needs no device"},
	{"hsm/internal/failure", "hsm/internal/cryptoki internal/custody",
		"whose fault it was is told from the function and its code, and everybody asks it"},
	{"hsm/internal/dialect", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/publickey " +
		"internal/custody internal/lattice",
		"a table of devices and key templates makes no calls"},
	{"hsm/internal/object", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/publickey " +
		"hsm/internal/dialect internal/custody internal/lattice",
		"what is done in one session doesn't know whose session it is"},
	{"hsm/internal/module", "hsm/internal/cryptoki hsm/internal/failure",
		"starting and stopping a library is the same for all who use it"},
	{"hsm/internal/session", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/dialect " +
		"hsm/internal/object hsm/internal/module internal/admission internal/fault internal/custody",
		"what keeps a token logged in is told what to look for there"},
	{"hsm/internal/root", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/dialect " +
		"hsm/internal/object hsm/internal/module internal/custody",
		"a ceremony comes before there is anything to keep logged in"},
	{"hsm/internal/imports", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/dialect " +
		"hsm/internal/object hsm/internal/session hsm/internal/kwp internal/custody",
		"an import is a use of keys like any other"},
	{"hsm/internal/signer", "hsm/internal/cryptoki hsm/internal/failure hsm/internal/module",
		"crypto11 has sessions of its own and shares only the module with ours"},
	{"hsm/hsmtest", "hsm hsm/internal/kwp internal/fault internal/custody internal/lattice",
		"a suite sees what it tests and nothing above it, and of its inside only what it imports by"},
	{"hsm/hsmtest/shim", "hsm",
		"what stands before a module knows PKCS#11 and where SoftHSM2 is"},
	{"hsm/hsmtest/fakedevice", "hsm hsm/hsmtest hsm/internal/cryptoki hsm/internal/module " +
		"hsm/internal/kwp internal/lattice",
		"a driver that is no library comes in by the table of loaded modules"},
	{"policy/inspect", "policy", "looking at documents needs no more than they say"},
	{"policy/principals", "policy", "who is meant by a name is told by whoever calls"},
	{"policy", "internal/fault internal/custody",
		"a decision is pure: no clock, no database, no caller to ask"},
	{"audit", "internal/fault internal/custody", "a record outlives whatever wrote it"},
	{"audit/tree", "", "a tree is hashes of bytes, and a checkpoint a text with a signature"},
	{"audit/tree/treetest", "audit/tree", "who signs a tree in a test needs no more than it"},
	{"audit/verify", "audit/tree", "who verifies believes neither a database nor a service"},

	{"trail/treerows", "audit/tree internal/rowmac store",
		"rows hold a tree and its checkpoints, and know neither who makes nor who verifies them"},
	{"trail/sequencer",
		"trail/treerows audit/tree internal/custody internal/follow internal/rowmac store",
		"a tree is made of records as they come, signed by a device, and kept in rows"},

	{"trail", "trail/... internal/... policy audit store",
		"a domain knows the road, the engine and the trail, and no other domain"},
	{"trail/search", "internal/follow store",
		"an index knows records by their text, and no operation"},
	{"trail/model", "internal/fault internal/op internal/shape",
		"what AWS's model says is known before anything is looked up"},
	{"trail/copies", "internal/follow internal/outbound store",
		"a copy is the trail's records on their way out, whatever they say"},
	{"trail/witnessed", "", "how places stand is what was said of them, whoever asks"},
	{"trail/export", "store", "files are made of records, and say nothing that isn't in them"},
	{"trail/retention", "internal/clock store", "what goes is told by its age alone"},

	{"internal/shape", "internal/fault internal/wire",
		"a constraint speaks of values, not of operations"},
	{"internal/wire", "internal/fault", "a scalar is the same in every operation"},
	{"internal/custody", "internal/fault",
		"a vocabulary that hsm and the domains share must weigh nothing"},
	{"internal/access", "", "who may read a file is the system's to say"},
	{"internal/lattice", "", "a public key is bytes and arithmetic"},
	{"internal/fault", "", "everything imports it, so it imports nothing"},
}

// file is one Go file of the tree with what the rules look at.
type file struct {
	path, pkg string // slash-separated, from the module's root; pkg is "." at the root
	isTest    bool
	syntax    *ast.File
	imports   []string
}

// tree parses every Go file below the root, whatever its build tags: a wall must not have a door
// for another platform.
func tree(t *testing.T) (files []file, at *token.FileSet) {
	t.Helper()
	at = token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == ".git" || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		// A module of its own is no part of this one: only what it depends on makes it one.
		if _, err := os.Stat(filepath.Join(path, "go.mod")); d.IsDir() && path != "." && err == nil {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(at, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		f := file{path: path, pkg: filepath.ToSlash(filepath.Dir(path)),
			isTest: strings.HasSuffix(path, "_test.go"), syntax: syntax}
		for _, spec := range syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, at
}

// covers reports whether a pattern of the tables names pkg.
func covers(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	below, isTree := strings.CutSuffix(pattern, "/...")
	return pkg == below || isTree && strings.HasPrefix(pkg, below+"/")
}

// anyCovers is [covers] for a list of patterns with spaces between.
func anyCovers(patterns, pkg string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool { return covers(p, pkg) })
}

// ours returns an import path as a package of this module, from its root.
func ours(path string) (pkg string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// within reports whether an import path is the named package or lies below it (chi
// is imported as chi/v5).
func within(path, name string) bool {
	return path == name || strings.HasPrefix(path, name+"/")
}

func TestLayers_Imports_PointTheRightWay(t *testing.T) {
	files, _ := tree(t)
	used := map[int]bool{}
	for _, f := range files {
		row := -1
		for i, l := range layers {
			if covers(l.pkg, f.pkg) && (row < 0 || len(l.pkg) > len(layers[row].pkg)) {
				row = i
			}
		}
		if row < 0 {
			t.Errorf("package %s has no row in the table of layers: add one, with its reason (%s)", f.pkg,
				f.path)
			continue
		}
		used[row] = true
		for _, path := range f.imports {
			pkg, ok := ours(path)
			if !ok || f.isTest || pkg == f.pkg || anyCovers(layers[row].may, pkg) {
				continue
			}
			t.Errorf("%s imports %s; %s may import [%s], because %s", f.path, path, layers[row].pkg,
				layers[row].may, layers[row].because)
		}
	}
	for i, l := range layers {
		if !used[i] {
			t.Errorf("the table of layers has a row for %s, and there is no such package", l.pkg)
		}
	}
}

func TestWalls_Dependencies_StayBehindThem(t *testing.T) {
	files, _ := tree(t)
	for _, f := range files {
		if f.isTest {
			continue
		}
		for _, path := range f.imports {
			row := slices.IndexFunc(walls,
				func(w struct{ path, in, because string }) bool { return within(path, w.path) })
			first, _, _ := strings.Cut(path, "/")
			switch {
			case row < 0 && strings.Contains(first, "."):
				t.Errorf("%s imports %s, which no row names: add one, with its reason, or do without", f.path,
					path)
			case row >= 0 && !anyCovers(walls[row].in, f.pkg):
				t.Errorf("%s imports %s; that is for [%s], because %s", f.path, path, walls[row].in,
					walls[row].because)
			}
		}
	}
}
