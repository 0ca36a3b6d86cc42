package servicetest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestRegistry_EveryOperation_KeepsThePromisesOfAll takes every operation through what must hold
// for each of them, in both dialects.
func TestRegistry_EveryOperation_KeepsThePromisesOfAll(t *testing.T) {
	g := startWalkServers(t)
	for _, n := range routed(g.soft.Server) {
		if n.Unsigned {
			continue // a signature opens nothing there: TestWebIdentity has the tokens that do
		}
		row, s, db := walk[idOf(n)], g.of(n).Server, g.of(n).db
		t.Run(idOf(n), func(t *testing.T) {
			if row.request == "" {
				t.Fatal("it has no row in walk: add a request that is allowed")
			}
			there, absent := stage(t, s, row.request)
			awaitStores(t, s)
			awaitRotations(t, db)
			w := &walker{s, n, n.Route, s.Mark(t)}
			before := snapshot(t, db)
			t.Run("denied", func(t *testing.T) { w.denied(t, there) })
			unchanged(t, db, before)
			t.Run("missing", func(t *testing.T) { w.missing(t, absent, row.missing) })
			unchanged(t, db, before)
			t.Run("audit down", func(t *testing.T) { w.auditDown(t, there) })
			unchanged(t, db, before)
			if neverThere[idOf(n)] {
				w.missing(t, there, row.missing)
				return
			}
			t.Run("allowed", func(t *testing.T) { w.allowed(t, there, false) })
			if (snapshot(t, db) == before) != (n.ReadOnly || onlyDelivers[idOf(n)]) {
				t.Errorf("ReadOnly is %v, and that is not what happened to the database", n.ReadOnly)
			}
			there, _ = stage(t, s, row.request)
			t.Run("allowed by REST", func(t *testing.T) { w.allowed(t, there, true) })
		})
	}
}

// TestRegistry_EveryOtherRoute_IsTheSameRoad takes every operation through its other routes: to
// nobody, to somebody who may not, about what is not there, and allowed.
func TestRegistry_EveryOtherRoute_IsTheSameRoad(t *testing.T) {
	g := startWalkServers(t)
	for _, n := range routed(g.soft.Server) {
		row, s, db := walk[idOf(n)], g.of(n).Server, g.of(n).db
		for _, route := range n.More {
			t.Run(route.Method+" "+route.Path, func(t *testing.T) {
				there, absent := stage(t, s, row.request)
				awaitStores(t, s)
				awaitRotations(t, db)
				w := &walker{s, n, route, s.Mark(t)}
				before := snapshot(t, db)
				w.unsigned(t, there)
				w.denied(t, there)
				w.missing(t, absent, row.missing)
				unchanged(t, db, before)
				w.allowed(t, there, true)
			})
		}
	}
}

// neverThere are the operations on what no account here has. Tools ask for it all the same.
var neverThere = map[string]bool{"iam.GetLoginProfile": true, "iam.DeleteLoginProfile": true,
	"iam.GetAccountPasswordPolicy": true}

// onlyDelivers are the operations that change nothing but what is on its way to receivers, if it is
// for any.
var onlyDelivers = map[string]bool{"sns.Publish": true, "sns.PublishBatch": true,
	"events.PutEvents": true}

// walker takes one operation through its cases.
type walker struct {
	*servicetest.Server
	n     op.Info
	route op.Route // of REST, by which it is asked for
	mark  servicetest.Mark
}

// unsigned: nobody gets past the door, and is told how to sign.
func (w *walker) unsigned(t *testing.T, document string) {
	t.Helper()
	q := restOf(t, w.n, w.route, document)
	q.Unsigned = true
	a := w.Send(t, q)
	if want := `AWS4-HMAC-SHA256 realm="` + w.n.Service.Name + `"`; a.Status != 401 ||
		a.Header.Get("WWW-Authenticate") != want {
		t.Errorf("without a signature it answered %d %s %v", a.Status, a.Body, a.Header)
	}
}

// send sends a document as somebody, in one of the dialects.
func (w *walker) send(t testing.TB, document string, as aws.Credentials,
	rest bool) servicetest.Answer {
	t.Helper()
	q := callOf(t, w.n, document)
	if rest {
		q = restOf(t, w.n, w.route, document)
	}
	q.As, q.Service = as, w.n.Service.Name
	return w.Send(t, q)
}

// refusal checks an error's status and name, and that it left exactly one record,
// which says the same.
func (w *walker) refusal(t testing.TB, a servicetest.Answer, rest bool, status int, code string) {
	t.Helper()
	if rest || w.n.Service.XML != "" {
		status = restStatus[code]
	}
	code = w.n.Service.Code(fault.New(fault.Invalid, code, ""))
	if a.Status != status || a.Code() != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
	records := w.Records(t, w.mark, a.RequestID())
	if len(records) != 1 {
		t.Fatalf("the refusal left %d records", len(records))
	}
	r := records[0]
	if r.EventName != w.n.Name || r.EventSource != w.n.Service.Name+".amazonaws.com" ||
		r.ErrorCode != w.n.Service.RecordedCode(code) || r.ErrorMessage != op.Clip(a.Message(), 1024) ||
		r.ReadOnly != w.n.Service.Records.IsRead(w.n) {
		t.Errorf("the refusal is recorded as %s", r.Line)
	}
}

