package oidc_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/oidc"
)

type M = iamtest.M

const (
	arns  = "arn:aws:iam::" + iamtest.Account + ":oidc-provider/"
	print = "0123456789abcdef0123456789abcdef01234567"
)

// TestOpenIDConnectProvider_MadeToDeleted_IsShownAsItIs: each operation changes what the next one
// shows.
func TestOpenIDConnectProvider_MadeToDeleted_IsShownAsItIs(t *testing.T) {
	k := iamtest.Start(t)
	made := iamtest.Must[oidc.CreateOpenIDConnectProviderOutput](k, "CreateOpenIDConnectProvider",
		M{"Url": "https://k8s.example.com:6443/clusters/a", "ClientIDList": []string{"sts", "sts", "x"},
			"ThumbprintList": []string{strings.ToUpper(print)},
			"Tags":           []M{{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}}})
	arn := arns + "k8s.example.com:6443/clusters/a"
	if made.OpenIDConnectProviderArn != arn || len(made.Tags) != 2 {
		t.Errorf("made %+v", made)
	}
	one := M{"OpenIDConnectProviderArn": arn}
	with := func(name string, value any) M { return M{"OpenIDConnectProviderArn": arn, name: value} }
	shown := func() string {
		out := iamtest.Must[oidc.GetOpenIDConnectProviderOutput](k, "GetOpenIDConnectProvider", one)
		return fmt.Sprint(out.Url, out.ClientIDList, out.ThumbprintList, out.Tags)
	}
	for _, step := range []struct {
		name string
		in   M
		want string
	}{
		{"", nil, "[sts x] [" + print + "] [{a 1} {b 2}]"},
		{"AddClientIDToOpenIDConnectProvider", with("ClientID", "y"),
			"[sts x y] [" + print + "] [{a 1} {b 2}]"},
		{"AddClientIDToOpenIDConnectProvider", with("ClientID", "y"),
			"[sts x y] [" + print + "] [{a 1} {b 2}]"},
		{"RemoveClientIDFromOpenIDConnectProvider", with("ClientID", "x"),
			"[sts y] [" + print + "] [{a 1} {b 2}]"},
		{"RemoveClientIDFromOpenIDConnectProvider", with("ClientID", "x"),
			"[sts y] [" + print + "] [{a 1} {b 2}]"},
		{"UpdateOpenIDConnectProviderThumbprint", with("ThumbprintList", []string{}),
			"[sts y] [] [{a 1} {b 2}]"},
		{"TagOpenIDConnectProvider", with("Tags", []M{{"Key": "A", "Value": "3"}}),
			"[sts y] [] [{A 3} {a 1} {b 2}]"},
		{"UntagOpenIDConnectProvider", with("TagKeys", []string{"a", "none"}),
			"[sts y] [] [{A 3} {b 2}]"},
	} {
		if step.name != "" {
			k.Do(step.name, step.in)
		}
		if got := shown(); got != "k8s.example.com:6443/clusters/a"+step.want {
			t.Errorf("after %s %v: %s", step.name, step.in, got)
		}
	}
	list := iamtest.Must[oidc.ListOpenIDConnectProvidersOutput](k, "ListOpenIDConnectProviders", M{})
	if len(list.OpenIDConnectProviderList) != 1 || list.OpenIDConnectProviderList[0].Arn != arn {
		t.Errorf("listed %v", list)
	}
	tags := iamtest.Must[oidc.ListOpenIDConnectProviderTagsOutput](k,
		"ListOpenIDConnectProviderTags", with("MaxItems", 1))
	if len(tags.Tags) != 1 || tags.Tags[0] != (entity.Tag{Key: "A", Value: "3"}) || !tags.IsTruncated {
		t.Errorf("tags %+v", tags)
	}
	k.Do("DeleteOpenIDConnectProvider", one)
	k.Refused("GetOpenIDConnectProvider", one, "NoSuchEntity",
		"OpenIDConnect Provider not found for arn "+arn)
}

