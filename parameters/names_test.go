package parameters_test

import (
	"strings"
	"testing"

	"claviger/internal/op/optest"
	"claviger/parameters"
)

const (
	badName = `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a ` +
		"path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix " +
		"of letters, numbers and the following 3 symbols .-_"
	reservedPrefix = `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`
)

// a value that any name may have.
func valued(name string) M { return M{"Name": name, "Value": "v", "Type": "String"} }

// TestPutParameter_NameThatNoneCanHave_IsRefused: a slash at the end and none at the beginning of a
// path have words of their own, as people were answered by AWS.
func TestPutParameter_NameThatNoneCanHave_IsRefused(t *testing.T) {
	s := start(t)
	for _, name := range []string{"//a", "/a//b", "/a b", "a b", "/ä", "/a:1", "a:label", "/a*",
		"/{{a}}", "   ", "/a\n/b"} {
		s.Refused("PutParameter", valued(name), "ValidationException", badName)
	}
	for _, name := range []string{"a/b", "a/b/c", "C:/Program Files/Git/a", prefix + "/a"} {
		s.Refused("PutParameter", valued(name), "ValidationException",
			"Parameter name must be a fully qualified name")
	}
	for _, name := range []string{"/a/", "a/", "/", "/a/b/ ", "/a//"} {
		s.Refused("PutParameter", valued(name), "ValidationException",
			"Parameter name must not end with slash.")
	}
	s.Refused("PutParameter", valued(""), "ValidationException", "1 validation error detected: Value "+
		"'' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1")
}

func TestPutParameter_NameWithBlanksAround_IsTheNameWithout(t *testing.T) {
	s := start(t)
	s.put(" \t/a/b\n ", "v")
	if got := s.get("  /a/b "); got.Name != "/a/b" || got.ARN != prefix+"/a/b" {
		t.Errorf("%+v", got)
	}
}

// TestPutParameter_ReservedName_IsRefused: what counts is how the first level begins, in any case.
func TestPutParameter_ReservedName_IsRefused(t *testing.T) {
	s := start(t)
	for _, name := range []string{"aws", "awsome", "AWS-x", "ssm", "ssm-x", "SSMx", "/awsome", "/aws",
		"/Ssm", "/awsome/x"} {
		s.Refused("PutParameter", valued(name), "ValidationException", reservedPrefix)
	}
	for _, name := range []string{"/ssm/x", "/SSM/x/y", "/ssm-x/y"} {
		s.Refused("PutParameter", valued(name), "ValidationException", badName)
	}
	for _, name := range []string{"/aws/x", "/aws/service/x/y", "/AWS/x",
		"/aws/reference/secretsmanager/x"} {
		s.Refused("PutParameter", valued(name), "AccessDeniedException",
			"No access to reserved parameter name: "+name+".")
	}
	for _, name := range []string{"/app/aws", "/app/ssm/x", "xaws", "/xssm", "-ssm", "_aws", ".ssm"} {
		s.Do("PutParameter", valued(name))
	}
}

func TestPutParameter_Levels_AreFifteen(t *testing.T) {
	s := start(t)
	s.Do("PutParameter", valued(strings.Repeat("/l", 15)))
	s.Refused("PutParameter", valued(strings.Repeat("/l", 16)), "HierarchyLevelLimitExceededException",
		"A hierarchy can have a maximum of 15 levels. For more information, see Requirements and "+
			"constraints for parameter names in the AWS Systems Manager User Guide.")
}

// TestPutParameter_LengthOfItsARN_IsBounded: in us-east-1 AWS takes 966 characters, not one more.
func TestPutParameter_LengthOfItsARN_IsBounded(t *testing.T) {
	s := start(t)
	longest := strings.Repeat("n", 966)
	s.Do("PutParameter", valued(longest))
	if got := s.get("/" + longest); len(got.ARN) != 1011 {
		t.Errorf("an ARN of %d characters", len(got.ARN))
	}
	s.Refused("PutParameter", valued("/"+longest+"n"), "ValidationException", "")
	s.Refused("PutParameter", valued(strings.Repeat("n", 2049)), "ValidationException",
		"1 validation error detected: Value '"+strings.Repeat("n", 1024)+"...' at 'name' failed to satisfy constraint: "+
			"Member must have length less than or equal to 2048")
	s.Refused("GetParameter", M{"Name": "/" + longest + "n"}, "ParameterNotFound", "")
}

func TestGetParameter_CaseOfTheName_Matters(t *testing.T) {
	s := start(t)
	s.put("/A", "upper")
	s.put("/a", "lower")
	if up, low := s.get("/A"), s.get("/a"); up.Value != "upper" || low.Value != "lower" {
		t.Errorf("%+v, %+v", up, low)
	}
}

