package servicetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"
)

// restStep is a request and what is answered: a status, and for a refusal the error's name, for
// what succeeds something that the body says.
type restStep struct {
	method, path, body string
	status             int
	says               string
}

// restLife is every operation by its route, on parameters with their names in the path: with a
// selector, as an ARN, and with a level that is escaped.
var restLife = []restStep{
	{"PUT", "/v1/parameters/shop/db", `{"Value":"one","Type":"String",` +
		`"Tags":[{"Key":"a","Value":"b"}]}`, 200, `{"Version":1,"Tier":"Standard"}`},
	{"PUT", "/v1/parameters/shop%2Fdb", `{"Value":"two","Type":"SecureString","Overwrite":true}`, 200,
		`"Version":2`},
	{"PUT", "/v1/parameters/shop/db", `{"Value":"three"}`, 409, "ParameterAlreadyExists"},
	{"PUT", "/v1/parameters/shop/db", `{"Value":""}`, 400, invalid},
	{"PUT", "/v1/parameters/shop//db", `{"Value":"x","Type":"String"}`, 400, invalid},
	{"PUT", "/v1/parameters/aws/x", `{"Value":"x","Type":"String"}`, 403, "AccessDeniedException"},
	{"PUT", "/v1/parameters/bare", `{"Value":"x","Type":"String"}`, 200, `"Version":1`},
	{"GET", "/v1/parameters/shop/db?WithDecryption=true", "", 200, `"Value":"two"`},
	{"GET", "/v1/parameters/shop/db:1", "", 200, `"Selector":":1"`},
	{"GET", "/v1/parameters/shop/db%3A1", "", 200, `"Value":"one"`},
	{"GET", "/v1/parameters/" + parameterARN("/shop/db"), "", 200, `"Name":"/shop/db"`},
	{"GET", "/v1/parameters/" + parameterARN("/shop/db") + ":1", "", 200, `"Value":"one"`},
	{"GET", "/v1/parameters/shop/db:3", "", 404, "ParameterVersionNotFound"},
	{"GET", "/v1/parameters/shop/db:1:2", "", 404, "ParameterNotFound"},
	{"GET", "/v1/parameters/shop/absent", "", 404, "ParameterNotFound"},
	{"GET", "/v1/parameters/shop/ä", "", 400, invalid},
	{"HEAD", "/v1/parameters/shop/db", "", 200, ""},
	{"HEAD", "/v1/parameters/shop/absent", "", 404, ""},
	{"GET", "/v1/parameter-values?Names=%2Fshop%2Fdb:1&Names=bare&Names=absent", "", 200,
		`"InvalidParameters":["absent"]`},
	{"GET", "/v1/parameter-paths/shop?WithDecryption=true", "", 200, `"Value":"two"`},
	{"GET", "/v1/parameter-paths?Path=/", "", 200, `"Name":"/bare"`},
	{"GET", "/v1/parameter-paths?Path=/&Recursive=true&MaxResults=1", "", 200, `"NextToken"`},
	{"GET", "/v1/parameter-paths/none", "", 200, `{"Parameters":[]}`},
	{"GET", "/v1/parameter-paths?Path=shop", "", 400, invalid},
	{"GET", "/v1/parameter-paths/shop?MaxResults=11", "", 400, invalid},
	{"GET", "/v1/parameter-paths/shop?NextToken=x", "", 400, "InvalidNextToken"},
	{"GET", "/v1/parameter-history/shop/db", "", 200, `"Labels":[]`},
	{"GET", "/v1/parameters?MaxResults=1", "", 200, `"NextToken"`},
	{"GET", "/v1/parameters?ParameterFilters=" + url.QueryEscape(
		`[{"Key":"Type","Values":["String"]}]`), "", 200, `"/bare"`},
	{"GET", "/v1/parameters?ParameterFilters=" + url.QueryEscape(`[{"Key":"Label"}]`), "", 400,
		"InvalidFilterKey"},
	{"POST", "/v1/parameter-labels/shop/db", `{"ParameterVersion":1,"Labels":["old","1st"]}`, 200,
		`{"InvalidLabels":["1st"],"ParameterVersion":1}`},
	{"GET", "/v1/parameters/shop/db:old", "", 200, `"Selector":":old"`},
	{"DELETE", "/v1/parameter-labels/shop/db?ParameterVersion=1&Labels=old&Labels=none", "", 200,
		`{"RemovedLabels":["old"],"InvalidLabels":["none"]}`},
	{"POST", "/v1/tags/Parameter/shop/db", `{"Tags":[{"Key":"c","Value":"d"}]}`, 204, ""},
	{"GET", "/v1/tags/Parameter/shop/db", "", 200,
		`{"TagList":[{"Key":"a","Value":"b"},{"Key":"c","Value":"d"}]}`},
	{"DELETE", "/v1/tags/Parameter/shop/db?TagKeys=a", "", 204, ""},
	{"GET", "/v1/tags/Parameter/shop/absent", "", 404, "InvalidResourceId"},
	{"GET", "/v1/tags/Document/shop/db", "", 400, "InvalidResourceType"},
	{"PUT", "/v1/parameter-settings" + throughput, `{"SettingValue":"true"}`, 204, ""},
	{"GET", "/v1/parameter-settings" + throughput, "", 200, `"Status":"Customized"`},
	{"DELETE", "/v1/parameter-settings" + throughput, "", 200, `"Status":"Default"`},
	{"GET", "/v1/parameter-settings/ssm/none", "", 404, "ServiceSettingNotFound"},
	{"DELETE", "/v1/parameters/shop/db", "", 204, ""},
	{"DELETE", "/v1/parameters/shop/db", "", 404, "ParameterNotFound"},
	{"DELETE", "/v1/parameters?Names=bare&Names=absent", "", 200,
		`{"DeletedParameters":["bare"],"InvalidParameters":["absent"]}`},
}

