package servicetest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// What tools ask of Parameter Store, in their order and with their members, and what they go by in
// the answers.

// read returns a parameter in clear.
func (p ofParameters) read(name string) types.Parameter {
	p.t.Helper()
	return *must(p.GetParameter(p.t.Context(), &ssm.GetParameterInput{Name: &name,
		WithDecryption: aws.Bool(true)}))(p.t).Parameter
}

// described returns what is said of the parameters that pass filters, over all pages.
func (p ofParameters) described(
	filters ...types.ParameterStringFilter) (all []types.ParameterMetadata) {
	p.t.Helper()
	pages := ssm.NewDescribeParametersPaginator(p, &ssm.DescribeParametersInput{
		ParameterFilters: filters})
	for pages.HasMorePages() {
		all = append(all, must(pages.NextPage(p.t.Context()))(p.t).Parameters...)
	}
	return all
}

// below returns what is below a path, over all pages.
func (p ofParameters) below(in ssm.GetParametersByPathInput) (all []types.Parameter) {
	p.t.Helper()
	in.WithDecryption = aws.Bool(true)
	pages := ssm.NewGetParametersByPathPaginator(p, &in)
	for pages.HasMorePages() {
		all = append(all, must(pages.NextPage(p.t.Context()))(p.t).Parameters...)
	}
	return all
}

// filterBy makes a filter with an option, unless that is empty.
func filterBy(key, option string, values ...string) types.ParameterStringFilter {
	f := types.ParameterStringFilter{Key: &key, Values: values}
	if option != "" {
		f.Option = &option
	}
	return f
}

// ofTerraform is a parameter as the provider has it in its state.
type ofTerraform struct {
	types.Parameter
	types.ParameterMetadata
	tags map[string]string
}

// refresh reads a parameter as the provider does after each step, by name or, after an import, by
// ARN.
func (p ofParameters) refresh(id string) (state ofTerraform) {
	p.t.Helper()
	state.Parameter = p.read(id)
	name := *state.Parameter.Name
	found := p.described(filterBy("Name", "Equals", name))
	if len(found) != 1 {
		p.t.Fatalf("%d parameters are called %s", len(found), name)
	}
	state.ParameterMetadata = found[0]
	state.tags = map[string]string{}
	for _, tag := range must(p.ListTagsForResource(p.t.Context(), &ssm.ListTagsForResourceInput{
		ResourceType: "Parameter", ResourceId: &name}))(p.t).TagList {
		state.tags[*tag.Key] = *tag.Value
	}
	return state
}

// is compares the state with what the configuration says: type, value, version, tier, description,
// key and pattern.
func (s ofTerraform) is(t testing.TB, want string) {
	t.Helper()
	p, m := s.Parameter, s.ParameterMetadata
	got := fmt.Sprintf("%s %s v%d %s %q %s %q", p.Type, *p.Value, p.Version, m.Tier,
		aws.ToString(m.Description), aws.ToString(m.KeyId), aws.ToString(m.AllowedPattern))
	if got != want || *p.ARN != *m.ARN || *p.Name != *m.Name || p.Version != m.Version ||
		*p.DataType != *m.DataType || m.LastModifiedDate == nil || m.LastModifiedUser == nil {
		t.Errorf("the state is %s, want %s: %+v %+v", got, want, p, m)
	}
}

