package op_test

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

const (
	thing    = "arn:aws:vault:us-east-1:" + account + ":key/thing"
	owner    = "444455556666"
	foreign  = "arn:aws:vault:us-east-1:" + owner + ":key/theirs"
	another  = "arn:aws:vault:us-east-1:777788889999:key/third"
	internal = "AWS Internal"
)

// things is the target of a test: what is demanded, each with its ARN's account.
type things struct {
	arns []string
	op.There
}

// Demands implements op.Target. The second action on a thing makes no second one of it.
func (t things) Demands() (out []policy.Demand) {
	for _, arn := range t.arns {
		r := policy.Resource{ARN: arn}
		if arn != "*" {
			r.Account = strings.Split(arn, ":")[4]
		}
		r.Policy = func() (*policy.Document, error) {
			return policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
				`"Principal":"*","Action":"*","Resource":"*"}}`)
		}
		out = append(out, policy.Demand{Action: "vault:Use", Resource: r},
			policy.Demand{Action: "vault:Tag", Resource: r})
	}
	return out
}

// kept is a service with one operation that reads and one that changes, which are recorded as a row
// says and are about some things.
type kept struct {
	*road
	look, change op.Operation
}

func keeps(t *testing.T, row op.Recorded, arns ...string) *kept {
	s := *vault
	s.Records = op.Records{Type: "AWS::Vault::Key", By: internal,
		Errors:     "Stop Halt",
		Operations: map[string]op.Recorded{"Look": row, "Change": row}}
	k := &kept{road: build(t)}
	find := func(*op.Call, input) (things, error) { return things{arns: arns}, nil }
	k.look = op.Read(op.Info{Name: "Look", Service: &s}, find,
		func(c *op.Call, _ input, _ things) (output, error) { return output{"seen"}, k.do(c) })
	k.change = op.Write(op.Info{Name: "Change", Service: &s}, find,
		func(c *op.Call, in input, _ things) (op.Commit[output], error) {
			return k.insert(in.Name), k.do(c)
		})
	return k
}

// fields returns members of each record, as they stand in the trail.
func (k *kept) fields(names ...string) (out []string) {
	for line := range strings.SplitSeq(k.trail(), "\n") {
		var all map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &all); line != "" && err != nil {
			k.t.Fatal(err)
		}
		for _, name := range names {
			if v, ok := all[name]; ok {
				out = append(out, name+" "+string(v))
			}
		}
	}
	return out
}

