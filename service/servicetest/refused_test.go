package servicetest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/service/servicetest"
)

// refusedSamples has a value of each member that is refused whatever is in it, for requests in
// which nothing else is wrong.
var refusedSamples = map[string]string{
	"XksKeyId": `"k"`, "Recipient": `{"AttestationDocument":"eA=="}`,
	"XksProxyUriEndpoint":             `"https://xks.example.com"`,
	"XksProxyUriPath":                 `"/kms/xks/v1"`,
	"XksProxyVpcEndpointServiceName":  `"com.amazonaws.vpce.us-east-1.vpce-svc-example"`,
	"XksProxyVpcEndpointServiceOwner": `"111122223333"`,
	"XksProxyConnectivity":            `"PUBLIC_ENDPOINT"`,
	"XksProxyAuthenticationCredential": `{"AccessKeyId":"ABCDEFGHIJ2345672345",` +
		`"RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}`,
	"SerialNumber": `"arn:aws:iam::111122223333:mfa/alice"`, "TokenCode": `"123456"`,
	"ProviderId":  `"www.amazon.com"`,
	"PhoneNumber": `"+15555550100"`, "MessageDeduplicationId": `"1"`,
	"DataProtectionPolicy":             `"{}"`,
	"EndpointId":                       `"a.b"`,
	"InvocationConnectivityParameters": throughLattice,
	"ProvidedContexts":                 `[{"ProviderArn":"arn:aws:iam::aws:contextProvider/IdentityCenter"}]`,
}

// TestRefused_EachMemberAndValue_IsRefusedByEveryOperation: what documents say to be always refused
// is, by each operation that has the member, with the error that they say; and what is refused
// whatever is in it they say to be.
func TestRefused_EachMemberAndValue_IsRefusedByEveryOperation(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	tried := map[string]bool{}
	for _, n := range routed(s) {
		there := ""
		for which, code := range n.Service.Refused {
			member, value, isValue := strings.Cut(which, "=")
			f, has := n.In.FieldByName(member)
			row := n.Service.Shapes[strings.Split(f.Tag.Get("shape"), ",")[0]]
			if !has || isValue && value != "true" && !slices.Contains(row.Enum, value) {
				continue
			}
			sample := refusedSamples[member]
			switch {
			case value == "true":
				sample = value
			case isValue:
				sample = `"` + value + `"`
			}
			if there == "" { // nothing is done, so that it serves for all
				there, _ = stage(t, s, walk[idOf(n)].request)
			}
			tried[n.Service.Name+"."+which] = true
			request := withMember(t, there, member, json.RawMessage(sample))
			if value == "SM2" && n.Name == "CreateKey" {
				request = withMember(t, request, "KeyUsage", "SIGN_VERIFY")
			}
			q := callOf(t, n, request)
			q.Service, code = n.Service.Name, n.Service.Code(fault.New(fault.Invalid, code, ""))
			if a := s.Send(t, q); a.Code() != code || a.Status != 400 && code != "AccessDenied" {
				t.Errorf("%s with %s answered %d %s, want %s", idOf(n), which, a.Status, a.Body, code)
			}
		}
	}
	for _, n := range routed(s) {
		for which := range n.Service.Refused {
			if !tried[n.Service.Name+"."+which] {
				t.Errorf("no operation of %s has %s", n.Service.Name, which)
			}
		}
	}
	for _, c := range coverages {
		for name, row := range c.refused {
			_, member, _ := strings.Cut(name, ".")
			if strings.HasPrefix(row.request, "{") && !tried[c.service+"."+member] {
				t.Errorf("%s is refused, and documents don't say so", name)
			}
		}
	}
}
