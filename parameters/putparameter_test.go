package parameters_test

import (
	"strings"
	"testing"

	"claviger/parameters"
)

// described is what DescribeParameters says of one parameter.
func (s *service) described(name string) parameters.ParameterMetadata {
	s.T.Helper()
	out := must[parameters.DescribeParametersOutput](s, "DescribeParameters",
		M{"ParameterFilters": []M{{"Key": "Name", "Values": []string{name}}}})
	if len(out.Parameters) != 1 {
		s.T.Fatalf("%d parameters are called %s", len(out.Parameters), name)
	}
	return out.Parameters[0]
}

// history is all versions of a parameter that fit one page, in clear.
func (s *service) history(name string) []parameters.ParameterHistory {
	s.T.Helper()
	return must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory",
		M{"Name": name, "WithDecryption": true}).Parameters
}

func TestPutParameter_Type_IsNeededOnceAndKept(t *testing.T) {
	s := start(t)
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v"}, "ValidationException",
		"A parameter type is required when you create a parameter.")
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Overwrite": true}, "ValidationException",
		"A parameter type is required when you create a parameter.")
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Type": "string"}, "ValidationException",
		"1 validation error detected: Value 'string' at 'type' failed to satisfy constraint: Member must "+
			"satisfy enum value set: [SecureString, StringList, String]")
	for _, kind := range []string{"String", "StringList", "SecureString"} {
		name := "/" + kind
		s.Do("PutParameter", M{"Name": name, "Value": "1", "Type": kind, "Overwrite": true})
		s.Do("PutParameter", M{"Name": name, "Value": "2", "Overwrite": true})
		if got := s.get(name); got.Type != kind || got.Version != 2 || got.Value != "2" {
			t.Errorf("%+v", got)
		}
	}
}

func TestPutParameter_WithoutOverwrite_IsRefusedWhereOneIs(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	for _, in := range []M{{"Name": "/a", "Value": "2"},
		{"Name": "/a", "Value": "2", "Type": "String", "Overwrite": false},
		{"Name": "a", "Value": "1", "Type": "SecureString"},
		{"Name": "/a", "Value": "2", "Type": "String", "Tags": []M{{"Key": "k", "Value": "v"}}}} {
		s.Refused("PutParameter", in, "ParameterAlreadyExists", "The parameter already exists. To "+
			"overwrite this value, set the overwrite option in the request to true.")
	}
	if got := s.get("/a"); got.Version != 1 || got.Value != "1" {
		t.Errorf("%+v", got)
	}
	s.put("/a", "1")
	if got := s.get("/a"); got.Version != 2 {
		t.Errorf("the same value again: %+v", got)
	}
}

// TestPutParameter_AnotherType_IsTakenOver: AWS's documents have HierarchyTypeMismatchException,
// and AWS does this.
func TestPutParameter_AnotherType_IsTakenOver(t *testing.T) {
	s := start(t)
	kinds := []string{"String", "SecureString", "String", "StringList", "SecureString", "StringList",
		"String"}
	for i, kind := range kinds {
		s.Do("PutParameter", M{"Name": "/a", "Value": kind, "Type": kind, "Overwrite": true})
		if got := s.get("/a"); got.Type != kind || got.Value != kind || got.Version != int64(i+1) {
			t.Errorf("%+v", got)
		}
		key := ""
		if kind == "SecureString" {
			key = "alias/aws/ssm"
		}
		if got := s.described("/a"); got.Type != kind || got.KeyId != key {
			t.Errorf("%+v", got)
		}
	}
	for i, v := range s.history("/a") {
		if v.Type != kinds[i] || v.Value != kinds[i] {
			t.Errorf("version %d: %+v", i+1, v)
		}
	}
}

