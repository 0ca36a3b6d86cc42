package webidentity

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// longestURL is of OpenIDConnectProviderUrlType.
const longestURL = 255

// issuerForm is narrower than RFC 3986: an issuer's URL becomes part of ARNs and of the names of
// condition keys, and there is one spelling of it. A colon stands before a port only, as the last
// one in the name of a condition key must be the one before the claim.
var issuerForm = regexp.MustCompile(
	`^(https?)://((\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[1-9][0-9]{0,4})?` +
		`(/[A-Za-z0-9._~%@+=,-]+)*/?)$`)

// Name returns the URL of an issuer without its scheme: what a provider's ARN ends in, and what the
// names of its condition keys begin with. The URL must be https, or http on loopback, may have a
// port and a path, and has nothing else. The error says in words what is wrong.
func Name(issuer string) (string, error) {
	parts := issuerForm.FindStringSubmatch(issuer)
	if parts == nil || len(issuer) > longestURL {
		return "", errors.New("it must be https://HOST, in small letters, with a port and a path at " +
			"the most, and 255 characters")
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return "", errors.New("it is no URL")
	}
	host, name := u.Hostname(), parts[2]
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n > 65535 {
			return "", errors.New("there is no such port")
		}
	}
	switch {
	case strings.HasPrefix(parts[3], "[") && net.ParseIP(host) == nil:
		return "", errors.New("the address in it is none")
	case u.Scheme == "http" && !loopback(host):
		return "", errors.New("http is for an issuer on loopback only")
	case name != "localhost" && !strings.ContainsAny(name, ".:/"):
		// Condition keys of an issuer https://aws would be called as those of AWS are.
		return "", errors.New("a host without a dot needs a port or a path")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "", errors.New("there is a step in its path")
		}
	}
	return name, nil
}

// loopback reports whether a host can be on this machine only. What localhost stands for is the
// resolver's to say, so that the dialer has the last word.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