// TestParametersREST_EachOperation_IsAnsweredByItsRoute: refusals are problem documents, and only
// what is new has a Location, which PUT doesn't need.
func TestParametersREST_EachOperation_IsAnsweredByItsRoute(t *testing.T) {
	s := servicetest.Start(t)
	for _, step := range restLife {
		q := servicetest.Request{Method: step.method, Path: step.path, Body: []byte(step.body)}
		a := s.Send(t, q)
		body := string(a.Body)
		switch {
		case a.Status != step.status || a.Header.Get("Location") != "":
			t.Errorf("%s %s: answered %d %v %s, want %d", step.method, step.path, a.Status, a.Header, body,
				step.status)
		case step.says == "":
			if body != "" {
				t.Errorf("%s %s: answered %s", step.method, step.path, body)
			}
		case step.status < 400:
			if !strings.Contains(body, step.says) {
				t.Errorf("%s %s: answered %s, want %s", step.method, step.path, body, step.says)
			}
		default:
			var problem struct {
				Type, Title, Code, RequestID string
				Status                       int
			}
			err := json.Unmarshal(a.Body, &problem)
			if err != nil || problem.Code != step.says || problem.Status != step.status ||
				problem.Title != http.StatusText(step.status) || problem.RequestID != a.RequestID() ||
				a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: answered %v %s, want %s", step.method, step.path, a.Header, body, step.says)
			}
		}
	}
}

// TestParametersREST_Links_LeadThroughAllPages: of each listing, with what was asked for.
func TestParametersREST_Links_LeadThroughAllPages(t *testing.T) {
	s := servicetest.Start(t)
	p := ofParameters{t, s.ParameterStore()}
	for _, name := range []string{"/l/a", "/l/b", "/l/c", "/l/d/e", "/l/d/f"} {
		p.put(name, "1", "SecureString")
	}
	for range 4 {
		p.put("/l/a", "1", "String")
	}
	for path, mark := range map[string]string{
		"/v1/parameters?MaxResults=2":                                           `"ARN"`,
		"/v1/parameter-paths/l?Recursive=true&MaxResults=2&WithDecryption=true": `"Value":"1"`,
		"/v1/parameter-paths?Path=/&Recursive=true&MaxResults=2":                `"ARN"`,
		"/v1/parameter-history/l/a?MaxResults=2&WithDecryption=true":            `"Value":"1"`,
	} {
		pages, found := 0, 0
		for next := path; next != "" && pages < 9; pages++ {
			a := s.Send(t, servicetest.Request{Method: "GET", Path: next})
			if a.Status != http.StatusOK {
				t.Fatalf("%s: answered %d %s", next, a.Status, a.Body)
			}
			found += strings.Count(string(a.Body), mark)
			next = strings.TrimSuffix(strings.TrimPrefix(a.Header.Get("Link"), "<"), `>; rel="next"`)
		}
		if pages != 3 || found != 5 {
			t.Errorf("%s: %d on %d pages", path, found, pages)
		}
	}
}

// TestParametersREST_Routes_AreInTheDocument: each path of the table is one of OpenAPI's.
func TestParametersREST_Routes_AreInTheDocument(t *testing.T) {
	s := servicetest.Start(t)
	a := s.Send(t, servicetest.Request{Method: "GET", Path: "/openapi.json", Unsigned: true})
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	accepted(t, json.Unmarshal(a.Body, &doc))
	routes := map[string]string{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			routes[strings.ToUpper(method)+" "+path] = o.OperationID
		}
	}
	for route, operation := range map[string]string{
		"PUT /v1/parameters/{Name}":              "PutParameter",
		"GET /v1/parameters/{Name}":              "GetParameter",
		"DELETE /v1/parameters/{Name}":           "DeleteParameter",
		"GET /v1/parameters":                     "DescribeParameters",
		"DELETE /v1/parameters":                  "DeleteParameters",
		"GET /v1/parameter-values":               "GetParameters",
		"GET /v1/parameter-paths/{Path}":         "GetParametersByPath",
		"GET /v1/parameter-history/{Name}":       "GetParameterHistory",
		"POST /v1/parameter-labels/{Name}":       "LabelParameterVersion",
		"DELETE /v1/parameter-labels/{Name}":     "UnlabelParameterVersion",
		"GET /v1/parameter-settings/{SettingId}": "GetServiceSetting",
	} {
		if !strings.HasSuffix(routes[route], operation) {
			t.Errorf("%s is %q, want %s", route, routes[route], operation)
		}
	}
}