// TestTerraform_Parameter_IsMadeReadChangedAndDeleted: aws_ssm_parameter through all that can be
// changed of it, and imported.
func TestTerraform_Parameter_IsMadeReadChangedAndDeleted(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	for _, name := range []string{"/tf/app/password", "tf-password"} {
		put := func(in ssm.PutParameterInput) {
			t.Helper()
			in.Name = &name
			if in.AllowedPattern == nil {
				in.AllowedPattern = aws.String("")
			}
			must(p.PutParameter(ctx, &in))(t)
		}
		put(ssm.PutParameterInput{Overwrite: aws.Bool(false), Type: "String", Value: aws.String("one"),
			Description: aws.String("by terraform"), Tags: []types.Tag{{Key: aws.String("a"),
				Value: aws.String("1")}}})
		state := p.refresh(name)
		state.is(t, `String one v1 Standard "by terraform"  ""`)
		if *state.Parameter.Name != name || len(state.tags) != 1 || state.tags["a"] != "1" {
			t.Errorf("made as %+v", state)
		}
		p.refresh(*state.Parameter.ARN).is(t, `String one v1 Standard "by terraform"  ""`)

		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "String", Value: aws.String("two"),
			Tier: "Standard"})
		p.refresh(name).is(t, `String two v2 Standard "by terraform"  ""`)
		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "String", Value: aws.String("two"),
			Tier: "Standard", Description: aws.String(""), AllowedPattern: aws.String("[a-z]+")})
		p.refresh(name).is(t, `String two v3 Standard ""  "[a-z]+"`)
		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "SecureString",
			Value: aws.String("s3cr3t"), Tier: "Standard"})
		p.refresh(name).is(t, `SecureString s3cr3t v4 Standard "" alias/aws/ssm ""`)
		key := createKey(t, s.KMS()).KeyId
		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "SecureString", KeyId: key,
			Value: aws.String("s3cr3t"), Tier: "Advanced"})
		p.refresh(name).is(t, `SecureString s3cr3t v5 Advanced "" `+*key+` ""`)
		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "SecureString",
			Value: aws.String("s3cr3t"), Tier: "Intelligent-Tiering"})
		p.refresh(name).is(t, `SecureString s3cr3t v6 Advanced "" `+*key+` ""`)
		put(ssm.PutParameterInput{Overwrite: aws.Bool(true), Type: "StringList",
			Value: aws.String("a,b"), Tier: "Advanced"})
		p.refresh(name).is(t, `StringList a,b v7 Advanced ""  ""`)

		p.tag(name, "b", "2")
		must(p.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{ResourceType: "Parameter",
			ResourceId: &name, TagKeys: []string{"a"}}))(t)
		if state := p.refresh(name); len(state.tags) != 1 || state.tags["b"] != "2" {
			t.Errorf("tagged as %v", state.tags)
		}
		p.delete(name)
		fails[*types.ParameterNotFound](t, second(p.GetParameter(ctx, &ssm.GetParameterInput{
			Name: &name, WithDecryption: aws.Bool(true)})))
		fails[*types.ParameterNotFound](t, second(p.DeleteParameter(ctx,
			&ssm.DeleteParameterInput{Name: &name})))
		fails[*types.InvalidResourceId](t, second(p.ListTagsForResource(ctx,
			&ssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: &name})))
		if found := p.described(filterBy("Name", "Equals", name)); len(found) != 0 {
			t.Errorf("described: %+v", found)
		}
	}
}

// fails wants an error to be of a type of the SDK's.
func fails[E error](t testing.TB, err error) {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Errorf("%v, want %T", err, e)
	}
}

// TestTerraform_OverwriteOfParameter_TakesItOver: a parameter that is there becomes the provider's,
// whose tags then come by themselves, and without it the message says what to set.
func TestTerraform_OverwriteOfParameter_TakesItOver(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	p.put("/tf/there", "1", "String")
	in := ssm.PutParameterInput{Name: aws.String("/tf/there"), Value: aws.String("2"), Type: "String",
		AllowedPattern: aws.String(""), Overwrite: aws.Bool(false)}
	refused(t, second(p.PutParameter(ctx, &in)), "ParameterAlreadyExists", "The parameter already "+
		"exists. To overwrite this value, set the overwrite option in the request to true.")
	in.Overwrite = aws.Bool(true)
	if out := must(p.PutParameter(ctx, &in))(t); out.Version != 2 || out.Tier != "Standard" {
		t.Errorf("put as %+v", out)
	}
	p.tag("/tf/there", "a", "1")
	in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}
	refused(t, second(p.PutParameter(ctx, &in)), "ValidationException", "Invalid request: tags and "+
		"overwrite can't be used together. To create a parameter with tags, please remove overwrite "+
		"flag. To update tags for an existing parameter, please use AddTagsToResource or "+
		"RemoveTagsFromResource.")
	in.Tags, in.Tier = nil, "Advanced"
	must(p.PutParameter(ctx, &in))(t)
	in.Tier = "Standard"
	refused(t, second(p.PutParameter(ctx, &in)), "ValidationException", "This parameter uses the "+
		"advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to "+
		"the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate "+
		"it as a standard parameter.")
}

