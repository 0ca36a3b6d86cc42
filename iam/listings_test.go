package iam_test

import (
	"testing"

	"claviger/iam/iamtest"
)

// TestListing_WhoMayNot_IsToldThePath: what is listed has no name, and IAM calls it by its path.
func TestListing_WhoMayNot_IsToldThePath(t *testing.T) {
	k := iamtest.Start(t)
	id := k.NewUser("u")
	own := "arn:aws:iam::" + iamtest.Account + ":"
	k.As(k.Caller(id), func() {
		for name, on := range map[string]string{"ListUsers": own + "user", "ListGroups": own + "group",
			"ListRoles": own + "role", "ListPolicies": "policy path "} {
			for path, in := range map[string]M{"/": nil, "/a/": {"PathPrefix": "/a/"}} {
				k.Refused(name, in, "AccessDenied", "User: "+own+"user/u is not authorized to perform: iam:"+
					name+" on resource: "+on+path+" because no identity-based policy allows the iam:"+name+
					" action")
			}
		}
	})
	k.Do("PutUserPolicy", M{"UserName": "u", "PolicyName": "p", "PolicyDocument": `{
		"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}`})
	k.As(k.Caller(id), func() {
		for _, name := range []string{"ListUsers", "ListGroups", "ListRoles", "ListPolicies"} {
			k.Do(name, M{"PathPrefix": "/"})
		}
	})
}
