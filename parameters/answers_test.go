package parameters_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/internal/wire"
)

// members are the names of an answer's members on the wire: of the first of a list where there is
// one, or of the structure in it.
func (s *service) members(operation string, in M, path ...string) string {
	s.T.Helper()
	answer := must[any](s, operation, in)
	text, err := wire.Encode(answer)
	if err != nil {
		s.T.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		s.T.Fatal(err)
	}
	for _, name := range path {
		doc = doc.(map[string]any)[name]
		if list, ok := doc.([]any); ok && len(list) > 0 {
			doc = list[0]
		}
	}
	if m, ok := doc.(map[string]any); ok {
		return strings.Join(slices.Sorted(maps.Keys(m)), " ")
	}
	text, _ = json.Marshal(doc)
	return string(text)
}

// TestAnswers_MembersWithoutAValue_AreAbsentOrEmptyAsAWSs: clients tell both apart.
func TestAnswers_MembersWithoutAValue_AreAbsentOrEmptyAsAWSs(t *testing.T) {
	s := start(t)
	s.put("/a", "v")
	s.label("/a", 1, "l")
	s.Do("PutParameter", M{"Name": "/s", "Value": "v", "Type": "SecureString", "Description": "d",
		"AllowedPattern": "v"})
	named := func(name string) M {
		return M{"ParameterFilters": []M{{"Key": "Name", "Values": []string{name}}}}
	}
	const (
		read   = "ARN DataType LastModifiedDate Name Type Value Version"
		plain  = "ARN DataType LastModifiedDate LastModifiedUser Name Policies Tier Type Version"
		sealed = "ARN AllowedPattern DataType Description KeyId LastModifiedDate LastModifiedUser Name " +
			"Policies Tier Type Version"
		history = "DataType Labels LastModifiedDate LastModifiedUser Name Policies Tier Type Value Version"
	)
	for _, c := range []struct {
		operation string
		in        M
		path      string
		want      string
	}{
		{"PutParameter", M{"Name": "/a", "Value": "v", "Overwrite": true}, "", "Tier Version"},
		{"GetParameter", M{"Name": "/a"}, "Parameter", read},
		{"GetParameter", M{"Name": "/s"}, "Parameter", read},
		{"GetParameter", M{"Name": "/a:l"}, "Parameter",
			"ARN DataType LastModifiedDate Name Selector Type Value Version"},
		{"GetParameters", M{"Names": []string{"/a"}}, "", "InvalidParameters Parameters"},
		{"GetParameters", M{"Names": []string{"/a"}}, "InvalidParameters", "[]"},
		{"GetParameters", M{"Names": []string{"/none"}}, "Parameters", "[]"},
		{"GetParametersByPath", M{"Path": "/"}, "", "Parameters"},
		{"GetParametersByPath", M{"Path": "/"}, "Parameters", read},
		{"GetParametersByPath", M{"Path": "/none"}, "Parameters", "[]"},
		{"DescribeParameters", named("/a"), "", "Parameters"},
		{"DescribeParameters", named("/a"), "Parameters", plain},
		{"DescribeParameters", named("/a"), "Parameters Policies", "[]"},
		{"DescribeParameters", named("/s"), "Parameters", sealed},
		{"DescribeParameters", named("/none"), "Parameters", "[]"},
		{"GetParameterHistory", M{"Name": "/a"}, "", "Parameters"},
		{"GetParameterHistory", M{"Name": "/a"}, "Parameters", history},
		{"GetParameterHistory", M{"Name": "/s"}, "Parameters Labels", "[]"},
		{"GetParameterHistory", M{"Name": "/s"}, "Parameters Policies", "[]"},
		{"LabelParameterVersion", M{"Name": "/a", "Labels": []string{"l"}}, "",
			"InvalidLabels ParameterVersion"},
		{"LabelParameterVersion", M{"Name": "/a", "Labels": []string{"l"}}, "InvalidLabels", "[]"},
		{"UnlabelParameterVersion", M{"Name": "/a", "ParameterVersion": 1, "Labels": []string{"n"}},
			"RemovedLabels", "[]"},
		{"ListTagsForResource", M{"ResourceType": "Parameter", "ResourceId": "/a"}, "TagList", "[]"},
		{"AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "/a", "Tags": []M{}}, "", ""},
		{"UpdateServiceSetting", M{"SettingId": tierSetting, "SettingValue": "Standard"}, "", ""},
		{"GetServiceSetting", M{"SettingId": tierSetting}, "ServiceSetting",
			"ARN LastModifiedDate LastModifiedUser SettingId SettingValue Status"},
		{"DeleteParameters", M{"Names": []string{"/s"}}, "InvalidParameters", "[]"},
		{"DeleteParameters", M{"Names": []string{"/none"}}, "DeletedParameters", "[]"},
		{"DeleteParameter", M{"Name": "/a"}, "", ""},
	} {
		if got := s.members(c.operation, c.in, strings.Fields(c.path)...); got != c.want {
			t.Errorf("%s %v, at %q:\n got %s\nwant %s", c.operation, c.in, c.path, got, c.want)
		}
	}
}

// TestValue_OfAParameter_IsNeitherToldNorRecorded: not where it breaks a rule, nor in the trail.
func TestValue_OfAParameter_IsNeitherToldNorRecorded(t *testing.T) {
	s := start(t)
	const canary = "canary7f3a"
	for _, more := range []M{{}, {"Type": "String"}, {"Type": "SecureString"}, {"Type": "wrong"},
		{"Type": "String", "AllowedPattern": "x"}, {"Type": "String", "DataType": "aws:ec2:image"},
		{"Type": "String", "Value": "{{" + canary + "}}"}, {"Type": "String", "KeyId": "a"},
		{"Type": "String", "Value": strings.Repeat(canary, 500)},
		{"Type": "String", "Tier": "Advanced", "Value": strings.Repeat(canary, 1000)}} {
		in := M{"Name": "/a", "Value": canary, "Overwrite": true}
		maps.Copy(in, more)
		_, err := s.Ask(t.Context(), "PutParameter", in)
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%v", err)
		}
	}
	s.get("/a")
	s.history("/a")
	for _, record := range s.Records() {
		if strings.Contains(record, canary) {
			t.Errorf("recorded: %s", record)
		}
	}
}