// TestTerraform_ServiceSetting_IsSetReadAndReset: aws_ssm_service_setting, which is imported by its
// ARN and waits until its status isn't PendingUpdate.
func TestTerraform_ServiceSetting_IsSetReadAndReset(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := s.ParameterStore(), t.Context()
	prefix := "arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account + ":servicesetting"
	for id, value := range map[string]string{throughput: "true",
		"/ssm/parameter-store/default-parameter-tier": "Intelligent-Tiering"} {
		must(p.UpdateServiceSetting(ctx, &ssm.UpdateServiceSettingInput{
			SettingId: aws.String(prefix + id), SettingValue: &value}))(t)
		for _, name := range []string{id, prefix + id} {
			got := must(p.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{
				SettingId: &name}))(t).ServiceSetting
			if *got.SettingId != id || *got.SettingValue != value || *got.Status != "Customized" ||
				*got.ARN != prefix+id || got.LastModifiedDate == nil ||
				*got.LastModifiedUser != servicetest.RootARN {
				t.Errorf("%s: %+v", name, got)
			}
		}
		must(p.ResetServiceSetting(ctx, &ssm.ResetServiceSettingInput{
			SettingId: aws.String(prefix + id)}))(t)
		got := must(p.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: &id}))(t)
		if *got.ServiceSetting.Status != "Default" || *got.ServiceSetting.SettingValue == value {
			t.Errorf("%s is reset as %+v", id, got.ServiceSetting)
		}
	}
}

// TestTerraform_ParametersByPath_AreAllRead: the data source takes lists of what it finds, over all
// pages, and each member of each.
func TestTerraform_ParametersByPath_AreAllRead(t *testing.T) {
	s := servicetest.Start(t)
	p := ofParameters{t, s.ParameterStore()}
	want := []string{"/tf/deep/er"}
	p.put("/tf/deep/er", "1", "SecureString")
	for i := range 23 {
		name := fmt.Sprintf("/tf/p%02d", i)
		p.put(name, strconv.Itoa(i), "String")
		want = append(want, name)
	}
	for _, path := range []string{"/tf", "/tf/"} {
		for recursive, want := range map[bool][]string{false: want[1:], true: want} {
			var got []string
			for _, one := range p.below(ssm.GetParametersByPathInput{Path: &path,
				Recursive: &recursive}) {
				got = append(got, *one.Name)
				if *one.ARN == "" || one.Type == "" || *one.Value == "" {
					t.Errorf("%+v", one)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %v: %v", path, recursive, got)
			}
		}
	}
	if got := p.below(ssm.GetParametersByPathInput{Path: aws.String("/tf/p00")}); len(got) != 0 {
		t.Errorf("below a parameter: %v", got)
	}
}

// TestExternalSecrets_Operator_ReadsFindsAndPushes: a property of a JSON document, what is found by
// name or tag and path, and a secret that is pushed unless its value is there or its parameter is
// somebody else's.
func TestExternalSecrets_Operator_ReadsFindsAndPushes(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	fails[*types.ParameterNotFound](t, second(p.GetParameter(ctx, &ssm.GetParameterInput{
		Name: aws.String("/eso/app"), WithDecryption: aws.Bool(true)})))
	key := must(s.KMS().DescribeKey(ctx, &kms.DescribeKeyInput{
		KeyId: aws.String("alias/aws/ssm")}))(t).KeyMetadata
	if key.KeyManager != "AWS" || key.Arn == nil {
		t.Errorf("alias/aws/ssm is %+v", key)
	}
	const document = `{"user":"app","password":{"now":"s3cr3t"}}`
	pushed := ssm.PutParameterInput{Name: aws.String("/eso/app"), Value: aws.String(document),
		Type: "SecureString", KeyId: aws.String("alias/aws/ssm"), Overwrite: aws.Bool(false),
		Tags: []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("external-secrets")}}}
	must(p.PutParameter(ctx, &pushed))(t)
	var doc struct{ Password struct{ Now string } }
	accepted(t, json.Unmarshal([]byte(*p.read("/eso/app").Value), &doc))
	if doc.Password.Now != "s3cr3t" {
		t.Errorf("read as %+v", doc)
	}

	state := p.refresh("/eso/app")
	if state.tags["managed-by"] != "external-secrets" || *state.KeyId != "alias/aws/ssm" {
		t.Errorf("whose it is: %+v", state)
	}
	pushed.Tags, pushed.Overwrite = nil, aws.Bool(true)
	pushed.Value = aws.String(`{"user":"app"}`)
	must(p.PutParameter(ctx, &pushed))(t)
	if got := p.refresh("/eso/app"); got.Parameter.Version != 2 || len(got.tags) != 1 {
		t.Errorf("pushed again as %+v", got)
	}
	for version, value := range map[string]string{"1": document, "2": `{"user":"app"}`} {
		got := p.read("/eso/app:" + version)
		if *got.Value != value || *got.Name != "/eso/app" || *got.Selector != ":"+version {
			t.Errorf("version %s: %+v", version, got)
		}
	}

	p.put("/eso/team/a", "1", "String")
	p.put("/eso/team/b", "2", "SecureString")
	p.tag("/eso/team/b", "env", "dev")
	for want, filters := range map[string][]types.ParameterStringFilter{
		"/eso/team/a /eso/team/b": {filterBy("Path", "Recursive", "/eso/team")},
		"/eso/team/b": {filterBy("tag:env", "Equals", "dev"),
			filterBy("Path", "Recursive", "/eso")},
		"/eso/app": {filterBy("tag:managed-by", "Equals", "external-secrets")},
	} {
		var got []string
		for _, one := range p.described(filters...) {
			got = append(got, *one.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("found %v, want %s", got, want)
		}
	}
	p.delete("/eso/app")
}

