package servicetest_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// parameterARN is the ARN of a parameter of the account, whose name begins with a slash.
func parameterARN(name string) string {
	return "arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account + ":parameter" + name
}

func putParameter(t testing.TB, c *ssm.Client, name, value string) {
	t.Helper()
	must(c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: "String",
		Overwrite: aws.Bool(true)}))(t)
}

func getParameter(t testing.TB, c *ssm.Client, name string) *types.Parameter {
	t.Helper()
	return must(c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name,
		WithDecryption: aws.Bool(true)}))(t).Parameter
}

// pointed returns what is behind pointers, with nothing for those that are nil.
func pointed(texts ...*string) (all []string) {
	for _, text := range texts {
		all = append(all, aws.ToString(text))
	}
	return all
}

// TestPutParameter_EveryMember_IsSaidAgain by whoever shows it: the value by GetParameter, the rest
// by DescribeParameters, and all of it by GetParameterHistory.
func TestPutParameter_EveryMember_IsSaidAgain(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.ParameterStore(), t.Context(), aws.String("/app/db/password")
	key := createKey(t, s.KMS()).KeyId
	const expires = `{"Type":"Expiration","Version":"1.0",` +
		`"Attributes":{"Timestamp":"2099-01-01T00:00:00.000Z"}}`
	put := must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("s3cr3t"),
		Type: "SecureString", Description: aws.String("of the database"), KeyId: key,
		AllowedPattern: aws.String(`^[a-z0-9]+$`), Tier: types.ParameterTierIntelligentTiering,
		DataType: aws.String("text"), Policies: aws.String("[" + expires + "]"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("db")}}}))(t)
	if put.Version != 1 || put.Tier != types.ParameterTierAdvanced {
		t.Errorf("put as %+v", put)
	}

	got := getParameter(t, c, *name)
	if !slices.Equal(pointed(got.Name, got.Value, got.ARN, got.DataType, got.Selector,
		got.SourceResult), []string{*name, "s3cr3t", parameterARN(*name), "text", "", ""}) ||
		got.Type != "SecureString" || got.Version != 1 || time.Since(*got.LastModifiedDate) > time.Hour {
		t.Errorf("got %+v", got)
	}

	d := must(c.DescribeParameters(ctx, &ssm.DescribeParametersInput{}))(t).Parameters[0]
	if !slices.Equal(pointed(d.Name, d.ARN, d.Description, d.KeyId, d.AllowedPattern, d.DataType,
		d.LastModifiedUser), []string{*name, parameterARN(*name), "of the database", *key, `^[a-z0-9]+$`,
		"text", servicetest.RootARN}) || d.Type != "SecureString" || d.Version != 1 ||
		d.Tier != types.ParameterTierAdvanced || !d.LastModifiedDate.Equal(*got.LastModifiedDate) {
		t.Errorf("described as %+v", d)
	}
	if p := d.Policies; len(p) != 1 || aws.ToString(p[0].PolicyText) != expires ||
		aws.ToString(p[0].PolicyType) != "Expiration" || aws.ToString(p[0].PolicyStatus) != "Pending" {
		t.Errorf("with policies %+v", p)
	}

	must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("an0th3r"),
		Overwrite: aws.Bool(true), Policies: aws.String("[{}]")}))(t)
	h := must(c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: name,
		WithDecryption: aws.Bool(true)}))(t).Parameters
	for i, want := range []string{"s3cr3t", "an0th3r"} {
		v := h[i]
		if !slices.Equal(pointed(v.Name, v.Value, v.Description, v.KeyId, v.AllowedPattern, v.DataType,
			v.LastModifiedUser), []string{*name, want, "of the database", *key, `^[a-z0-9]+$`, "text",
			servicetest.RootARN}) || v.Type != "SecureString" || v.Version != int64(i+1) ||
			v.Tier != types.ParameterTierAdvanced || v.LastModifiedDate.Before(*got.LastModifiedDate) ||
			len(v.Labels) != 0 || len(v.Policies) != 1-i {
			t.Errorf("version %d was %+v", i+1, v)
		}
	}
}