func TestPutParameter_TagsWithOverwrite_AreRefused(t *testing.T) {
	s := start(t)
	in := M{"Name": "/a", "Value": "v", "Type": "String", "Tags": []M{{"Key": "k", "Value": "v"}}}
	in["Overwrite"] = true
	s.Refused("PutParameter", in, "ValidationException", "Invalid request: tags and overwrite can't be "+
		"used together. To create a parameter with tags, please remove overwrite flag. To update tags for "+
		"an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	in["Overwrite"] = false
	s.Do("PutParameter", in)
	s.put("/a", "2")
	tags := must[parameters.ListTagsForResourceOutput](s, "ListTagsForResource",
		M{"ResourceType": "Parameter", "ResourceId": "/a"}).TagList
	if len(tags) != 1 || tags[0].Key != "k" || tags[0].Value != "v" {
		t.Errorf("after an overwrite: %+v", tags)
	}
	s.Do("PutParameter", M{"Name": "/a", "Value": "3", "Overwrite": true, "Tags": []M{}})
}

func TestPutParameter_ValueThatNoneCanBe_IsRefusedUnquoted(t *testing.T) {
	s := start(t)
	s.Refused("PutParameter", M{"Name": "/a", "Value": "", "Type": "String"}, "ValidationException",
		"1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have "+
			"length greater than or equal to 1")
	s.Refused("PutParameter", M{"Name": "/a", "Type": "String"}, "ValidationException",
		"1 validation error detected: Value null at 'value' failed to satisfy constraint: Member must "+
			"not be null")
	for _, value := range []string{"{{}}", "{{ssm:other}}", "x {{ ssm:other }} y", "{{{a}}}",
		"{{a\n}}", "}} {{a}}"} {
		s.Refused("PutParameter", M{"Name": "/a", "Value": value, "Type": "SecureString"},
			"ValidationException", `Parameter value can't nest another parameter. Do not use "{{}}" in the `+
				`value.`)
	}
	for _, value := range []string{"{a}", "{{a", "a}}", "}}{{", "{ {a} }", `{"a":{"b":{}}}`, " ", "\x00",
		"ä€😀", "{{a}"} {
		s.put("/a", value)
		if got := s.get("/a"); got.Value != value {
			t.Errorf("%q is read as %q", value, got.Value)
		}
	}
}

// TestPutParameter_WhatIsLeftOut_StaysAsItWas: only what is there and empty takes something away.
func TestPutParameter_WhatIsLeftOut_StaysAsItWas(t *testing.T) {
	s := start(t)
	s.Do("PutParameter", M{"Name": "/a", "Value": "v1", "Type": "SecureString", "Description": "what",
		"AllowedPattern": `v\d`, "Tier": "Advanced", "DataType": "text", "KeyId": "alias/aws/ssm",
		"Policies": `[{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"2","Unit":"Days"}}]`})
	first := s.described("/a")
	if first.Description != "what" || first.AllowedPattern != `v\d` || first.Tier != "Advanced" ||
		len(first.Policies) != 1 || first.KeyId != "alias/aws/ssm" {
		t.Fatalf("%+v", first)
	}
	s.Clock.Pass(90e9)
	s.Do("PutParameter", M{"Name": "/a", "Value": "v2", "Overwrite": true})
	next := s.described("/a")
	if next.Description != "what" || next.AllowedPattern != `v\d` || next.Tier != "Advanced" ||
		len(next.Policies) != 1 || next.KeyId != "alias/aws/ssm" || next.DataType != "text" ||
		next.Type != "SecureString" || next.Version != 2 ||
		!next.LastModifiedDate.After(first.LastModifiedDate.Time) {
		t.Errorf("%+v", next)
	}
	s.Do("PutParameter", M{"Name": "/a", "Value": "other", "Overwrite": true, "Description": "",
		"AllowedPattern": "", "Policies": "[{}]"})
	last := s.described("/a")
	if last.Description != "" || last.AllowedPattern != "" || len(last.Policies) != 0 ||
		last.Policies == nil {
		t.Errorf("%+v", last)
	}
	if all := s.history("/a"); all[0].Description != "what" || all[1].AllowedPattern != `v\d` ||
		all[2].Description != "" || len(all[1].Policies) != 1 {
		t.Errorf("%+v", all)
	}
}

func TestPutParameter_KeyIDOfWhatIsntSealed_IsRefused(t *testing.T) {
	s := start(t)
	const text = "KeyId is required for SecureString type parameter only."
	for _, kind := range []string{"String", "StringList"} {
		s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Type": kind, "KeyId": "alias/aws/ssm"},
			"ValidationException", text)
	}
	s.put("/a", "v")
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Overwrite": true,
		"KeyId": "alias/aws/ssm"}, "ValidationException", text)
	s.Do("PutParameter", M{"Name": "/a", "Value": "v", "Type": "SecureString", "Overwrite": true,
		"KeyId": "alias/aws/ssm"})
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Type": "String", "Overwrite": true,
		"KeyId": "alias/aws/ssm"}, "ValidationException", text)
	s.Refused("PutParameter", M{"Name": "/a", "Value": "v", "Overwrite": true, "KeyId": "no key"},
		"ValidationException", "1 validation error detected: Value 'no key' at 'keyId' failed to satisfy "+
			"constraint: Member must satisfy regular expression pattern: ^([a-zA-Z0-9:/_-]+)$")
}