// TestChamber_Service_IsWrittenListedAndExported: it keeps its own number in the description, reads
// the newest value with metadata from a listing, and an old one from history.
func TestChamber_Service_IsWrittenListedAndExported(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	createAlias(t, s.KMS(), "alias/parameter_store_key", createKey(t, s.KMS()).KeyId)
	write := func(name, value string, version int) {
		t.Helper()
		must(p.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: &value,
			KeyId: aws.String("alias/parameter_store_key"), Type: "SecureString",
			Overwrite: aws.Bool(true), Description: aws.String(strconv.Itoa(version))}))(t)
	}
	none := must(p.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/web/db_url"},
		WithDecryption: aws.Bool(true)}))(t)
	if len(none.Parameters) != 0 || !slices.Equal(none.InvalidParameters, []string{"/web/db_url"}) {
		t.Errorf("before: %+v", none)
	}
	write("/web/db_url", "one", 1)
	write("/web/db_url", "two", 2)
	for i := range 60 {
		write(fmt.Sprintf("/web/k%02d", i), "v", 1)
	}
	write("/website/x", "y", 1)
	fails[*types.ParameterNotFound](t, second(p.GetParameter(ctx, &ssm.GetParameterInput{
		Name: aws.String("/web/__chamber.service.metadata")})))

	listed := p.described(filterBy("Path", "OneLevel", "/web"))
	if m := listed[0]; len(listed) != 61 || *m.Name != "/web/db_url" || *m.Description != "2" ||
		*m.KeyId != "alias/parameter_store_key" || *m.LastModifiedUser != servicetest.RootARN ||
		m.Version != 2 || m.Type != "SecureString" {
		t.Errorf("%d listed: %+v", len(listed), m)
	}
	if services := p.described(filterBy("Name", "BeginsWith", "/web")); len(services) != 62 {
		t.Errorf("%d of services", len(services))
	}
	history := must(p.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{
		Name: aws.String("/web/db_url"), WithDecryption: aws.Bool(true)}))(t).Parameters
	if h := history[0]; len(history) != 2 || *h.Value != "one" || *h.Description != "1" ||
		*h.Name != "/web/db_url" || h.LastModifiedDate == nil ||
		*h.LastModifiedUser != servicetest.RootARN {
		t.Errorf("history: %+v", history)
	}
	exported := p.below(ssm.GetParametersByPathInput{Path: aws.String("/web/")})
	if len(exported) != 61 || *exported[0].Value != "two" {
		t.Errorf("%d exported", len(exported))
	}
	p.label("/web/db_url", 1, "stable")
	stable := p.below(ssm.GetParametersByPathInput{Path: aws.String("/web/"),
		ParameterFilters: []types.ParameterStringFilter{filterBy("Label", "Equals", "stable")}})
	if len(stable) != 1 || *stable[0].Value != "one" || stable[0].Version != 1 {
		t.Errorf("by label: %+v", stable)
	}
	old := must(p.DescribeParameters(ctx, &ssm.DescribeParametersInput{MaxResults: aws.Int32(1),
		Filters: []types.ParametersFilter{{Key: "Name", Values: []string{"/web/db_url"}}}}))(t)
	if len(old.Parameters) != 1 || old.NextToken != nil {
		t.Errorf("without paths: %+v", old)
	}
	p.delete("/web/db_url")
}