// TestNames_OfOneParameter_AreTwo: x and /x are one, by whichever it was made.
func TestNames_OfOneParameter_AreTwo(t *testing.T) {
	s := start(t)
	for made, other := range map[string]string{"x": "/x", "/y": "y"} {
		s.put(made, "1")
		s.Refused("PutParameter", valued(other), "ParameterAlreadyExists", "The parameter already "+
			"exists. To overwrite this value, set the overwrite option in the request to true.")
		if got := s.get(other); got.Name != other || got.Value != "1" {
			t.Errorf("%s: %+v", other, got)
		}
		tags := M{"ResourceType": "Parameter", "ResourceId": other}
		s.Do("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": other,
			"Tags": []M{{"Key": "k", "Value": "v"}}})
		listed := must[parameters.ListTagsForResourceOutput](s, "ListTagsForResource", tags)
		if len(listed.TagList) != 1 {
			t.Errorf("%+v", listed)
		}
		s.Do("LabelParameterVersion", M{"Name": other, "Labels": []string{"l"}})
		if got := s.get(made + ":l"); got.Selector != ":l" || got.Name != made {
			t.Errorf("%+v", got)
		}
		s.Do("DeleteParameter", M{"Name": other})
		s.Refused("GetParameter", M{"Name": made}, "ParameterNotFound", "")
	}
}

// TestNames_OfNone_AreRefusedByThoseWhoRead: a name that can be nobody's is wrong, not absent.
func TestNames_OfNone_AreRefusedByThoseWhoRead(t *testing.T) {
	s := start(t)
	for _, name := range []string{"a/b", "/a//b", "/a/", "/a b", "/a//b:1", "/a*",
		"arn:aws:ssm:us-east-1:111122223333:parameter", "arn:aws:ssm:us-east-1:111122223333:document/a",
		"arn:aws:kms:us-east-1:111122223333:parameter/a", prefix + "//a", prefix + "/a/"} {
		for operation, in := range map[string]M{
			"GetParameter": {"Name": name}, "GetParameters": {"Names": []string{"/b", name}},
			"GetParameterHistory": {"Name": name},
		} {
			s.Refused(operation, in, "ValidationException", badName)
		}
	}
	for _, name := range []string{"a/b", "/a//b", "/a/", "/a b"} {
		for operation, in := range byName(name) {
			s.Refused(operation, in, "ValidationException", badName)
		}
		for operation, in := range byResource(name) {
			s.Refused(operation, in, "InvalidResourceId", "")
		}
	}
}

// byName are requests of the operations that take a name alone.
func byName(name string) map[string]M {
	return map[string]M{
		"DeleteParameter":         {"Name": name},
		"DeleteParameters":        {"Names": []string{"/other", name}},
		"LabelParameterVersion":   {"Name": name, "Labels": []string{"l"}},
		"UnlabelParameterVersion": {"Name": name, "ParameterVersion": 1, "Labels": []string{"l"}},
	}
}

// byResource are requests of the operations that call a parameter a resource.
func byResource(name string) map[string]M {
	return map[string]M{
		"AddTagsToResource": {"ResourceType": "Parameter", "ResourceId": name,
			"Tags": []M{{"Key": "k", "Value": "v"}}},
		"RemoveTagsFromResource": {"ResourceType": "Parameter", "ResourceId": name,
			"TagKeys": []string{"k"}},
		"ListTagsForResource": {"ResourceType": "Parameter", "ResourceId": name},
	}
}

// TestARN_OfAParameter_IsTakenByThoseWhoReadItAlone: AWS's documents refuse it to all others.
func TestARN_OfAParameter_IsTakenByThoseWhoReadItAlone(t *testing.T) {
	s := start(t)
	s.put("bare", "1")
	s.put("/a/b", "1")
	for arn, name := range map[string]string{prefix + "/bare": "bare", prefix + "/a/b": "/a/b"} {
		if got := s.get(arn); got.Name != name || got.ARN != arn {
			t.Errorf("GetParameter: %+v", got)
		}
		several := must[parameters.GetParametersOutput](s, "GetParameters", M{"Names": []string{arn}})
		if len(several.Parameters) != 1 || several.Parameters[0].Name != name {
			t.Errorf("GetParameters: %+v", several)
		}
		history := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", M{"Name": arn})
		if len(history.Parameters) != 1 || history.Parameters[0].Name != name {
			t.Errorf("GetParameterHistory: %+v", history)
		}
		for operation, in := range byName(arn) {
			s.Refused(operation, in, "ValidationException", badName)
		}
		for operation, in := range byResource(arn) {
			s.Refused(operation, in, "InvalidResourceId", "")
		}
	}
	s.Refused("GetParameterHistory", M{"Name": prefix + "/none"}, "ParameterNotFound", "")
}

// TestNames_ThatCantBeAnybodys_AreAbsentForThoseAllowed: who may not look is denied, whatever the
// name.
func TestNames_ThatCantBeAnybodys_AreAbsentForThoseAllowed(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	requests := map[string]M{"GetParameter": {"Name": "/a:1:2"}, "DeleteParameter": {"Name": "/a:1"},
		"GetParameterHistory": {"Name": "/a:1"}}
	for operation, in := range requests {
		s.Refused(operation, in, "ParameterNotFound", "Parameter "+in["Name"].(string)+" not found.")
	}
	back := s.By(optest.User("nobody"))
	defer back()
	for operation, in := range requests {
		s.Refused(operation, in, "AccessDeniedException", "")
	}
}
