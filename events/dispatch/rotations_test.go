package dispatch_test

import (
	"regexp"
	"testing"
	"time"

	"claviger/audit"
	"claviger/events/dispatch"
	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/outbox"
)

const dbARN = "arn:aws:secretsmanager:" + region + ":" + account + ":secret:db-a1b2c3"

// secretCall is a call of Secrets Manager on the secret.
func secretCall(name string, reads bool) audit.Record {
	r := call(name, reads)
	r.Source, r.Resources = "secretsmanager.amazonaws.com", nil
	r.Additional = []byte(`{"resourceARNs":["` + dbARN + `"]}`)
	return r
}

// TestRotationToken_Message_IsItsOwn: the same whenever it is delivered, and another for another
// event, target or rule.
func TestRotationToken_Message_IsItsOwn(t *testing.T) {
	m := delivery.Message{ID: "1", Receiver: dbARN}
	by := dispatch.Context{RuleARN: "r", TargetID: "t"}
	token := dispatch.RotationToken(m, by)
	if !regexp.MustCompile(`^[A-Za-z0-9-]{32,64}$`).MatchString(token) ||
		token != dispatch.RotationToken(m, by) {
		t.Errorf("it is %s", token)
	}
	for _, other := range []string{
		dispatch.RotationToken(delivery.Message{ID: "2", Receiver: dbARN}, by),
		dispatch.RotationToken(delivery.Message{ID: "1", Receiver: dbARN + "x"}, by),
		dispatch.RotationToken(m, dispatch.Context{RuleARN: "s", TargetID: "t"}),
		dispatch.RotationToken(m, dispatch.Context{RuleARN: "r", TargetID: "u"}),
	} {
		if other == token {
			t.Errorf("two have %s", token)
		}
	}
}

// TestRun_EventOfARotation_RotatesNothing that a rule may send it to, of those that a rotation by a
// rule makes or may make; and others get it. What somebody does rotates.
func TestRun_EventOfARotation_RotatesNothing(t *testing.T) {
	token := dispatch.RotationToken(delivery.Message{ID: "1", Receiver: dbARN},
		dispatch.Context{RuleARN: "r", TargetID: "t"})
	service := audit.Identity{AccountID: account, InvokedBy: "secretsmanager.amazonaws.com"}
	event := func(name, request string) audit.Record {
		r := call(name, false)
		r.Source, r.Identity, r.ServiceEvent, r.RequestID = "secretsmanager.amazonaws.com", service,
			true, request
		r.Resources, r.Additional = nil, []byte(`{"SecretId":"`+dbARN+`"}`)
		return r
	}
	const of = "Rotation-" + dbARN + "-"
	put := secretCall("PutSecretValue", false)
	put.Parameters = []byte(`{"secretId":"db","clientRequestToken":"` + token + `"}`)
	own := secretCall("RotateSecret", false)
	own.Identity = audit.Identity{Type: "AWSService", InvokedBy: "secretsmanager.amazonaws.com"}
	other := secretCall("GetSecretValue", true)
	other.Additional = []byte(`{"resourceARNs":["` + dbARN + `x"]}`)
	random := secretCall("GetRandomPassword", true)
	random.Additional = nil
	for name, c := range map[string]struct {
		record audit.Record
		readAt string
		starts bool
	}{
		"begun by a rule":            {event("RotationStarted", of+token), "", false},
		"done for a rule":            {event("RotationSucceeded", of+token), "", false},
		"begun by somebody":          {event("RotationStarted", of+"1234"), "", true},
		"tried":                      {event("TestRotationStarted", of+"1234"), "", true},
		"a copy":                     {event("ReplicationSucceeded", "1"), "", false},
		"an old version":             {event("SecretVersionDeletion", "1"), "", false},
		"the service's own call":     {own, "", false},
		"a function's value":         {put, "", false},
		"somebody's value":           {secretCall("PutSecretValue", false), "", true},
		"somebody's doing elsewhere": {call("DisableKey", false), "", true},
		"a read": {secretCall("GetSecretValue", true), "2026-11-29T12:00:01Z",
			true},
		"a read of another": {other, "", false},
		"a random password": {random, "", false},
		"a key's use":       {call("Decrypt", true), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := begin(t)
			f.rule("all", `{"account":["`+account+`"]}`, rule.EnabledForAll, target("1", dbARN),
				target("2", hook))
			f.run()
			f.record(c.record)
			want := 1
			if c.starts {
				want = 2
			}
			all := f.wants(want)
			said, err := dispatch.ReadContext(all[0])
			if (all[0].Kind == "events:secret") != c.starts || err != nil || said.ReadAt != c.readAt {
				t.Errorf("put were %+v: %v", all, err)
			}
		})
	}
}

// TestRun_EventThatNamesARulesVersion_RotatesNothing, whoever tells of it.
func TestRun_EventThatNamesARulesVersion_RotatesNothing(t *testing.T) {
	f := begin(t)
	f.rule("all", `{"account":["`+account+`"]}`, rule.EnabledForAll, target("1", dbARN),
		target("2", hook))
	f.run()
	token := dispatch.RotationToken(delivery.Message{ID: "1"}, dispatch.Context{})
	for _, e := range []outbox.Event{
		{Source: "aws.secretsmanager", DetailType: "Secret Label Updated",
			Detail: map[string]string{"versionId": token}},
		{Source: "our.shop", DetailType: "Password Changed", Detail: map[string]string{"to": token}},
		{Source: "our.shop", DetailType: "AWS API Call via CloudTrail",
			Detail: map[string]any{"readOnly": true, "userIdentity": map[string]string{
				"type": "AWSService"}}},
	} {
		e.Account, e.Region, e.Time = account, region, time.Now()
		if err := f.db.Commit(outbox.Outbox{}.Put(e), nil); err != nil {
			t.Fatal(err)
		}
	}
	all := f.wants(4)
	if all[2].Kind != "events:secret" || all[2].ID != all[3].ID {
		t.Errorf("put were %+v", all)
	}
}