// TestSecureString_WithoutDecryption_IsItsCiphertext, which KMS opens for whoever may use the key,
// under the context that AWS documents.
func TestSecureString_WithoutDecryption_IsItsCiphertext(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.ParameterStore(), t.Context(), aws.String("/sealed")
	key := createKey(t, s.KMS()).Arn
	must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("x"), KeyId: key,
		Type: "SecureString"}))(t)
	sealed := *must(c.GetParameter(ctx, &ssm.GetParameterInput{Name: name}))(t).Parameter.Value
	several := must(c.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{*name},
		WithDecryption: aws.Bool(false)}))(t).Parameters
	below := must(c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/"),
		WithDecryption: aws.Bool(false)}))(t).Parameters
	history := must(c.GetParameterHistory(ctx,
		&ssm.GetParameterHistoryInput{Name: name}))(t).Parameters
	for _, other := range []*string{several[0].Value, below[0].Value, history[0].Value} {
		if *other != sealed {
			t.Errorf("it is %s to one and %s to another", sealed, *other)
		}
	}
	blob := must(base64.StdEncoding.DecodeString(sealed))(t)
	opened := must(s.KMS().Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob,
		EncryptionContext: map[string]string{"PARAMETER_ARN": parameterARN(*name)}}))(t)
	if string(opened.Plaintext) != "x" || *opened.KeyId != *key {
		t.Errorf("KMS opened %q by %s", opened.Plaintext, *opened.KeyId)
	}
	must(s.KMS().DisableKey(ctx, &kms.DisableKeyInput{KeyId: key}))(t)
	for what, err := range map[string]error{
		"GetParameter": second(c.GetParameter(ctx, &ssm.GetParameterInput{Name: name,
			WithDecryption: aws.Bool(true)})),
		"GetParameters": second(c.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{*name},
			WithDecryption: aws.Bool(true)})),
		"GetParametersByPath": second(c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{
			Path: aws.String("/"), WithDecryption: aws.Bool(true)})),
		"GetParameterHistory": second(c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{
			Name: name, WithDecryption: aws.Bool(true)})),
		"PutParameter": second(c.PutParameter(ctx, &ssm.PutParameterInput{Name: name,
			Value: aws.String("y"), Overwrite: aws.Bool(true)})),
	} {
		t.Run(what, func(t *testing.T) { refused(t, err, "InvalidKeyId", "*") })
	}
}

// TestLabels_PutMovedAndTaken_NameOneVersion, in each form of a selector.
func TestLabels_PutMovedAndTaken_NameOneVersion(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.ParameterStore(), t.Context(), aws.String("/l")
	for _, value := range []string{"one", "two", "three"} {
		putParameter(t, c, *name, value)
	}
	label := func(version *int64, labels ...string) *ssm.LabelParameterVersionOutput {
		return must(c.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: name,
			ParameterVersion: version, Labels: labels}))(t)
	}
	out := label(aws.Int64(1), "prod", "1st", "awsome", "ssm-x", "a b")
	if out.ParameterVersion != 1 || !slices.Equal(slices.Sorted(slices.Values(out.InvalidLabels)),
		[]string{"1st", "a b", "awsome", "ssm-x"}) {
		t.Errorf("labelled %+v", out)
	}
	for _, selector := range []string{":prod", ":1"} {
		for _, text := range []string{*name + selector, parameterARN(*name) + selector} {
			if got := getParameter(t, c, text); *got.Value != "one" || *got.Name != *name ||
				aws.ToString(got.Selector) != selector {
				t.Errorf("%s is %+v", text, got)
			}
		}
	}
	if out := label(nil, "prod"); out.ParameterVersion != 3 || len(out.InvalidLabels) != 0 {
		t.Errorf("moved %+v", out)
	}
	h := must(c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: name}))(t).Parameters
	if len(h[0].Labels) != 0 || !slices.Equal(h[2].Labels, []string{"prod"}) {
		t.Errorf("the labels are on %+v", h)
	}
	several := must(c.GetParameters(ctx, &ssm.GetParametersInput{
		Names: []string{"/l:prod", "/l:none", "/none", "/l:2:3"}}))(t)
	if len(several.Parameters) != 1 || *several.Parameters[0].Value != "three" || !slices.Equal(
		slices.Sorted(slices.Values(several.InvalidParameters)), []string{"/l:2:3", "/l:none", "/none"}) {
		t.Errorf("got %+v", several)
	}
	gone := must(c.UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: name,
		ParameterVersion: aws.Int64(3), Labels: []string{"prod", "none"}}))(t)
	if !slices.Equal(gone.RemovedLabels, []string{"prod"}) ||
		!slices.Equal(gone.InvalidLabels, []string{"none"}) {
		t.Errorf("took away %+v", gone)
	}
	label(aws.Int64(2), "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
	_, err := c.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: name,
		ParameterVersion: aws.Int64(2), Labels: []string{"k"}})
	refused(t, err, "ParameterVersionLabelLimitExceeded", "*")
	for _, version := range []int64{4, 9} {
		_, err = c.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: name,
			ParameterVersion: &version, Labels: []string{"k"}})
		refused(t, err, "ParameterVersionNotFound", "*")
		_, err = c.UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: name,
			ParameterVersion: &version, Labels: []string{"k"}})
		refused(t, err, "ParameterVersionNotFound", "*")
		_, err = c.GetParameter(ctx, &ssm.GetParameterInput{
			Name: aws.String(fmt.Sprintf("/l:%d", version))})
		refused(t, err, "ParameterVersionNotFound", fmt.Sprintf("Systems Manager could not find "+
			"version %d of /l. Verify the version and try again.", version))
	}
}