// TestRecord_Row_SaysWhatIsHeld: the whole of what a table can say of an operation.
func TestRecord_Row_SaysWhatIsHeld(t *testing.T) {
	const params, none = `requestParameters {"name":"thing"}`, `requestParameters null`
	ours := `additionalEventData {"resourceARNs":["` + thing + `"]}`
	listed := fmt.Sprintf(`resources [{"accountId":"%s","type":"AWS::Vault::Key","ARN":"%s"}]`, account,
		thing)
	for _, c := range []struct {
		row  op.Recorded
		arns string
		want []string // of what reads; what changes has readOnly false
	}{
		{op.Recorded{}, thing, []string{params, "responseElements null", ours, "readOnly true"}},
		{op.Recorded{}, "*", []string{params, "responseElements null", "readOnly true"}},
		{op.Recorded{Touched: op.Listed}, thing,
			[]string{params, "responseElements null", "readOnly true", listed}},
		{op.Recorded{Touched: op.Listed}, "*",
			[]string{params, "responseElements null", "readOnly true", "resources []"}},
		{op.Recorded{NoParameters: true, Writes: true}, "*",
			[]string{none, "responseElements null", "readOnly false"}},
		{op.Recorded{Left: "Name", Hidden: "Value", Reads: true}, "*", []string{`requestParameters ` +
			`{"value":"HIDDEN_DUE_TO_SECURITY_REASONS"}`, "responseElements null", "readOnly true"}},
		{op.Recorded{Default: `DryRun=false`, Named: "Name=called"}, "*", []string{`requestParameters ` +
			`{"called":"thing","dryRun":false}`, "responseElements null", "readOnly true"}},
		{op.Recorded{Answer: "Said"}, "*",
			[]string{params, `responseElements {"said":"SAID"}`, "readOnly true"}},
		{op.Recorded{ARNAs: "keyId"}, thing,
			[]string{params, `responseElements {"keyId":"` + thing + `"}`, ours, "readOnly true"}},
		{op.Recorded{ARNAs: "keyId"}, "*", []string{params, "responseElements null", "readOnly true"}},
		{op.Recorded{Answer: "Said", ARNAs: "keyId", Touched: op.Listed}, thing, []string{params,
			`responseElements {"said":"SAID","keyId":"` + thing + `"}`, "readOnly true", listed}},
	} {
		for _, name := range []string{"Look", "Change"} {
			k := keeps(t, c.row, c.arns)
			o, said := k.look, "seen"
			want := append([]string{}, c.want...)
			if name == "Change" {
				o, said = k.change, "changed"
			}
			for i := range want {
				want[i] = strings.Replace(want[i], "SAID", said, 1)
				if name == "Change" && !c.row.Reads {
					want[i] = strings.Replace(want[i], "readOnly true", "readOnly false", 1)
				}
			}
			if _, code := k.serve(o, good); code != "" {
				t.Fatal(code)
			}
			same(t, fmt.Sprintf("%s %+v", name, c.row), k.fields("requestParameters", "responseElements",
				"additionalEventData", "readOnly", "resources"), want)
		}
	}
}

// TestRecord_WhatIsMade_IsAmongWhatIsTouched: the request could not name it.
func TestRecord_WhatIsMade_IsAmongWhatIsTouched(t *testing.T) {
	for row, want := range map[op.Touched]string{
		op.Listed:  `resources [{"accountId":"` + account + `","type":"AWS::Vault::Key","ARN":"` + thing + `"}]`,
		op.Nothing: `additionalEventData {"a":1,"b":"<\"","resourceARNs":["` + thing + `"]}`,
	} {
		k := keeps(t, op.Recorded{Touched: row}, "*")
		k.inside = func(c *op.Call) error {
			c.Note(`{"a":1}`)
			c.NoteText("b", `<"`)
			c.Made(thing)
			return nil
		}
		k.serve(k.change, good)
		name, _, _ := strings.Cut(want, " ")
		same(t, name, k.fields(name), []string{want})
	}
}

// An operation that fails has answered nothing, wherever it fails.
func TestRecord_Failure_HasNoAnswer(t *testing.T) {
	for _, at := range []string{"do", "commit"} {
		k := keeps(t, op.Recorded{Answer: "Said", ARNAs: "keyId", Touched: op.Listed}, thing)
		k.at[at] = fails(fault.New(fault.State, "Halt", "halt"))
		k.serve(k.change, good)
		same(t, at, k.fields("responseElements", "errorCode", "errorMessage"),
			[]string{"responseElements null", `errorCode "HaltException"`, `errorMessage "halt"`})
	}
}

// Who is refused by a role is told nothing of it, and so is its trail.
func TestRecord_RefusalOfWhatIsRecordedIfAllowed_SaysNothingOfIt(t *testing.T) {
	row := op.Recorded{IfAllowed: true, Touched: op.Listed, Answer: "Said"}
	k := keeps(t, row, thing)
	k.at["authorize"] = fails(fault.New(fault.Denied, "AccessDeniedException", "no"))
	k.serve(k.look, good)
	same(t, "refused", k.fields("requestParameters", "responseElements", "resources", "errorCode"),
		[]string{"requestParameters null", "responseElements null", `errorCode "AccessDenied"`})
	k = keeps(t, row, thing)
	k.at["do"] = fails(fault.New(fault.State, "Halt", "halt"))
	k.serve(k.look, good)
	same(t, "allowed", k.fields("requestParameters"), []string{`requestParameters {"name":"thing"}`})
}

