package policy_test

import (
	"fmt"
	"testing"
	"time"

	"claviger/policy"
)

// BenchmarkDecide is a decision with ten identity policies, a key policy of twenty statements and a
// thousand grants on the key, of which the last one allows.
func BenchmarkDecide(b *testing.B) {
	c := user
	c.Tags = map[string]string{"team": "payments"}
	for i := range 10 {
		c.Policies = append(c.Policies, parse(b, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":["s3:Get*","s3:List*","kms:Describe*"],"Resource":"*"},
			{"Effect":"Allow","Action":"kms:Encrypt",
			 "Resource":"arn:aws:kms:*:111122223333:key/%d-${aws:PrincipalTag/team}",
			 "Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}}},
			{"Effect":"Deny","Action":"kms:*","Resource":"*",
			 "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}}]}`, i)))
	}
	statements := ""
	for i := range 20 {
		statements += fmt.Sprintf(`,{"Sid":"s%d","Effect":"Allow",
			"Principal":{"AWS":["arn:aws:iam::111122223333:role/r%d","arn:aws:iam::111122223333:user/u%d"]},
			"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*",
			"Condition":{"StringEquals":{"kms:EncryptionContext:app":"a%d"}}}`, i, i, i, i)
	}
	keyPolicy := parse(b, `{"Version":"2012-10-17","Statement":[`+statements[1:]+`]}`)
	grants := make([]policy.Grant, 1000)
	for i := range grants {
		grants[i] = policy.Grant{ID: "g", Grantee: fmt.Sprint("arn:aws:iam::111122223333:user/u", i),
			Actions: []string{"kms:Decrypt"}}
	}
	grants[999].Grantee = c.ARN
	values := policy.Values{"kms:EncryptionContext:app": {"a"}}
	r := policy.Request{Caller: c,
		Facts: policy.Facts{Time: time.Unix(1, 0), SourceIP: "10.1.2.3", Region: "us-east-1", TLS: true},
		Demands: []policy.Demand{{Action: "kms:Decrypt",
			Values: func() policy.Values { return values },
			Resource: policy.Resource{ARN: key, Account: account, PolicyDecides: true,
				Policy: func() (*policy.Document, error) { return keyPolicy, nil },
				Grants: func() ([]policy.Grant, error) { return grants, nil }}}}}
	if d := policy.Decide(r); d.Reason != policy.ByGrant {
		b.Fatalf("%+v", d)
	}
	b.ReportAllocs()
	for b.Loop() {
		policy.Decide(r)
	}
}

func parse(t testing.TB, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
