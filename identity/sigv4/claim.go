package sigv4

import (
	"net/http"
	"net/url"
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
	payload       string
}

// find takes the claim from where it stands: the header or the query, not both.
func find(r *http.Request) (claim, error) {
	q, err := readQuery(r.URL.RawQuery)
	if err != nil {
		return claim{}, err
	}
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

// readHeader reads "ALGORITHM Credential=..., SignedHeaders=..., Signature=...". The separators may be commas, blanks or
// both; parameters of other names are ignored.
func readHeader(auth string, h http.Header) (claim, error) {
	if len(auth) > maxAuthorization {
		return claim{}, errTooLong
	}
	var values [len(headerNames)]string
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
			return claim{}, incomplete("Authorization header has more than one '%s' parameter. %s", name, hashed(auth))
		}
		values[i] = value
	}
	c := claim{algorithm: algorithm, credential: values[0], signature: values[1], signedHeaders: values[2],
		date: only(h, "X-Amz-Date"), token: only(h, "X-Amz-Security-Token"), payload: only(h, "X-Amz-Content-Sha256")}
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
			missing.WriteString("Authorization header requires '" + headerNames[i] + "' parameter. ")
		}
	}
	if c.date == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return incomplete("%s%s", missing.String(), hashed(auth))
	}
	return c.checkCount()
}

func (c *claim) checkCount() error {
	if strings.Count(c.signedHeaders, ";") >= maxSignedHeaders {
		return errTooLong
	}
	return nil
}

// only returns the value of a header that should stand once. Repeated values are joined, and so fit no form.
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

// Indexes into queryNames. The first five are required.
const (
	qAlgorithm = iota
	qCredential
	qSignature
	qSignedHeaders
	qDate
	qExpires
	qToken
	qPayload
	qRequired = qExpires
)

// The parameters of a presigned query, the required ones in the order in which AWS complains of them.
var queryNames = [...]string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date",
	"X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Content-Sha256"}

// queryAuth holds the authentication parameters of a query, decoded.
type queryAuth struct {
	values [len(queryNames)]string
	seen   [len(queryNames)]bool
	twice  string // name of a parameter that stands more than once
}

// readQuery picks the authentication parameters out of a raw query. Names are compared decoded: else an escaped letter in
// X-Amz-Expires would hide it and leave the signature as it was.
func readQuery(raw string) (q queryAuth, err error) {
	if raw == "" {
		return q, nil
	}
	if len(raw) > maxQuery || strings.Count(raw, "&") >= maxParameters {
		return q, errQueryTooLong
	}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		i := slices.Index(queryNames[:], decoded(name))
		if i < 0 {
			continue
		}
		if q.seen[i] {
			q.twice = queryNames[i]
		}
		q.seen[i], q.values[i] = true, decoded(value)
	}
	return q, nil
}

// decoded undoes the escapes of a query name or value. A malformed one is nothing; [Presented.Verify] refuses it.
func decoded(s string) string {
	d, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return d
}

// claim turns the parameters of a presigned query into a claim. The session token and the payload's hash may also stand in
// headers; the query's count more.
func (q *queryAuth) claim(h http.Header) (claim, error) {
	if q.twice != "" {
		return claim{}, incomplete("AWS query-string parameters must include '%s' only once. "+
			"Re-examine the query-string parameters.", q.twice)
	}
	var missing strings.Builder
	for i, v := range q.values[:qRequired] {
		if v == "" {
			missing.WriteString("AWS query-string parameters must include '" + queryNames[i] + "'. ")
		}
	}
	if missing.Len() > 0 {
		return claim{}, incomplete("%sRe-examine the query-string parameters.", missing.String())
	}
	v := &q.values
	c := claim{presigned: true, algorithm: v[qAlgorithm], credential: v[qCredential], signature: v[qSignature],
		signedHeaders: v[qSignedHeaders], date: v[qDate], expires: v[qExpires], token: v[qToken], payload: v[qPayload]}
	if !q.seen[qToken] {
		c.token = only(h, "X-Amz-Security-Token")
	}
	if !q.seen[qPayload] {
		c.payload = only(h, "X-Amz-Content-Sha256")
	}
	return c, c.checkCount()
}
