package servicetest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// names returns the names of a listing in its order.
func names(t testing.TB, c *secretsmanager.Client,
	in *secretsmanager.ListSecretsInput) (out []string) {
	t.Helper()
	if in == nil {
		in = &secretsmanager.ListSecretsInput{}
	}
	for p := secretsmanager.NewListSecretsPaginator(c, in); p.HasMorePages(); {
		page := must(p.NextPage(t.Context()))(t)
		if in.MaxResults != nil && len(page.SecretList) > int(*in.MaxResults) {
			t.Errorf("a page of %d secrets where %d are the most", len(page.SecretList), *in.MaxResults)
		}
		for _, e := range page.SecretList {
			out = append(out, *e.Name)
		}
	}
	return out
}

func TestListSecrets_EachFilter_FindsThoseOnly(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	for _, name := range []string{"a/1", "a/2", "B/1", "b/2", "c"} {
		s.Clock.Advance(time.Second)
		must(c.CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("x"),
				Description: aws.String("Secret of " + name),
				Tags:        []types.Tag{{Key: aws.String("Team" + name[:1]), Value: aws.String("Red")}}}))(t)
	}
	s.Clock.Advance(time.Second)
	must(c.UpdateSecret(t.Context(),
		&secretsmanager.UpdateSecretInput{SecretId: aws.String("a/1"),
			Description: aws.String("Changed")}))(t)
	type filter = types.Filter
	by := func(key string, values ...string) []filter {
		return []filter{{Key: types.FilterNameStringType(key), Values: values}}
	}
	for _, x := range []struct {
		name string
		in   secretsmanager.ListSecretsInput
		want string
	}{
		{"all", secretsmanager.ListSecretsInput{}, "a/1 a/2 B/1 b/2 c"},
		{"backwards", secretsmanager.ListSecretsInput{SortOrder: "desc"}, "c b/2 B/1 a/2 a/1"},
		{"by name", secretsmanager.ListSecretsInput{SortBy: "name"}, "B/1 a/1 a/2 b/2 c"},
		{"by change", secretsmanager.ListSecretsInput{SortBy: "last-changed-date"}, "a/2 B/1 b/2 c a/1"},
		{"by change, backwards",
			secretsmanager.ListSecretsInput{SortBy: "last-changed-date",
				SortOrder: "desc"}, "a/1 c b/2 B/1 a/2"},
		{"name", secretsmanager.ListSecretsInput{Filters: by("name", "a/")}, "a/1 a/2"},
		{"name, case", secretsmanager.ListSecretsInput{Filters: by("name", "b")}, "b/2"},
		{"two names", secretsmanager.ListSecretsInput{Filters: by("name", "a/1", "c")}, "a/1 c"},
		{"not a name", secretsmanager.ListSecretsInput{Filters: by("name", "!a/")}, "B/1 b/2 c"},
		{"description, any case",
			secretsmanager.ListSecretsInput{Filters: by("description", "secret of B")}, "B/1 b/2"},
		{"tag key", secretsmanager.ListSecretsInput{Filters: by("tag-key", "Teama")}, "a/1 a/2"},
		{"tag value", secretsmanager.ListSecretsInput{Filters: by("tag-value", "Red")},
			"a/1 a/2 B/1 b/2 c"},
		{"tag value, case", secretsmanager.ListSecretsInput{Filters: by("tag-value", "red")}, ""},
		{"all attributes", secretsmanager.ListSecretsInput{Filters: by("all", "changed")}, "a/1"},
		{"two filters", secretsmanager.ListSecretsInput{Filters: append(by("name", "a/"),
			by("description", "changed")...)}, "a/1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, size := range []*int32{nil, aws.Int32(1), aws.Int32(2), aws.Int32(5)} {
				x.in.MaxResults = size
				if got := strings.Join(names(t, c, &x.in), " "); got != x.want {
					t.Errorf("in pages of %d: %q, want %q", aws.ToInt32(size), got, x.want)
				}
			}
		})
	}
	token := must(c.ListSecrets(t.Context(),
		&secretsmanager.ListSecretsInput{MaxResults: aws.Int32(1)}))(t).NextToken
	for name, in := range map[string]*secretsmanager.ListSecretsInput{
		"another filter": {NextToken: token, Filters: by("name", "a")},
		"another order":  {NextToken: token, SortOrder: "desc"},
		"made up":        {NextToken: aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
	} {
		t.Run("a token for "+name, func(t *testing.T) {
			_, err := c.ListSecrets(t.Context(), in)
			refused(t, err, "InvalidNextTokenException", "*")
		})
	}
	_, err := c.ListSecrets(t.Context(),
		&secretsmanager.ListSecretsInput{Filters: []filter{{Key: "name"}}})
	refused(t, err, "InvalidParameterException", "*")
}

func TestBatchGetSecretValue_ListOrFilter_AnswersEach(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	for _, name := range []string{"a1", "a2", "a3", "b1"} {
		createSecret(t, c, name, "value of "+name)
	}
	must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("b1")}))(t)
	out := must(c.BatchGetSecretValue(t.Context(),
		&secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a2", "none", "b1", "a1"}}))(t)
	var values, errs []string
	for _, v := range out.SecretValues {
		values = append(values, *v.Name+": "+*v.SecretString)
	}
	for _, e := range out.Errors {
		errs = append(errs, *e.SecretId+": "+*e.ErrorCode+": "+*e.Message)
	}
	if !slices.Equal(values, []string{"a2: value of a2", "a1: value of a1"}) ||
		!slices.Equal(errs, []string{"none: ResourceNotFoundException: " + absent,
			"b1: InvalidRequestException: " + marked}) {
		t.Errorf("a list answered %q and the errors %q", values, errs)
	}
	var got []string
	p := secretsmanager.NewBatchGetSecretValuePaginator(c,
		&secretsmanager.BatchGetSecretValueInput{Filters: []types.Filter{{Key: "name",
			Values: []string{"a"}}}, MaxResults: aws.Int32(2)})
	for p.HasMorePages() {
		page := must(p.NextPage(t.Context()))(t)
		if len(page.SecretValues) > 2 || len(page.Errors) > 0 {
			t.Errorf("a page of %d values, errors %v", len(page.SecretValues), page.Errors)
		}
		for _, v := range page.SecretValues {
			got = append(got, *v.SecretString)
		}
	}
	if !slices.Equal(got, []string{"value of a1", "value of a2", "value of a3"}) {
		t.Errorf("a filter answered %v", got)
	}
	for name, in := range map[string]*secretsmanager.BatchGetSecretValueInput{
		"neither": {},
		"both": {SecretIdList: []string{"a1"},
			Filters: []types.Filter{{Key: "name", Values: []string{"a"}}}},
		"a page of a list": {SecretIdList: []string{"a1"}, MaxResults: aws.Int32(1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.BatchGetSecretValue(t.Context(), in)
			refused(t, err, "InvalidParameterException", "*")
		})
	}
	m := s.Mark(t)
	_, err := s.SecretsManager(s.AsNobody()).BatchGetSecretValue(t.Context(),
		&secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a1"}})
	refused(t, err, "AccessDeniedException", "*")
	if n := len(s.Trail(t, m)); n != 1 {
		t.Errorf("a batch that was refused left %d records", n)
	}
}