// TestParametersByPath_PagesAndFilters_FindThoseOnly.
func TestParametersByPath_PagesAndFilters_FindThoseOnly(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx := s.ParameterStore(), t.Context()
	for _, name := range []string{"/a/1", "/a/2", "/a/3", "/a/b/4", "/ab/5", "top"} {
		putParameter(t, c, name, "v")
	}
	must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/a/6"), Value: aws.String("v"),
		Type: "SecureString"}))(t)
	must(c.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: aws.String("/a/2"),
		Labels: []string{"prod"}}))(t)
	type filters = []types.ParameterStringFilter
	by := func(key, option string, values ...string) types.ParameterStringFilter {
		return types.ParameterStringFilter{Key: &key, Option: aws.String(option), Values: values}
	}
	for _, x := range []struct {
		in   ssm.GetParametersByPathInput
		want string
	}{
		{ssm.GetParametersByPathInput{Path: aws.String("/a")}, "/a/1 /a/2 /a/3 /a/6"},
		{ssm.GetParametersByPathInput{Path: aws.String("/a/"), Recursive: aws.Bool(true)},
			"/a/1 /a/2 /a/3 /a/6 /a/b/4"},
		{ssm.GetParametersByPathInput{Path: aws.String("/")}, "top"},
		{ssm.GetParametersByPathInput{Path: aws.String("/a/1")}, ""},
		{ssm.GetParametersByPathInput{Path: aws.String("/a"),
			ParameterFilters: filters{by("Type", "Equals", "SecureString")}}, "/a/6"},
		{ssm.GetParametersByPathInput{Path: aws.String("/a"),
			ParameterFilters: filters{by("KeyId", "BeginsWith", "alias/aws")}}, "/a/6"},
		{ssm.GetParametersByPathInput{Path: aws.String("/a"),
			ParameterFilters: filters{by("Label", "Equals", "prod")}}, "/a/2"},
	} {
		var names []string
		x.in.MaxResults, x.in.WithDecryption = aws.Int32(2), aws.Bool(true)
		for first := true; first || x.in.NextToken != nil; first = false {
			page := must(c.GetParametersByPath(ctx, &x.in))(t)
			for _, p := range page.Parameters {
				names = append(names, *p.Name)
			}
			x.in.NextToken = page.NextToken
		}
		if got := strings.Join(names, " "); got != x.want {
			t.Errorf("below %s there is %s, want %s", *x.in.Path, got, x.want)
		}
	}
	for code, in := range map[string]ssm.GetParametersByPathInput{
		"InvalidFilterKey":    {ParameterFilters: filters{by("Name", "Equals", "x")}},
		"InvalidFilterOption": {ParameterFilters: filters{by("Type", "Contains", "String")}},
		"InvalidFilterValue":  {ParameterFilters: filters{by("Type", "Equals")}},
		"InvalidNextToken":    {NextToken: aws.String("nonsense")},
	} {
		in.Path = aws.String("/a")
		_, err := c.GetParametersByPath(ctx, &in)
		refused(t, err, code, "*")
	}
}

