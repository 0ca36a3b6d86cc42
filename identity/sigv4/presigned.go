package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

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

// The parameters of a presigned query, the required ones in the order in which
// AWS complains of them.
var queryNames = [...]string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature",
	"X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token",
	"X-Amz-Content-Sha256"}

// queryAuth holds the authentication parameters of a query, decoded.
type queryAuth struct {
	values [len(queryNames)]string
	seen   [len(queryNames)]bool
	twice  string // name of a parameter that stands more than once
}

// readQuery picks the authentication parameters out of a raw query. Names are compared decoded:
// else an escaped letter in X-Amz-Expires would hide it and leave the signature as it was.
func readQuery(raw string) (q queryAuth, err error) {
	if raw == "" {
		return q, nil
	}
	if len(raw) > maxQuery || strings.Count(raw, "&") >= maxParameters {
		return q, errQueryTooLong
	}
	// Everything else in the query is the service's own and is read only when it is signed.
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

// decoded undoes the escapes of a query name or value. A malformed one is nothing;
// [Presented.Verify] refuses it.
func decoded(s string) string {
	d, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return d
}

// claim turns the parameters of a presigned query into a claim. The session token and the payload's
// hash may also stand in headers; the query's count more.
func (q *queryAuth) claim(h http.Header) (claim, error) {
	if q.twice != "" {
		return claim{}, incomplete("AWS query-string parameters must include '%s' only once. "+
			"Re-examine the query-string parameters.", q.twice)
	}
	var missing strings.Builder
	for i, v := range q.values[:qRequired] {
		if v == "" {
			missing.WriteString("AWS query-string parameters must include '" +
				queryNames[i] + "'. ")
		}
	}
	if missing.Len() > 0 {
		return claim{}, incomplete("%sRe-examine the query-string parameters.", missing.String())
	}
	v := &q.values
	c := claim{presigned: true, algorithm: v[qAlgorithm], credential: v[qCredential],
		signature: v[qSignature], signedHeaders: v[qSignedHeaders], date: v[qDate],
		expires: v[qExpires], token: v[qToken], payload: v[qPayload]}
	if !q.seen[qToken] {
		c.token = onlyOnce(h, "X-Amz-Security-Token")
	}
	if !q.seen[qPayload] {
		c.payload = only(h, "X-Amz-Content-Sha256")
	}
	return c, c.checkCount()
}