var restStatus = map[string]int{"AccessDeniedException": 403, "NotFoundException": 404,
	"NoSuchEntity": 404, "ResourceNotFoundException": 404, "CustomKeyStoreNotFoundException": 404,
	"ValidationException": 400, "SerializationException": 400, "MissingParameter": 400,
	"InvalidAuthorizationMessageException": 400, "ParameterNotFound": 404, "InvalidResourceId": 404,
	"ServiceSettingNotFound": 404, "NotFound": 404, "ResourceNotFound": 404,
	"TrailNotFoundException": 404}

// denied: who has no permission gets nothing done and is told by name what it lacks.
func (w *walker) denied(t *testing.T, document string) {
	if unrestricted[idOf(w.n)] != "" {
		for _, rest := range []bool{false, true} {
			if a := w.send(t, document, w.Nobody, rest); a.Status != 200 {
				t.Errorf("it needs no permission, and answered %d %s", a.Status, a.Body)
			}
		}
		return
	}
	for _, rest := range []bool{false, true} {
		a := w.send(t, document, w.Nobody, rest)
		w.refusal(t, a, rest, 400, "AccessDeniedException")
		name := w.n.Service.Name
		if name == "sns" {
			name = "SNS" // as it writes its actions
		}
		if !strings.HasPrefix(a.Message(), "User: "+servicetest.NobodyARN+
			" is not authorized to perform: "+name+":") {
			t.Errorf("told: %s", a.Message())
		}
		_, said, _ := strings.Cut(a.Message(), "not authorized to perform: ")
		action, _, _ := strings.Cut(said, " ")
		if !slices.ContainsFunc(service.Actions(), func(a string) bool {
			return strings.EqualFold(a, action)
		}) {
			t.Errorf("%s is demanded, and no policy is said to be able to allow it", action)
		}
	}
}

// missing: absence is shown to those who may know, and to nobody else.
func (w *walker) missing(t *testing.T, document, code string) {
	if code == "" {
		return
	}
	for _, rest := range []bool{false, true} {
		w.refusal(t, w.send(t, document, w.Root, rest), rest, 400, code)
		w.refusal(t, w.send(t, document, w.Nobody, rest), rest, 400, "AccessDeniedException")
	}
}

// auditDown: no record, no answer.
func (w *walker) auditDown(t *testing.T, document string) {
	w.CutLedger()
	defer w.RestoreLedger()
	for _, rest := range []bool{false, true} {
		for _, as := range []aws.Credentials{w.Root, w.Nobody} {
			a := w.send(t, document, as, rest)
			status := 503
			if !rest && w.n.Service.Target != "" {
				status = 500
			}
			if a.Status != status || a.Code() != w.n.Service.Down {
				t.Errorf("without a ledger: %d %s", a.Status, a.Body)
			}
			if n := len(w.Records(t, w.mark, a.RequestID())); n != 0 {
				t.Errorf("without a ledger there are %d records", n)
			}
		}
	}
}

// doer is who may do the operation.
func (w *walker) doer(t testing.TB) (keys aws.Credentials, arn string) {
	if notByRoot[idOf(w.n)] == "" {
		return w.Root, servicetest.RootARN
	}
	return stageTaker(t, w.Server), servicetest.UserARN(taker)
}

// allowed: it is done, and a record says by whom and to what.
func (w *walker) allowed(t *testing.T, document string, rest bool) {
	keys, who := w.doer(t)
	a := w.send(t, document, keys, rest)
	for a.Code() == "ThrottlingException" { // two lookups of events a second
		time.Sleep(100 * time.Millisecond)
		a = w.send(t, document, keys, rest)
	}
	if code := neverDone[idOf(w.n)]; code != "" {
		w.refusal(t, a, rest, 400, code)
		return
	}
	if a.Status/100 != 2 {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q", got)
	}
	if rest && w.n.Location != "" {
		w.found(t, a)
	}
	records := w.Records(t, w.mark, a.RequestID())
	if len(records) == 0 {
		t.Fatal("no record")
	}
	r := records[len(records)-1]
	if r.EventName != w.n.Name || r.ErrorCode != "" || r.UserIdentity.ARN != who ||
		r.ReadOnly != w.n.Service.Records.IsRead(w.n) || r.AWSRegion != servicetest.Region ||
		r.RecipientAccountID != servicetest.Account || r.SourceIPAddress != "127.0.0.1" ||
		r.EventID == "" {
		t.Errorf("recorded as %s", r.Line)
	}
	wellFormed(t, w.n, r)
	own := []string{}
	for _, other := range records[:len(records)-1] {
		by := other.UserIdentity
		if (by.Type == policy.Service || by.Type == "" && by.AccountID != "") &&
			by.ARN == "" && (by.InvokedBy == r.EventSource || by.InvokedBy == "AWS Internal") &&
			other.ErrorCode == "" {
			own = append(own, other.EventName)
			continue
		}
		if other.UserIdentity.ARN != who || other.ErrorCode != "" {
			t.Errorf("on the way it left %s", other.Line)
		}
	}
	if want := ownWork[idOf(w.n)]; !slices.Equal(own, want) {
		t.Errorf("on the way the service did %v itself, want %v", own, want)
	}
}