// TestDescribeParameters_EachFilter_FindsThoseOnly, of the old kind, too.
func TestDescribeParameters_EachFilter_FindsThoseOnly(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx := s.ParameterStore(), t.Context()
	for _, name := range []string{"/a/1", "/a/b/2", "top"} {
		putParameter(t, c, name, "v")
	}
	must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/a/3"), Value: aws.String("v"),
		Type: "SecureString", Tier: types.ParameterTierAdvanced,
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("db")}}}))(t)
	for _, x := range []struct {
		key, option string
		values      []string
		want        string
	}{
		{"Name", "", []string{"top", "/a/1"}, "/a/1 top"},
		{"Name", "BeginsWith", []string{"/a/"}, "/a/1 /a/3 /a/b/2"},
		{"Name", "Contains", []string{"b/"}, "/a/b/2"},
		{"Path", "", []string{"/a"}, "/a/1 /a/3"},
		{"Path", "Recursive", []string{"/a"}, "/a/1 /a/3 /a/b/2"},
		{"Type", "BeginsWith", []string{"SecureString"}, "/a/3"},
		{"KeyId", "", []string{"alias/aws/ssm"}, "/a/3"},
		{"Tier", "Equals", []string{"Standard"}, "/a/1 /a/b/2 top"},
		{"DataType", "Equals", []string{"text"}, "/a/1 /a/3 /a/b/2 top"},
		{"tag:team", "", nil, "/a/3"},
		{"tag:team", "Equals", []string{"web"}, ""},
	} {
		in := ssm.DescribeParametersInput{MaxResults: aws.Int32(1),
			ParameterFilters: []types.ParameterStringFilter{{Key: &x.key, Values: x.values}}}
		if x.option != "" {
			in.ParameterFilters[0].Option = &x.option
		}
		if got := describedNames(t, c, in); got != x.want {
			t.Errorf("%s %s %v finds %s, want %s", x.key, x.option, x.values, got, x.want)
		}
	}
	old := ssm.DescribeParametersInput{Filters: []types.ParametersFilter{
		{Key: types.ParametersFilterKeyName, Values: []string{"/a/"}},
		{Key: types.ParametersFilterKeyType, Values: []string{"String"}}}}
	if got := describedNames(t, c, old); got != "/a/1 /a/b/2" {
		t.Errorf("by old filters it finds %s", got)
	}
	for code, in := range map[string]ssm.DescribeParametersInput{
		"InvalidFilterKey": {ParameterFilters: []types.ParameterStringFilter{
			{Key: aws.String("Label"), Values: []string{"x"}}}},
		"InvalidFilterOption": {ParameterFilters: []types.ParameterStringFilter{
			{Key: aws.String("Path"), Option: aws.String("Equals"), Values: []string{"/a"}}}},
		"InvalidFilterValue": {ParameterFilters: []types.ParameterStringFilter{
			{Key: aws.String("Name")}}},
		"InvalidNextToken": {NextToken: aws.String("nonsense")},
	} {
		_, err := c.DescribeParameters(ctx, &in)
		refused(t, err, code, "*")
	}
	_, err := c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: aws.String("top"),
		NextToken: aws.String("nonsense")})
	refused(t, err, "InvalidNextToken", "*")
}

// describedNames are the names on all pages, in the order in which they came.
func describedNames(t testing.TB, c *ssm.Client, in ssm.DescribeParametersInput) string {
	t.Helper()
	var names []string
	for first := true; first || in.NextToken != nil; first = false {
		page := must(c.DescribeParameters(t.Context(), &in))(t)
		for _, p := range page.Parameters {
			names = append(names, *p.Name)
		}
		in.NextToken = page.NextToken
	}
	return strings.Join(names, " ")
}

// TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone: a resource is a parameter by its name.
func TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.ParameterStore(), t.Context(), aws.String("tagged")
	putParameter(t, c, *name, "v")
	kind := types.ResourceTypeForTaggingParameter
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")},
		{Key: aws.String("b"), Value: aws.String("")}}
	must(c.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{ResourceType: kind, ResourceId: name,
		Tags: tags}))(t)
	must(c.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{ResourceType: kind,
		ResourceId: aws.String("/tagged"), TagKeys: []string{"b", "none"}}))(t)
	list := must(c.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: kind,
		ResourceId: name}))(t).TagList
	if len(list) != 1 || *list[0].Key != "a" || *list[0].Value != "1" {
		t.Errorf("the tags are %+v", list)
	}
	many := []types.Tag{}
	for i := range 50 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")})
	}
	_, err := c.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{ResourceType: kind,
		ResourceId: name, Tags: many})
	refused(t, err, "TooManyTagsError", "*")
	for code, x := range map[string]struct {
		kind types.ResourceTypeForTagging
		id   string
	}{
		"InvalidResourceId":   {kind, "absent"},
		"InvalidResourceType": {types.ResourceTypeForTaggingDocument, "tagged"},
	} {
		for operation, err := range map[string]error{
			"AddTagsToResource": second(c.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{
				ResourceType: x.kind, ResourceId: &x.id, Tags: tags})),
			"RemoveTagsFromResource": second(c.RemoveTagsFromResource(ctx,
				&ssm.RemoveTagsFromResourceInput{ResourceType: x.kind, ResourceId: &x.id,
					TagKeys: []string{"a"}})),
			"ListTagsForResource": second(c.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{
				ResourceType: x.kind, ResourceId: &x.id})),
		} {
			t.Run(operation+" "+code, func(t *testing.T) { refused(t, err, code, "*") })
		}
	}
}