// TestSpring_ImportsOfPaths_AreTheirOwn: each profile's path with a slash at its end, recursively,
// where nothing below one is nothing wrong, and the name less the path is the property's.
func TestSpring_ImportsOfPaths_AreTheirOwn(t *testing.T) {
	s := servicetest.Start(t)
	p := ofParameters{t, s.ParameterStore()}
	p.put("/config/app/db.url", "1", "String")
	p.put("/config/app/db/password", "2", "SecureString")
	p.put("/config/app_dev/db.url", "3", "String")
	for path, want := range map[string]string{"/config/app/": "db.url=1 db/password=2",
		"/config/app_dev/": "db.url=3", "/config/app_prod/": ""} {
		var got []string
		for _, one := range p.below(ssm.GetParametersByPathInput{Path: &path,
			Recursive: aws.Bool(true)}) {
			got = append(got, strings.TrimPrefix(*one.Name, path)+"="+*one.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", path, got, want)
		}
	}
}

// TestLambdaExtension_VersionOrLabel_IsSelected: it asks for NAME:VERSION or NAME:LABEL and hands
// the answer on.
func TestLambdaExtension_VersionOrLabel_IsSelected(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	p.put("/fn/flag", "one", "String")
	p.put("/fn/flag", "two", "SecureString")
	p.label("/fn/flag", 1, "prod")
	for name, want := range map[string]string{"/fn/flag": "two 2 ", "/fn/flag:1": "one 1 :1",
		"/fn/flag:2": "two 2 :2", "/fn/flag:prod": "one 1 :prod"} {
		got := p.read(name)
		if is := fmt.Sprint(*got.Value, " ", got.Version, " ", aws.ToString(got.Selector)); is != want ||
			*got.Name != "/fn/flag" {
			t.Errorf("%s: %s of %s, want %s", name, is, *got.Name, want)
		}
	}
	for _, selector := range []string{"9", "test"} {
		err := second(p.GetParameter(ctx, &ssm.GetParameterInput{
			Name: aws.String("/fn/flag:" + selector)}))
		fails[*types.ParameterVersionNotFound](t, err)
		refused(t, err, "ParameterVersionNotFound", "Systems Manager could not find version "+selector+
			" of /fn/flag. Verify the version and try again.")
	}
}

// TestSecretsStoreCSI_Batches_AreTheirVersions: ten names at a time, with versions and labels, of
// which those that aren't there are named as they were asked for.
func TestSecretsStoreCSI_Batches_AreTheirVersions(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	var names []string
	for i := range 5 {
		name := fmt.Sprint("/csi/", i)
		p.put(name, "one", "SecureString")
		p.put(name, "two", "String")
		p.label(name, 1, "old")
		names = append(names, fmt.Sprint(name, ":", i%2+1))
	}
	names = append(names, "/csi/0:old", parameterARN("/csi/1"), "/csi/4:9", "/csi/absent",
		"/csi/2:none")
	out := must(p.GetParameters(ctx, &ssm.GetParametersInput{Names: names,
		WithDecryption: aws.Bool(true)}))(t)
	var got []string
	for _, one := range out.Parameters {
		got = append(got, *one.Name+aws.ToString(one.Selector)+"="+*one.Value)
	}
	slices.Sort(got)
	slices.Sort(out.InvalidParameters)
	if want := "/csi/0:1=one /csi/0:old=one /csi/1:2=two /csi/1=two /csi/2:1=one /csi/3:2=two " +
		"/csi/4:1=one"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if want := []string{"/csi/2:none", "/csi/4:9", "/csi/absent"}; !slices.Equal(
		out.InvalidParameters, want) {
		t.Errorf("invalid are %v, want %v", out.InvalidParameters, want)
	}
	refused(t, second(p.GetParameters(ctx, &ssm.GetParametersInput{Names: append(names, "/csi/5")})),
		"ValidationException", "*")
}

// TestChamber_DeniedPath_IsToldByTheText: by which it falls back to listing and reading one by one.
func TestChamber_DeniedPath_IsToldByTheText(t *testing.T) {
	a := newAdministrator(t)
	s := a.s
	ofParameters{t, s.ParameterStore()}.put("/web/x", "1", "SecureString")
	reader := ofParameters{t, s.ParameterStore(servicetest.As(a.user("reader",
		permit("ssm:DescribeParameters", "*", ""), permit("ssm:GetParameters", parameterARN("/web/*"),
			""))))}
	refused(t, second(reader.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{
		Path: aws.String("/web/")})), "AccessDeniedException", "User: "+
		servicetest.UserARN("reader")+" is not authorized to perform: ssm:GetParametersByPath on "+
		"resource: "+parameterARN("/web/")+" because no identity-based policy allows the "+
		"ssm:GetParametersByPath action")
	name := *reader.described(filterBy("Path", "OneLevel", "/web"))[0].Name
	out := must(reader.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{name},
		WithDecryption: aws.Bool(true)}))(t)
	if len(out.Parameters) != 1 || *out.Parameters[0].Value != "1" {
		t.Errorf("one by one: %+v", out)
	}
}
