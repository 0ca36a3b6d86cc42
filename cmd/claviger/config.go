package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/internal/pin"

	"github.com/BurntSushi/toml"
)

// config is the file that init, serve, doctor and audit read. A name it does not know is an error.
type config struct {
	Listen string `toml:"listen"` // address and port; plain HTTP only on loopback
	// address and port for health and metrics alone, by the same rule; may be left out
	ListenMetrics        string   `toml:"listen_metrics"`
	Connections          int      `toml:"connections"`            // at once; 0: half of the files that may be open
	ConnectionsPerSource int      `toml:"connections_per_source"` // 0: a quarter of them
	Account              string   `toml:"account"`                // 12 digits
	Regions              []string `toml:"regions"`                // served; the first is the default
	Database             string   `toml:"database"`               // the SQLite file
	HSM                  struct {
		Module      string `toml:"module"`       // path of the PKCS#11 library
		TokenLabel  string `toml:"token_label"`  // this or token_serial
		TokenSerial string `toml:"token_serial"` // this or token_label
		// exactly one of these three: a file of mode 0600 or 0400,
		PINFile       string   `toml:"pin_file"`
		PINEnv        string   `toml:"pin_env"`        // the name of an environment variable,
		PINCredential string   `toml:"pin_credential"` // the name of a systemd credential
		Resident      []string `toml:"resident"`       // key specs of which new keys are resident
		MaxSessions   int      `toml:"max_sessions"`
		HandleCache   int      `toml:"handle_cache"`
		Timeout       string   `toml:"timeout"`
	} `toml:"hsm"`
	Clusters []cluster `toml:"clusters"` // of HSMs, for custom key stores
	OIDC     struct {
		Issuers []issuer `toml:"issuers"` // of web identities, with authorities of their own
	} `toml:"oidc"`
	TLS struct {
		Certificate string `toml:"certificate"` // PEM chain; read again when it changes
		Key         string `toml:"key"`         // PEM file of mode 0600; this or key_label
		KeyLabel    string `toml:"key_label"`   // CKA_LABEL of a key pair on the token
	} `toml:"tls"`
	Policy struct {
		UnknownConditionKeys string `toml:"unknown_condition_keys"` // accept or refuse
	} `toml:"policy"`
	Log struct {
		Format string `toml:"format"` // text or json
		Level  string `toml:"level"`  // debug, info, warn or error
	} `toml:"log"`
}

// cluster is a cluster of HSMs that a custom key store may stand on. Its PIN is the store's
// password, and no setting.
type cluster struct {
	ID     string `toml:"id"`     // cluster- and 11 to 16 letters or digits from 2 to 7
	Module string `toml:"module"` // path of the PKCS#11 library
	// that may make a store on it; the installation's own account if left out
	Accounts []string `toml:"accounts"`
	// these or token_serials; the first token has the keys
	TokenLabels  []string `toml:"token_labels"`
	TokenSerials []string `toml:"token_serials"` // these or token_labels
	Single       bool     `toml:"single"`        // one token is as many as there should be
	// PEM file that TrustAnchorCertificate is compared with; may be left out
	TrustAnchor string `toml:"trust_anchor"`
	Timeout     string `toml:"timeout"`
}

