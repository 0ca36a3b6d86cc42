package program

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"claviger/internal/sandbox"
)

// Config is what an installation says of a program. The zero value of a limit is the usual one.
type Config struct {
	Program     string            // absolute; none but root and the service's user may write it
	Arguments   []string          //
	User        string            // name, uid or uid:gid, none of root's; empty: the service's own
	Environment map[string]string // more variables; those of the credentials aren't among them
	Read        []string          // more files and directories that it may read, absolute

	Timeout   time.Duration // for a step; then everything is killed. Usually 60 s
	Memory    uint64        // address space of each process, in bytes. Usually 1 GiB
	CPU       time.Duration // of each process, up to a whole second. Usually the timeout
	Files     uint64        // open descriptors of each process. Usually 256
	Processes uint64        // processes and threads. Usually 64
	Disk      uint64        // what may be written to the directory, in bytes. Usually 64 MiB

	Network  []string // host:port that it may reach besides the service, named as it names them
	Endpoint string   // URL of the service, as the program reaches it
	CAFile   string   // the certificates that the service's is by; empty: the system's

	BestEffort bool   // take the parts of the sandbox that this machine gives
	Self       string // the binary with the stages of the sandbox; empty: this one
}

const (
	usualTimeout   = 60 * time.Second
	usualMemory    = 1 << 30
	usualFiles     = 256
	usualProcesses = 64
	usualDisk      = 64 << 20

	mostTimeout  = 15 * time.Minute // as AWS Lambda has it
	mostNetwork  = 32               // destinations
	searchedPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// New checks a configuration on this machine, and that the sandbox can be made.
func New(ctx context.Context, c Config, from Credentials) (*Function, error) {
	c = c.withUsual()
	if err := c.valid(); err != nil {
		return nil, err
	}
	own, err := endpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	user, err := sandbox.UserOf(c.User)
	if err != nil {
		return nil, err
	}
	f := &Function{config: c, user: user, environment: c.environment(), credentials: from}
	for _, d := range append([]string{own}, c.Network...) {
		if !slices.Contains(f.reach, d) {
			f.reach = append(f.reach, d)
		}
	}
	f.features, err = sandbox.Try(ctx, f.command(Session{}, ""), c.BestEffort)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (c Config) withUsual() Config {
	c.Timeout = cmp.Or(c.Timeout, usualTimeout)
	c.Memory = cmp.Or(c.Memory, usualMemory)
	c.CPU = cmp.Or(c.CPU, c.Timeout)
	c.Files = cmp.Or(c.Files, usualFiles)
	c.Processes = cmp.Or(c.Processes, usualProcesses)
	c.Disk = cmp.Or(c.Disk, usualDisk)
	return c
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (c Config) valid() error {
	if c.Timeout < time.Second || c.Timeout > mostTimeout {
		return fmt.Errorf("timeout: %s is not between 1s and %s", c.Timeout, mostTimeout)
	}
	if c.CPU < 0 {
		return fmt.Errorf("cpu: %s is less than nothing", c.CPU)
	}
	if err := sandbox.Trusted(c.Program); err != nil {
		return fmt.Errorf("program: %w", err)
	}
	own := ownVariables()
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		switch {
		case !variable.MatchString(name), strings.ContainsRune(c.Environment[name], 0):
			return fmt.Errorf("environment: %q is no variable", name)
		case slices.Contains(own, name):
			return fmt.Errorf("environment: %s is set by the service", name)
		}
	}
	for _, path := range append(slices.Clone(c.Read), cmp.Or(c.CAFile, "/")) {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%q is no absolute path", path)
		}
		if err := exists(path); err != nil {
			return err
		}
	}
	if len(c.Network) > mostNetwork {
		return fmt.Errorf("network: %d destinations are the most", mostNetwork)
	}
	for _, d := range c.Network {
		if err := sandbox.CheckDestination(d); err != nil {
			return fmt.Errorf("network: %w", err)
		}
	}
	return nil
}

// endpoint returns host and port of the service's URL.
func endpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("endpoint: it is no URL of a service")
	}
	port := cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	d := net.JoinHostPort(u.Hostname(), port)
	return d, sandbox.CheckDestination(d)
}

// environment is what every run has, in the names that AWS's SDKs and AWS's own rotation functions
// look for. No SDK is to look for other credentials or settings where these are not enough.
func (c Config) environment() (all []string) {
	vars := map[string]string{
		"PATH": searchedPath, "LANG": "C.UTF-8",
		"SECRETS_MANAGER_ENDPOINT":         c.Endpoint,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": c.Endpoint,
		"AWS_EC2_METADATA_DISABLED":        "true",
		"AWS_CONFIG_FILE":                  "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE":      "/dev/null",
	}
	if c.CAFile != "" {
		vars["AWS_CA_BUNDLE"] = c.CAFile
	}
	maps.Copy(vars, c.Environment)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		all = append(all, name+"="+vars[name])
	}
	return all
}

// ownVariables are those that a configuration can't set: a program is to speak with the service,
// by the credentials of its rotation.
func ownVariables() []string {
	return []string{"HOME", "TMPDIR", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
		"SECRETS_MANAGER_ENDPOINT", "AWS_ENDPOINT_URL_SECRETS_MANAGER"}
}
