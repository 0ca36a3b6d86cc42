// Package config reads the file that says what an installation is made of: its device, its
// database, where it listens, and which clusters may be used. A file that others could read or
// change, and shouldn't, is refused.
package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/hsm"
	"claviger/internal/custody"

	"github.com/BurntSushi/toml"
)

// Config is the file that init, serve, doctor and audit read. A name it does not know is an error.
type Config struct {
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
	Clusters []Cluster `toml:"clusters"` // of HSMs, for custom key stores
	OIDC     struct {
		Issuers []Issuer `toml:"issuers"` // of web identities, with authorities of their own
	} `toml:"oidc"`
	Rotators   []Rotator `toml:"rotators"` // that secrets may be rotated by
	Parameters struct {
		Public []PublicTree `toml:"public"` // that the site declares for every account
	} `toml:"parameters"`
	Trail    Trail    `toml:"trail"` // how it is exported and copied, and for how long it is kept
	Outbound Outbound `toml:"outbound"`
	SNS      SNS      `toml:"sns"`
	Events   Events   `toml:"events"`
	TLS      struct {
		Certificate string `toml:"certificate"` // PEM chain; read again when it changes
		Key         string `toml:"key"`         // PEM file of mode 0600; this or key_label
		KeyLabel    string `toml:"key_label"`   // CKA_LABEL of a key pair on the token
	} `toml:"tls"`
	Alarms struct {
		DeniedRequests int    `toml:"denied_requests"` // of one principal within a window: a burst
		Window         string `toml:"window"`
	} `toml:"alarms"`
	Policy struct {
		UnknownConditionKeys string `toml:"unknown_condition_keys"` // accept or refuse
	} `toml:"policy"`
	Log struct {
		Format string `toml:"format"` // text or json
		Level  string `toml:"level"`  // debug, info, warn or error
	} `toml:"log"`
}

// Cluster is a cluster of HSMs that a custom key store may stand on. Its PIN is the store's
// password, and no setting.
type Cluster struct {
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

// Issuer is an OpenID Connect issuer whose certificate is by an authority of the site's. Which
// issuers an account believes is no setting: it declares them to IAM.
type Issuer struct {
	URL    string `toml:"url"`     // as its tokens write it in iss
	CAFile string `toml:"ca_file"` // PEM file of the authorities that are trusted for it
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^([a-z]+-){2,3}[0-9]+$`)
)

// Read reads and checks a configuration file.
func Read(path string) (*Config, error) {
	if path == "" {
		return nil, exit.UsageError("--config FILE is needed")
	}
	if err := steady(path, byNobodyElse); err != nil {
		return nil, err
	}
	c := &Config{Listen: "127.0.0.1:8200", Regions: []string{"us-east-1"}}
	md, err := toml.DecodeFile(path, c)
	if err != nil {
		return nil, exit.Mark(fmt.Errorf("%s: %w", path, err), exit.ErrConfig)
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		return nil, exit.ConfigError("%s: there is no setting %q", path, unknown[0].String())
	}
	c.resolve(filepath.Dir(path))
	if err := c.check(); err != nil {
		return nil, exit.Mark(fmt.Errorf("%s: %w", path, err), exit.ErrConfig)
	}
	for _, cl := range c.Clusters {
		if err := CheckModule(cl.Module); err != nil {
			return nil, err
		}
	}
	return c, CheckModule(c.HSM.Module)
}

func (c *Config) check() error {
	if err := CheckNamespace(c.Account, c.Regions); err != nil {
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
	if _, err := c.Limits(); err != nil {
		return err
	}
	keys := c.Policy.UnknownConditionKeys
	if keys != "" && keys != "accept" && !c.RefusesUnknownKeys() {
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
	if err := c.checkAlarms(); err != nil {
		return err
	}
	if err := c.checkIssuers(); err != nil {
		return err
	}
	if err := c.checkRotators(); err != nil {
		return err
	}
	if _, err := c.eventTargets(); err != nil {
		return err
	}
	if err := c.checkPublic(); err != nil {
		return err
	}
	if err := c.checkTrail(); err != nil {
		return err
	}
	if err := errors.Join(c.checkOutbound(), c.checkSNS()); err != nil {
		return err
	}
	return c.checkClusters()
}

// RefusesUnknownKeys reports whether policies may ask for no condition keys but those that there
// are.
func (c *Config) RefusesUnknownKeys() bool { return c.Policy.UnknownConditionKeys == "refuse" }

// CheckNamespace refuses what can be no account, or no Region.
func CheckNamespace(account string, regions []string) error {
	if !IsAccount(account) {
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

// IsAccount reports whether a text has the form of an account's number.
func IsAccount(text string) bool { return accountForm.MatchString(text) }

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

// Device returns the token's configuration.
func (c *Config) Device() hsm.Config {
	timeout, _ := duration("hsm.timeout", c.HSM.Timeout)
	device := hsm.Config{Module: c.HSM.Module, TokenLabel: c.HSM.TokenLabel,
		TokenSerial: c.HSM.TokenSerial, PIN: c.PIN(), MaxSessions: c.HSM.MaxSessions,
		HandleCache: c.HSM.HandleCache, Timeout: timeout}
	for _, spec := range c.HSM.Resident {
		device.Resident = append(device.Resident, residentKinds[spec])
	}
	return device
}

// residentKinds are the key specs that hsm.resident takes, and what the device knows them as.
var residentKinds = map[string]custody.Kind{"ECC_NIST_EDWARDS25519": custody.Ed25519Sign}

// Addresses are where to listen: for everybody, and perhaps for those who watch.
func (c *Config) Addresses() []string {
	if c.ListenMetrics == "" {
		return []string{c.Listen}
	}
	return []string{c.Listen, c.ListenMetrics}
}

// Differing names the settings, or sections of them, in which two configurations differ.
func (c *Config) Differing(other *Config) (names []string) {
	x, y := reflect.ValueOf(*c), reflect.ValueOf(*other)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			names = append(names, x.Type().Field(i).Tag.Get("toml"))
		}
	}
	return names
}