// TestRecord_WhatOthersOwn_IsInTheirTrailToo: one record for the caller's account and one for each
// owner, which says whose the caller is and no name.
func TestRecord_WhatOthersOwn_IsInTheirTrailToo(t *testing.T) {
	for _, at := range []string{"", "do", "commit"} {
		k := keeps(t, op.Recorded{Touched: op.Listed, Answer: "Said"}, thing, foreign, another)
		if at != "" {
			k.at[at] = fails(fault.New(fault.State, "Halt", "halt"))
		}
		_, code := k.serve(k.change, good)
		all := k.records()
		if len(all) != 3 || k.commits != 1 {
			t.Fatalf("%d records in %d commits", len(all), k.commits)
		}
		shared := strings.Join(k.fields("sharedEventID"), "\n")
		if ids := strings.Split(shared, "\n"); len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] {
			t.Errorf("%s", shared)
		}
		for i, to := range []string{owner, "777788889999", account} {
			who := identity{Type: "AWSAccount", PrincipalID: account, AccountID: account}
			resources := 1
			if to == account {
				who.Type, who.AccessKeyID, resources = "Root", "AKIATEST", 3
			}
			r := all[i]
			if r.RecipientAccountID != to || r.UserIdentity != who || len(r.Resources) != resources ||
				r.RequestID != "request-1" || r.EventName != "Change" ||
				r.ErrorCode != strings.Replace(code, "Halt", "HaltException", 1) ||
				r.SourceIPAddress != "192.0.2.1" || r.RequestParameters["name"] != "thing" {
				t.Errorf("to %s: %+v", to, r)
			}
			for j := range i {
				if all[j].EventID == r.EventID {
					t.Errorf("two records have the id %s", r.EventID)
				}
			}
		}
	}
}