func TestPutParameter_DataType_DecidesWhatMayBe(t *testing.T) {
	s := start(t)
	image := func(value, kind string) M {
		return M{"Name": "/image", "Value": value, "Type": kind, "DataType": "aws:ec2:image",
			"Overwrite": true}
	}
	for _, value := range []string{"ami-12345678", "ami-0123456789abcdef0"} {
		s.Do("PutParameter", image(value, "String"))
	}
	for _, value := range []string{"ami-1234567", "ami-123456789", "ami-0123456789abcdef01",
		"ami-1234567G", "AMI-12345678", " ami-12345678", "ami-12345678\n", "i-12345678"} {
		s.Refused("PutParameter", image(value, "String"), "ValidationException",
			"Parameter value: of the data type aws:ec2:image it has to be the ID of an Amazon Machine Image, such as "+
				"ami-12345abcde1234567.")
	}
	for _, kind := range []string{"StringList", "SecureString"} {
		s.Refused("PutParameter", image("ami-12345678", kind), "ValidationException",
			"The aws:ec2:image data type is not supported for the following input type: "+kind)
	}
	s.Refused("PutParameter", M{"Name": "/image", "Value": "none", "Overwrite": true},
		"ValidationException", "")
	s.Do("PutParameter", M{"Name": "/image", "Value": "none", "Overwrite": true, "DataType": "text"})
	if got := s.get("/image"); got.DataType != "text" {
		t.Errorf("%+v", got)
	}
	for _, unknown := range []string{"Text", "AWS:EC2:IMAGE", "json", ""} {
		s.Refused("PutParameter", M{"Name": "/x", "Value": "v", "Type": "String", "DataType": unknown},
			"ValidationException", "The following data type is not supported: "+unknown+
				" (Data type names are all lowercase.)")
	}
	s.Refused("PutParameter", M{"Name": "/x", "Value": "v", "Type": "String",
		"DataType": strings.Repeat("d", 129)}, "ValidationException", "")
}

func TestPutParameter_Integration_IsSealedAndInItsPlace(t *testing.T) {
	s := start(t)
	const place = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/"
	in := func(name, kind string) M {
		return M{"Name": name, "Value": "{}", "Type": kind, "DataType": "aws:ssm:integration"}
	}
	s.Do("PutParameter", in(place+"hook", "SecureString"))
	if got := s.get(place + "hook"); got.DataType != "aws:ssm:integration" || got.Value != "{}" {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"/hook", "hook", strings.TrimSuffix(place, "/"),
		"/a" + place + "hook"} {
		s.Refused("PutParameter", in(name, "SecureString"), "ValidationException",
			"Parameter name: of the data type aws:ssm:integration it has to begin with "+place+".")
	}
	s.Refused("PutParameter", in(place+"other", "String"), "ValidationException",
		"The aws:ssm:integration data type is not supported for the following input type: String")
}
