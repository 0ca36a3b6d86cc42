package rest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// The names are Smithy's, which AWS's own REST services use.
var (
	notJSONType = fault.New(fault.Invalid, "UnsupportedMediaTypeException",
		"The body is to be JSON and to say so: Content-Type: application/json. With curl that is "+
			"--json, or --data and --header 'Content-Type: application/json'.")
	onlyJSON = fault.New(fault.Invalid, "NotAcceptableException",
		"The answer is application/json, and Accept leaves that out.")
)

// negotiate refuses a body that says that it is something else than JSON, and a client that would
// not take JSON. A request that is silent about either is taken as it is.
func negotiate(r *http.Request, body []byte) error {
	if sent := r.Header.Get("Content-Type"); len(body) > 0 && sent != "" && !isJSON(sent) {
		return notJSONType
	}
	if wanted := r.Header.Values("Accept"); len(wanted) > 0 && !acceptsJSON(wanted) {
		return onlyJSON
	}
	return nil
}

// isJSON reports whether a media type is JSON, or a kind of it (RFC 6839, 3.1).
func isJSON(mediaType string) bool {
	t, _, err := mime.ParseMediaType(mediaType)
	kind, ok := strings.CutPrefix(t, "application/")
	return err == nil && ok &&
		(kind == "json" || strings.HasSuffix(kind, "+json") || strings.HasPrefix(kind, "x-amz-json-"))
}

// acceptsJSON reports whether one of the ranges of Accept holds application/json and is not weighed
// down to nothing. The most exact range counts (RFC 9110, 12.5.1).
func acceptsJSON(values []string) bool {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		t, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight, err := strconv.ParseFloat(parameters["q"], 64)
		if err != nil {
			weight = 1
		}
		weights[t] = weight
	}
	for _, accepted := range []string{"application/json", "application/*", "*/*"} {
		if weight, named := weights[accepted]; named {
			return weight > 0
		}
	}
	return false
}

// idempotent gives a request that may come again its name, where the operation takes one: that of
// the header Idempotency-Key, or else a new one, as AWS's own clients do. A header that nothing
// would come of is refused: who sends it relies on it.
func idempotent(r *http.Request, n op.Info, doc map[string]jsontext.Value) error {
	key := strings.TrimSpace(r.Header.Get("Idempotency-Key"))
	if bare := strings.TrimSuffix(strings.TrimPrefix(key, `"`), `"`); len(bare) == len(key)-2 {
		key = bare // the header is a string of RFC 8941
	}
	if n.Token == "" {
		if key == "" || n.ReadOnly || r.Method != http.MethodPost {
			return nil
		}
		return fault.Newf(fault.Invalid, badQuery.Code, "%s does not know by Idempotency-Key "+
			"whether it was asked before: leave the header out.", n.Name)
	}
	sent, given := doc[n.Token]
	given = given && string(sent) != "null"
	switch {
	case !given && key == "":
		key = uuid.NewString()
	case !given:
	case key == "":
		return nil
	case text(sent) != key:
		return fault.Newf(fault.Invalid, badQuery.Code,
			"Idempotency-Key and %s are one thing, and have two values.", n.Token)
	}
	quoted, err := jsontext.AppendQuote(nil, key)
	if err != nil {
		return notUTF8.Because(err)
	}
	doc[n.Token] = quoted
	return nil
}

// text returns what a JSON string holds.
func text(v jsontext.Value) string {
	unquoted, _ := jsontext.AppendUnquote(nil, v)
	return string(unquoted)
}