// TestOpenIDConnectProvider_BadInput_IsRefusedInAWSsWords.
func TestOpenIDConnectProvider_BadInput_IsRefusedInAWSsWords(t *testing.T) {
	k := iamtest.Start(t)
	const bad = "Invalid Open ID Connect Provider URL"
	const create = "CreateOpenIDConnectProvider"
	for url, want := range map[string][2]string{
		"idp.example.com":               {"ValidationError", bad},
		"http://idp.example.com":        {"InvalidInput", bad + ". The URL must begin with https://."},
		"ftp://idp.example.com":         {"InvalidInput", bad + ". The URL must begin with https://."},
		"https://idp.example.com/?a=b":  {"InvalidInput", bad + "."},
		"https://idp.example.com/#a":    {"InvalidInput", bad + "."},
		"https://a@idp.example.com":     {"InvalidInput", bad + "."},
		"https://idp.ex\u0430mple.com":  {"InvalidInput", bad + "."},
		"https://idp.example.com:70000": {"InvalidInput", bad + "."},
	} {
		k.Refused(create, M{"Url": url}, want[0], want[1])
	}
	for _, url := range []string{"https://idp.example.com", "https://idp.example.com:8443/a/",
		"http://127.0.0.1:8080", "http://localhost/realms/a"} {
		k.Do(create, M{"Url": url})
		k.Refused(create, M{"Url": url}, "EntityAlreadyExists",
			"Provider with url "+url+" already exists.")
	}
	arn := arns + "idp.example.com"
	k.Refused(create, M{"Url": "https://b.example.com", "ThumbprintList": []string{print, print, print,
		print, print, print}}, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
	k.Refused("UpdateOpenIDConnectProviderThumbprint", M{"OpenIDConnectProviderArn": arn,
		"ThumbprintList": []string{strings.Repeat("g", 40)}}, "InvalidInput",
		"Thumbprint must be exactly 40 characters.")
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint("c", i))
	}
	const tooMany = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
	k.Refused(create, M{"Url": "https://c.example.com", "ClientIDList": many}, "LimitExceeded",
		tooMany)
	k.Do(create, M{"Url": "https://c.example.com", "ClientIDList": many[:100]})
	k.Refused("AddClientIDToOpenIDConnectProvider",
		M{"OpenIDConnectProviderArn": arns + "c.example.com", "ClientID": "c100"}, "LimitExceeded",
		tooMany)
	k.Refused("TagOpenIDConnectProvider", M{"OpenIDConnectProviderArn": arn,
		"Tags": []M{{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}}}, "InvalidInput",
		"Duplicate tag keys found.")
	tags := func(from, to int) (all []M) {
		for i := from; i < to; i++ {
			all = append(all, M{"Key": fmt.Sprint("k", i), "Value": "v"})
		}
		return all
	}
	k.Do("TagOpenIDConnectProvider", M{"OpenIDConnectProviderArn": arn, "Tags": tags(0, 50)})
	k.Refused("TagOpenIDConnectProvider", M{"OpenIDConnectProviderArn": arn, "Tags": tags(50, 51)},
		"LimitExceeded", "The number of tags has reached the maximum limit.")
}

// TestOpenIDConnectProvider_ARNsOfOthers_SayNothing: another spelling, account or kind is none of
// the account's providers, and what is another account's stays its secret.
func TestOpenIDConnectProvider_ARNsOfOthers_SayNothing(t *testing.T) {
	k := iamtest.Start(t)
	k.Do("CreateOpenIDConnectProvider", M{"Url": "https://idp.example.com/a"})
	for arn, want := range map[string][2]string{
		arns + "IDP.example.com/a": {"NoSuchEntity",
			"OpenIDConnect Provider not found for arn " + arns + "IDP.example.com/a"},
		"arn:aws:iam::444455556666:oidc-provider/idp.example.com/a": {"AccessDenied", ""},
		"arn:aws:iam::" + iamtest.Account + ":role/idp.example.com": {"ValidationError",
			"Invalid resource type in ARN"},
		"idp.example.com/aaaaaaaaa": {"ValidationError", "Invalid ARN:  Could not be parsed!"},
	} {
		for _, name := range []string{"GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider",
			"ListOpenIDConnectProviderTags"} {
			k.Refused(name, M{"OpenIDConnectProviderArn": arn}, want[0], want[1])
		}
	}
}