// TestDeleteParameters_ByOneOrMany_AreGone with their history.
func TestDeleteParameters_ByOneOrMany_AreGone(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx := s.ParameterStore(), t.Context()
	for _, name := range []string{"one", "two", "three"} {
		putParameter(t, c, name, "v")
	}
	must(c.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/one")}))(t)
	_, err := c.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("one")})
	refused(t, err, "ParameterNotFound", "*")
	out := must(c.DeleteParameters(ctx, &ssm.DeleteParametersInput{
		Names: []string{"two", "one", "three"}}))(t)
	if !slices.Equal(slices.Sorted(slices.Values(out.DeletedParameters)), []string{"three", "two"}) ||
		!slices.Equal(out.InvalidParameters, []string{"one"}) {
		t.Errorf("deleted %+v", out)
	}
	_, err = c.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: aws.String("two"),
		MaxResults: aws.Int32(1)})
	refused(t, err, "ParameterNotFound", "*")
}

// TestParameterHistory_Pages_AreTheOldestFirst.
func TestParameterHistory_Pages_AreTheOldestFirst(t *testing.T) {
	c, ctx, name := servicetest.Start(t).ParameterStore(), t.Context(), aws.String("/h")
	in := ssm.GetParameterHistoryInput{Name: name, MaxResults: aws.Int32(2)}
	for i := range 5 {
		putParameter(t, c, *name, fmt.Sprint(i+1))
	}
	var values []string
	for first := true; first || in.NextToken != nil; first = false {
		page := must(c.GetParameterHistory(ctx, &in))(t)
		for _, v := range page.Parameters {
			values = append(values, *v.Value)
		}
		in.NextToken = page.NextToken
	}
	if got := strings.Join(values, " "); got != "1 2 3 4 5" {
		t.Errorf("the values were %s", got)
	}
}

// TestServiceSetting_SetAndReset_DecidesTheTier of parameters that ask for none.
func TestServiceSetting_SetAndReset_DecidesTheTier(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx := s.ParameterStore(), t.Context()
	id := aws.String("/ssm/parameter-store/default-parameter-tier")
	put := func(name string) types.ParameterTier {
		return must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String("v"),
			Type: "String"}))(t).Tier
	}
	shown := func(set *types.ServiceSetting, value, user, status string) {
		t.Helper()
		want := []string{*id, value, user, status, strings.Replace(parameterARN(*id),
			":parameter/", ":servicesetting/", 1)}
		if !slices.Equal(pointed(set.SettingId, set.SettingValue, set.LastModifiedUser, set.Status,
			set.ARN), want) || set.LastModifiedDate == nil {
			t.Errorf("the setting is %+v, want %v", set, want)
		}
	}
	must(c.UpdateServiceSetting(ctx, &ssm.UpdateServiceSettingInput{SettingId: id,
		SettingValue: aws.String("Advanced")}))(t)
	shown(must(c.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: id}))(t).ServiceSetting,
		"Advanced", servicetest.RootARN, "Customized")
	if tier := put("a"); tier != types.ParameterTierAdvanced {
		t.Errorf("with the setting the tier is %s", tier)
	}
	shown(must(c.ResetServiceSetting(ctx,
		&ssm.ResetServiceSettingInput{SettingId: id}))(t).ServiceSetting, "Standard", "System", "Default")
	if tier := put("b"); tier != types.ParameterTierStandard {
		t.Errorf("without it the tier is %s", tier)
	}
}