// found: what was made is where the answer says.
func (w *walker) found(t *testing.T, a servicetest.Answer) {
	t.Helper()
	at := a.Header.Get("Location")
	there := w.Send(t, servicetest.Request{Method: "GET", Path: at, Service: w.n.Service.Name})
	if a.Status != 201 || there.Status != 200 {
		t.Errorf("answered %d and Location %q, where there is %d %s", a.Status, at, there.Status,
			there.Body)
	}
}

// ownWork has what operations have the service do in its own name before they are done, each time:
// operations and what it tells of as events.
var ownWork = map[string][]string{
	"kms.UpdatePrimaryRegion":                 {"SynchronizeMultiRegionKey"},
	"kms.ImportKeyMaterial":                   {"CountImportAttempt", "TakeBackImportAttempt"},
	"secretsmanager.DeleteSecret":             {"StartSecretVersionDelete"},
	"secretsmanager.ReplicateSecretToRegions": {"ReplicationStarted"},
	"secretsmanager.RestoreSecret":            {"CancelSecretVersionDelete"},
}

// restOf returns the REST request that says the same as a JSON 1.1 document: what the route has in
// its path there, and the rest in the body, or in the query of a method that has none.
func restOf(t testing.TB, n op.Info, by op.Route, document string) servicetest.Request {
	t.Helper()
	members := map[string]json.RawMessage{}
	accepted(t, json.Unmarshal([]byte(document), &members))
	path := braces.ReplaceAllStringFunc(by.Path, func(named string) string {
		member := strings.TrimSuffix(strings.Trim(named, "{}"), "...")
		if members[member] == nil {
			t.Fatalf("the row of %s in walk has no %s, which a route has in its path", idOf(n), member)
		}
		defer delete(members, member)
		if n.Rooted && strings.HasSuffix(named, "...}") {
			return strings.TrimPrefix(text(members[member]), "/")
		}
		return text(members[member])
	})
	if by.Method != http.MethodGet && by.Method != http.MethodDelete {
		body, err := json.Marshal(members)
		accepted(t, err)
		return servicetest.Request{Method: by.Method, Path: path, Body: body}
	}
	query := url.Values{}
	for name, value := range members {
		var list []string
		if json.Unmarshal(value, &list) == nil {
			query[name] = list
		} else {
			query.Set(name, text(value))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return servicetest.Request{Method: by.Method, Path: path}
}

// callOf returns the request that says the same in the protocol of the service's own clients.
func callOf(t testing.TB, n op.Info, document string) servicetest.Request {
	t.Helper()
	if n.Service.Target != "" {
		return servicetest.Request{Target: targetOf(n), Body: []byte(document)}
	}
	form := url.Values{"Action": {n.Name}, "Version": {n.Service.Version}}
	putMember(form, "", json.RawMessage(document), reflect.StructField{Type: n.In})
	return servicetest.Request{Type: "application/x-www-form-urlencoded; charset=utf-8",
		Body: []byte(form.Encode())}
}

// putMember writes a JSON value as AWS query does: members behind a dot, elements of lists by
// number, and entries of maps by number with their key and value. of is the member that the value
// is for, as far as there is one: whatever doesn't fit it is written by what it is itself.
func putMember(form url.Values, name string, value json.RawMessage, of reflect.StructField) {
	typ := of.Type
	if typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	members, elements := map[string]json.RawMessage{}, []json.RawMessage{}
	switch {
	case json.Unmarshal(value, &members) == nil && typ != nil && typ.Kind() == reflect.Map:
		key, inner := "key", "value"
		if of.Tag.Get("query") == "Name" {
			key, inner = "Name", "Value"
		}
		for i, k := range slices.Sorted(maps.Keys(members)) {
			entry := name + ".entry." + strconv.Itoa(i+1) + "."
			form.Set(entry+key, k)
			putMember(form, entry+inner, members[k], reflect.StructField{Type: typ.Elem()})
		}
	case json.Unmarshal(value, &members) == nil:
		for member, v := range members {
			f := reflect.StructField{}
			if typ != nil && typ.Kind() == reflect.Struct {
				f, _ = typ.FieldByName(member)
			}
			putMember(form, strings.TrimPrefix(name+"."+member, "."), v, f)
		}
	case json.Unmarshal(value, &elements) == nil:
		f := reflect.StructField{}
		if typ != nil && typ.Kind() == reflect.Slice {
			f.Type = typ.Elem()
		}
		if len(elements) == 0 {
			form.Set(name, "")
		}
		for i, v := range elements {
			putMember(form, name+".member."+strconv.Itoa(i+1), v, f)
		}
	default:
		form.Set(name, text(value))
	}
}

// text returns a JSON string's text, and any other value as it stands.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
