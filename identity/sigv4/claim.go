package sigv4

import (
	"net/http"
	"slices"
	"strings"
)

// claim is a signature as it stands on a request, every part still as it was sent.
type claim struct {
	presigned     bool
	algorithm     string
	credential    string
	signedHeaders string
	signature     string
	date          string // X-Amz-Date, else Date
	expires       string // X-Amz-Expires; presigned only
	token         string
	payload       string // X-Amz-Content-Sha256
}

// find takes the claim from where it stands: the header or the query, not both.
func find(r *http.Request) (claim, error) {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return claim{}, err
	}
	// The map is read directly: Get would hide a second header.
	auth := r.Header["Authorization"]
	switch {
	case len(auth) > 0 && q.seen[qAlgorithm]:
		return claim{}, errBoth
	case q.seen[qAlgorithm]:
		return q.claim(r.Header)
	case len(auth) == 0 || !strings.HasPrefix(auth[0], "AWS4-"):
		return claim{}, ErrMissing
	case len(auth) > 1:
		return claim{}, errRepeated
	}
	return readHeader(auth[0], r.Header)
}

// The parameters of an Authorization header, in the order in which AWS complains of them.
var headerNames = [...]string{"Credential", "Signature", "SignedHeaders"}

// readHeader reads "ALGORITHM Credential=..., SignedHeaders=..., Signature=...". The separators may
// be commas, blanks or both; parameters of other names are ignored.
func readHeader(auth string, h http.Header) (claim, error) {
	if len(auth) > maxAuthorization {
		return claim{}, errTooLong
	}
	var values [len(headerNames)]string
	// Everything up to the first blank is the algorithm, even if AWS has none of that name: that is
	// checked later, in order.
	algorithm, rest, _ := strings.Cut(auth, " ")
	for rest != "" {
		part := rest
		if i := strings.IndexAny(rest, ", "); i >= 0 {
			part, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		name, value, _ := strings.Cut(part, "=")
		i := slices.Index(headerNames[:], name)
		if i < 0 {
			continue
		}
		if values[i] != "" {
			return claim{}, incomplete("Authorization header has more than one '%s' parameter. %s",
				name, hashed(auth))
		}
		values[i] = value
	}
	c := claim{algorithm: algorithm, credential: values[0], signature: values[1],
		signedHeaders: values[2], date: only(h, "X-Amz-Date"),
		token: onlyOnce(h, "X-Amz-Security-Token"), payload: only(h, "X-Amz-Content-Sha256")}
	if c.date == "" {
		c.date = only(h, "Date")
	}
	return c, c.completeHeader(auth, values[:])
}

// completeHeader complains of all missing parts at once, as AWS does.
func (c *claim) completeHeader(auth string, values []string) error {
	var missing strings.Builder
	for i, v := range values {
		if v == "" {
			missing.WriteString("Authorization header requires '" + headerNames[i] +
				"' parameter. ")
		}
	}
	if c.date == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' " +
			"or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return incomplete("%s%s", missing.String(), hashed(auth))
	}
	return c.checkCount()
}

// checkCount bounds the work that a list of signed headers asks for.
func (c *claim) checkCount() error {
	if strings.Count(c.signedHeaders, ";") >= maxSignedHeaders {
		return errTooLong
	}
	return nil
}

// only returns the value of a header that should stand once. Repeated values are joined, and so fit
// no form.
func only(h http.Header, key string) string {
	switch v := h[key]; len(v) {
	case 0:
		return ""
	case 1:
		return v[0]
	default:
		return strings.Join(v, ",")
	}
}

// onlyOnce is [only] where the same value may stand several times: clients and proxies add the
// session token on their own.
func onlyOnce(h http.Header, key string) string {
	if v := slices.Compact(slices.Clone(h[key])); len(v) == 1 {
		return v[0]
	}
	return only(h, key)
}
