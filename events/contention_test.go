package events_test

import (
	"context"
	"fmt"
	"testing"

	"claviger/internal/op/optest"
	"claviger/policy"
)

// raced has another process change what a request is about each time that an action on it is
// decided on, which is between what the request sees and what it commits.
func (s *service) raced(action, change string, in M) {
	n := 0
	s.Decide(func(q policy.Request) policy.Decision {
		if q.Demands[0].Action == "events:"+action && q.Caller.PrincipalID != "AIDAfaster" {
			n++
			in["Description"] = fmt.Sprint(n)
			faster := optest.As(context.Background(), policy.Caller{Type: policy.Root, Account: account,
				ARN: "arn:aws:iam::" + account + ":root", PrincipalID: "AIDAfaster"})
			s.Elsewhere(func() {
				if _, err := s.Serve(faster, s.Operation("events:"+change), in); err != nil {
					s.T.Error(err)
				}
			})
		}
		return policy.Decide(q)
	})
}

// TestConcurrentModification_EveryRaceLost_IsAnsweredWhereAWSHasIt, in each operation that may lose
// one.
func TestConcurrentModification_EveryRaceLost_IsAnsweredWhereAWSHasIt(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	s.Do("PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "1", "Arn": topic}}})
	s.destination("d")
	const connection = "of-d"
	arn := prefix + "rule/r"
	for _, c := range []struct {
		operation string
		in        M
		faster    string
		of        M
	}{
		{"PutRule", M{"Name": "r", "EventPattern": mine}, "PutRule", M{}},
		{"DisableRule", M{"Name": "r"}, "PutRule", M{}},
		{"EnableRule", M{"Name": "r"}, "PutRule", M{"State": "DISABLED"}},
		{"PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "2", "Arn": topic}}}, "PutRule", M{}},
		{"RemoveTargets", M{"Rule": "r", "Ids": []string{"1"}}, "PutRule", M{}},
		{"TagResource", M{"ResourceARN": arn, "Tags": []M{{"Key": "k", "Value": "v"}}}, "PutRule", M{}},
		{"UntagResource", M{"ResourceARN": arn, "TagKeys": []string{"old"}}, "PutRule", M{}},
		{"UpdateConnection", M{"Name": connection, "Description": "mine"}, "UpdateConnection", nil},
		{"DeauthorizeConnection", M{"Name": connection}, "UpdateConnection", nil},
		{"DeleteConnection", M{"Name": connection}, "UpdateConnection", nil},
		{"UpdateApiDestination", M{"Name": "d", "Description": "mine"}, "UpdateApiDestination", nil},
		{"DeleteApiDestination", M{"Name": "d"}, "UpdateApiDestination", nil},
	} {
		switch c.faster {
		case "PutRule":
			c.of["Name"], c.of["EventPattern"] = "r", mine
		case "UpdateConnection":
			c.of = M{"Name": connection}
		case "UpdateApiDestination":
			c.of = M{"Name": "d"}
		}
		switch c.operation { // so that there is something to change
		case "EnableRule":
			s.Do("DisableRule", M{"Name": "r"})
		case "UntagResource":
			s.Do("TagResource", M{"ResourceARN": arn, "Tags": []M{{"Key": "old", "Value": "v"}}})
		}
		s.raced(c.operation, c.faster, c.of)
		s.Refused(c.operation, c.in, "ConcurrentModificationException", "")
		s.Decide(policy.Decide)
	}
	s.Do("RemoveTargets", M{"Rule": "r", "Ids": []string{"1"}})
	s.raced("DeleteRule", "PutRule", M{"Name": "r", "EventPattern": mine})
	s.Refused("DeleteRule", M{"Name": "r"}, "ConcurrentModificationException", "")
}

// TestConnections_QuotasOfAnAccount_AreHeld, and of API destinations: LimitExceededException.
func TestConnections_QuotasOfAnAccount_AreHeld(t *testing.T) {
	s := start(t)
	arn := s.connect("c").ConnectionArn
	in := M{"Name": "d", "ConnectionArn": arn, "HttpMethod": "POST",
		"InvocationEndpoint": "https://example.com/"}
	s.Do("CreateApiDestination", in)
	const others = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) `
	s.Edit(others + `INSERT INTO event_connections SELECT account, region, 'c' || i, id, rev,
		description, auth_type, state, reason, shown, key_id, key_arn, epoch, sealed, created, modified,
		authorized, mac FROM event_connections, n WHERE name = 'c'`)
	s.Edit(others + `INSERT INTO event_destinations SELECT account, region, 'd' || i, id, rev,
		description, connection, endpoint, method, rate, created, modified, mac
		FROM event_destinations, n WHERE name = 'd'`)
	const full = "The requested resource exceeds the maximum number allowed."
	in["Name"] = "one-more"
	s.Refused("CreateApiDestination", in, "LimitExceededException", full)
	s.Refused("CreateConnection", M{"Name": "one-more", "AuthorizationType": "BASIC",
		"AuthParameters": M{"BasicAuthParameters": M{"Username": "u", "Password": "p"}}},
		"LimitExceededException", full)
	s.Do("DeleteApiDestination", M{"Name": "d"})
	s.Do("CreateApiDestination", in)
}