// Nobody writes into the trail of an account that doesn't let them in.
func TestRecord_RefusalByOthers_IsInTheCallersTrailAlone(t *testing.T) {
	k := keeps(t, op.Recorded{Touched: op.Listed}, foreign)
	k.at["authorize"] = fails(fault.New(fault.Denied, "AccessDeniedException", "no"))
	k.serve(k.look, good)
	if r := k.only(); r.RecipientAccountID != account || len(k.fields("sharedEventID")) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestRecord_OwnDoing_IsAnEventIfItWasDone, in the service's own name and part of no request.
func TestRecord_OwnDoing_IsAnEventIfItWasDone(t *testing.T) {
	row := op.Recorded{Event: true, NoParameters: true, Touched: op.Listed}
	for _, c := range []struct {
		did, fails bool
		want       int
	}{{false, false, 0}, {true, false, 1}, {false, true, 1}, {true, true, 1}} {
		k := keeps(t, row, thing)
		k.inside = func(c2 *op.Call) error {
			if c.did {
				c2.Did([]byte(`{"keyId":"k"}`))
			}
			if c.fails {
				return fault.New(fault.State, "Halt", "halt")
			}
			return nil
		}
		k.serve(k.change, good)
		all := k.records()
		if len(all) != c.want || (k.changes() == 1) == c.fails {
			t.Errorf("%+v: %d records, %d changes", c, len(all), k.changes())
		}
		if len(all) == 0 {
			continue
		}
		r := all[0]
		if r.EventType != "AwsServiceEvent" || r.RequestID != "" || r.ReadOnly ||
			r.UserIdentity != (identity{AccountID: account, InvokedBy: internal}) ||
			r.SourceIPAddress != internal || r.UserAgent != internal || len(r.Resources) != 1 ||
			(r.ErrorCode != "") != c.fails {
			t.Errorf("%+v: %+v", c, r)
		}
		if got := k.fields("serviceEventDetails"); (len(got) == 1) != c.did {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestEvent_OfAnotherService_IsOfNobodysRequest: KMS tells as AWS Internal, of a key.
func TestEvent_OfAnotherService_IsOfNobodysRequest(t *testing.T) {
	k := keeps(t, op.Recorded{}, "*")
	k.inside = func(c *op.Call) error {
		c.Event(op.Event{Name: "Rotated", ARN: thing, Details: []byte(`{"keyId":"k"}`)})
		c.Event(op.Event{Name: "Synchronized", ARN: thing, Region: "eu-west-1", IsCall: true,
			RequestID: c.RequestID})
		return nil
	}
	k.serve(k.change, good)
	same(t, "events", k.fields("eventName", "userIdentity", "awsRegion", "requestID", "eventType",
		"serviceEventDetails")[:11], []string{`eventName "Rotated"`,
		`userIdentity {"accountId":"` + account + `","invokedBy":"AWS Internal"}`,
		`awsRegion "us-east-1"`, `eventType "AwsServiceEvent"`, `serviceEventDetails {"keyId":"k"}`,
		`eventName "Synchronized"`,
		`userIdentity {"accountId":"` + account + `","invokedBy":"AWS Internal"}`,
		`awsRegion "eu-west-1"`, `requestID "request-1"`, `eventType "AwsApiCall"`,
		`eventName "Change"`})
	if all := k.records(); len(all[0].Resources) != 1 || all[0].SourceIPAddress != internal {
		t.Errorf("%+v", all[0])
	}
}

// TestRecord_TLS_IsOfTheRequestAlone: what a service asks for on its way came by no connection.
func TestRecord_TLS_IsOfTheRequestAlone(t *testing.T) {
	for _, state := range []*tls.ConnectionState{nil, {Version: tls.VersionTLS13,
		CipherSuite: tls.TLS_AES_128_GCM_SHA256, CurveID: tls.X25519MLKEM768},
		{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}} {
		k := keeps(t, op.Recorded{}, "*")
		k.inside = func(c *op.Call) error {
			k.inside = nil
			_, err := op.Ask(c, "secrets", k.road.look, input{Name: "inner"})
			return err
		}
		q := request(good, "192.0.2.1")
		q.HTTP.TLS, q.HTTP.Host = state, strings.Repeat("h", 2000)
		if _, err := k.send(k.look, q); err != nil {
			t.Fatal(err)
		}
		version, suite, group := "TLSv1.3", "TLS_AES_128_GCM_SHA256", `,"keyExchange":"X25519MLKEM768"`
		if state != nil && state.CurveID == 0 {
			version, suite, group = "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ""
		}
		want := []string{`tlsDetails {"tlsVersion":"` + version + `","cipherSuite":"` + suite +
			`","clientProvidedHostHeader":"` + strings.Repeat("h", 1024) + `"` + group + `}`}
		if state == nil {
			want = nil
		}
		same(t, "TLS", k.fields("tlsDetails"), want)
		same(t, "addresses", k.fields("sourceIPAddress", "userAgent"), []string{
			`sourceIPAddress "secrets.amazonaws.com"`, `userAgent "secrets.amazonaws.com"`,
			`sourceIPAddress "192.0.2.1"`, `userAgent "test"`})
	}
}

// TestRead_ServiceWithoutRow_Panics: no operation is made that nobody has said how to record.
func TestRead_ServiceWithoutRow_Panics(t *testing.T) {
	for _, service := range []*op.Service{vault, {Shapes: vault.Shapes}} {
		func() {
			defer func() {
				said := fmt.Sprint(cmp.Or[any](recover(), ""))
				if strings.Contains(said, "Forgotten") != (service == vault) {
					t.Errorf("%q", said)
				}
			}()
			op.Read(op.Info{Name: "Forgotten", Service: service}, build(t).find,
				func(*op.Call, input, *target) (output, error) { return output{}, nil })
		}()
	}
}
