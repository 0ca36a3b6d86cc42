package destination

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/events/connection"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/outbound"
)

// form makes the request of an event. What the connection says stands before what the target does:
// a rule can't write over the headers that authorize.
func form(d *connection.APIDestination, p *connection.Parameters, of *rule.HttpParameters,
	body []byte) (q outbound.Request, err error) {
	q = outbound.Request{Method: d.Method, Header: http.Header{}, Body: body, Timeout: timeout}
	q.Header.Set("Content-Type", "application/json; charset=utf-8")
	if of == nil {
		of = &rule.HttpParameters{}
	}
	for name, value := range of.HeaderParameters {
		q.Header.Set(name, value)
	}
	more := p.InvocationHttpParameters
	if more == nil {
		more = &connection.ConnectionHttpParameters{}
	}
	for _, h := range more.HeaderParameters {
		if h.Key != nil && h.Value != nil {
			q.Header.Set(*h.Key, *h.Value)
		}
	}
	authorize(q.Header, p) // by a header of any name, as far as that is nobody else's
	ours(q.Header)
	if q.URL, err = address(d.Endpoint, of, more); err != nil {
		return q, err
	}
	q.Body, err = with(body, more.BodyParameters)
	return q, err
}

// dropped are headers that neither a connection nor a target can set: those that are made here, and
// those by which one request could pass for two.
var dropped = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Te", "Trailer",
	"Upgrade", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection"}

// ours sets the headers that EventBridge sends with every request.
func ours(h http.Header) {
	for _, name := range dropped {
		h.Del(name)
	}
	h.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	h.Set("Range", "bytes=0-1048575")
	h.Set("Accept-Encoding", "gzip,deflate")
}

// authorize sets the header of a connection whose credentials don't change.
func authorize(h http.Header, p *connection.Parameters) {
	if b := p.BasicAuthParameters; b != nil {
		h.Set("Authorization",
			"Basic "+base64.StdEncoding.EncodeToString([]byte(b.Username+":"+b.Password)))
	}
	if a := p.ApiKeyAuthParameters; a != nil {
		h.Set(a.ApiKeyName, a.ApiKeyValue)
	}
}

// address fills the asterisks of an endpoint's path, in their order, and adds the parameters of
// target and connection to its query. A value is one step of the path at most: it can't lead
// elsewhere on the host.
func address(endpoint string, of *rule.HttpParameters,
	more *connection.ConnectionHttpParameters) (string, error) {
	path, query, _ := strings.Cut(endpoint, "?")
	values := of.PathParameterValues
	var made strings.Builder
	for {
		before, after, found := strings.Cut(path, "*")
		made.WriteString(before)
		if !found {
			break
		}
		if len(values) == 0 || values[0] == "." || values[0] == ".." {
			return "", &delivery.Failure{Code: delivery.ErrorFromTarget, Permanent: true,
				Text: "the target has no value for a * of the endpoint's path"}
		}
		made.WriteString(url.PathEscape(values[0]))
		values, path = values[1:], after
	}
	all, err := url.ParseQuery(query)
	if err != nil {
		return "", &delivery.Failure{Code: delivery.ErrorFromTarget, Permanent: true,
			Text: "the endpoint's query can't be read", Cause: err}
	}
	for name, value := range of.QueryStringParameters {
		all.Set(name, value)
	}
	for _, q := range more.QueryStringParameters {
		if q.Key != nil && q.Value != nil {
			all.Set(*q.Key, *q.Value)
		}
	}
	if len(all) == 0 {
		return made.String(), nil
	}
	return made.String() + "?" + all.Encode(), nil
}

// with adds the connection's members to a body that is an object.
func with(body []byte, more []connection.ConnectionBodyParameter) ([]byte, error) {
	if len(more) == 0 {
		return body, nil
	}
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, &delivery.Failure{Code: delivery.InvalidJSON, Permanent: true,
			Text: "the connection adds members to bodies, and this one is no object"}
	}
	for _, b := range more {
		if b.Key == nil || b.Value == nil {
			continue
		}
		value, err := jsontext.AppendQuote(nil, *b.Value)
		if err != nil {
			return nil, err
		}
		members[*b.Key] = value
	}
	return json.Marshal(members, json.Deterministic(true))
}