// issuer is an OpenID Connect issuer whose certificate is by an authority of the site's. Which
// issuers an account believes is no setting: it declares them to IAM.
type issuer struct {
	URL    string `toml:"url"`     // as its tokens write it in iss
	CAFile string `toml:"ca_file"` // PEM file of the authorities that are trusted for it
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^([a-z]+-){2,3}[0-9]+$`)
)

// readConfig reads and checks a configuration file.
func readConfig(path string) (*config, error) {
	if path == "" {
		return nil, exit.UsageError("--config FILE is needed")
	}
	if err := steady(path, byNobodyElse); err != nil {
		return nil, err
	}
	c := &config{Listen: "127.0.0.1:8200", Regions: []string{"us-east-1"}}
	md, err := toml.DecodeFile(path, c)
	if err != nil {
		return nil, exit.Mark(fmt.Errorf("%s: %w", path, err), exit.ErrConfig)
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		return nil, exit.ConfigError("%s: there is no setting %q", path, unknown[0].String())
	}
	if err := c.check(); err != nil {
		return nil, exit.Mark(fmt.Errorf("%s: %w", path, err), exit.ErrConfig)
	}
	for _, cl := range c.Clusters {
		if err := steady(cl.Module, byOthers); err != nil {
			return nil, err
		}
	}
	return c, steady(c.HSM.Module, byOthers)
}

func (c *config) check() error {
	if err := checkNamespace(c.Account, c.Regions); err != nil {
		return err
	}
	switch {
	case c.Database == "":
		return errors.New("database is missing: the path of the SQLite file")
	case c.HSM.Module == "":
		return errors.New("hsm.module is missing: the path of the PKCS#11 library")
	case (c.HSM.TokenLabel == "") == (c.HSM.TokenSerial == ""):
		return errors.New("set hsm.token_label or hsm.token_serial, and one of them only")
	case count(c.HSM.PINFile, c.HSM.PINEnv, c.HSM.PINCredential) != 1:
		return errors.New("set exactly one of hsm.pin_file, hsm.pin_env and hsm.pin_credential")
	case c.TLS.Certificate != "" && count(c.TLS.Key, c.TLS.KeyLabel) != 1:
		return errors.New("set tls.key or tls.key_label beside tls.certificate, and one of them only")
	case c.TLS.Certificate == "" && count(c.TLS.Key, c.TLS.KeyLabel) != 0:
		return errors.New("tls.certificate is missing")
	}
	if _, err := c.limits(); err != nil {
		return err
	}
	if keys := c.Policy.UnknownConditionKeys; keys != "" && keys != "accept" && !c.refusesUnknown() {
		return fmt.Errorf("policy.unknown_condition_keys must be accept or refuse, and %q is not", keys)
	}
	for _, spec := range c.HSM.Resident {
		if residentKinds[spec] == "" {
			return fmt.Errorf("hsm.resident takes ECC_NIST_EDWARDS25519 and no other key "+
				"spec, and so not %q", spec)
		}
	}
	if _, err := duration("hsm.timeout", c.HSM.Timeout); err != nil {
		return err
	}
	if err := c.checkIssuers(); err != nil {
		return err
	}
	return c.checkClusters()
}

// refusesUnknown reports whether policies may ask for no condition keys but those that there are.
func (c *config) refusesUnknown() bool { return c.Policy.UnknownConditionKeys == "refuse" }

func checkNamespace(account string, regions []string) error {
	if !accountForm.MatchString(account) {
		return fmt.Errorf("the account must be 12 digits, and %q is not", account)
	}
	if len(regions) == 0 {
		return errors.New("at least one Region is needed")
	}
	for _, r := range regions {
		if !regionForm.MatchString(r) {
			return fmt.Errorf("%q is not the name of a Region, such as us-east-1", r)
		}
	}
	return nil
}

func count(set ...string) (n int) {
	for _, s := range set {
		if s != "" {
			n++
		}
	}
	return n
}

// duration reads a setting that may be left out.
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s must be a duration such as 5s, and %q is not", name, text)
	}
	return d, nil
}

// device returns the token's configuration.
func (c *config) device() hsm.Config {
	timeout, _ := duration("hsm.timeout", c.HSM.Timeout)
	device := hsm.Config{Module: c.HSM.Module, TokenLabel: c.HSM.TokenLabel,
		TokenSerial: c.HSM.TokenSerial, PIN: c.pin(), MaxSessions: c.HSM.MaxSessions,
		HandleCache: c.HSM.HandleCache, Timeout: timeout}
	for _, spec := range c.HSM.Resident {
		device.Resident = append(device.Resident, residentKinds[spec])
	}
	return device
}

// residentKinds are the key specs that hsm.resident takes, and what the device knows them as.
var residentKinds = map[string]custody.Kind{"ECC_NIST_EDWARDS25519": custody.Ed25519Sign}

// pin returns what reads the PIN anew at each login. It is never an argument:
// those can be seen by everyone.
func (c *config) pin() func() ([]byte, error) {
	switch {
	case c.HSM.PINFile != "":
		return pinFile(c.HSM.PINFile)
	case c.HSM.PINEnv != "":
		return func() ([]byte, error) {
			v := os.Getenv(c.HSM.PINEnv)
			if v == "" {
				return nil, exit.ConfigError("the environment variable %s, which should hold the PIN, is empty",
					c.HSM.PINEnv)
			}
			return pinIn("the environment variable "+c.HSM.PINEnv, []byte(v))
		}
	}
	return func() ([]byte, error) {
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return nil, exit.ConfigError(
				"hsm.pin_credential is set, but systemd passed no credentials: see LoadCredential= in " +
					"systemd.exec(5)")
		}
		return readPIN(filepath.Join(dir, c.HSM.PINCredential), credentialMode)
	}
}

// pinFile reads a PIN from a file that only its owner may read.
func pinFile(path string) func() ([]byte, error) {
	return func() ([]byte, error) { return readPIN(path, ownerOnly) }
}

func readPIN(path string, refused fs.FileMode) ([]byte, error) {
	if err := private(path, refused); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return pinIn(path, b)
}

// pinIn reads the PIN in what a place holds. What can't be one is named and never tried. It is no
// [hsm.ErrPIN]: a service that runs goes on once the file is in order again.
func pinIn(place string, text []byte) ([]byte, error) {
	found, err := pin.Read(text)
	if err != nil {
		clear(text)
		return nil, exit.Mark(fmt.Errorf("%s, which should hold a PIN, %w. It was not tried", place, err),
			exit.ErrPIN)
	}
	return found, nil
}

// readable reads PINs and forgets them, to find out what is wrong with their places before anything
// is done with any of them.
func readable(pins ...func() ([]byte, error)) error {
	for _, read := range pins {
		secret, err := read()
		clear(secret)
		if err != nil {
			return err
		}
	}
	return nil
}

// The bits that a secret file may not have. systemd gives a credential the mode 0440 and lets one
// user in by an access list, whose mask shows as the group's rights.
const (
	ownerOnly      fs.FileMode = 0o077
	credentialMode fs.FileMode = 0o037
)

// private refuses a file that others than its owner can read or write.
func private(path string, refused fs.FileMode) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return exit.Mark(err, exit.ErrConfig)
	}
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&refused != 0 {
		return exit.Mark(fmt.Errorf("%s has mode %04o: others can get at it. Do: chmod 0600 %s", path, mode,
			path), exit.ErrExposed)
	}
	return nil
}

// writers is a right to write that a file may not give, and the change of mode (chmod(1)) that
// takes it away. Who can change the configuration or the PKCS#11 library has their code run in this
// process, with the PIN. The library is installed by packages that may trust a group; the
// configuration is ours.
type writers struct {
	mode   fs.FileMode
	change string
}

var (
	byNobodyElse = writers{0o022, "go-w"}
	byOthers     = writers{0o002, "o-w"}
)

// steady refuses a file that too many can write. What is not there is for its
// reader to complain of.
func steady(path string, refused writers) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if mode := info.Mode().Perm(); mode&refused.mode != 0 {
		return exit.Mark(fmt.Errorf(
			"%s has mode %04o: others can change what this process runs with. Do: chmod %s %s", path, mode,
			refused.change, path), exit.ErrExposed)
	}
	return nil
}

// loopback reports whether addr looks like one that can be reached from this machine only. What
// localhost stands for is the resolver's to say, so that [bound] has the last word.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bound reports whether what a listener is bound to can be reached from this machine only.
func bound(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
