package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestTagResource_TagsOfAKey_AreListed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	put := func(some ...types.Tag) error {
		_, err := c.TagResource(t.Context(), &kms.TagResourceInput{KeyId: key.KeyId, Tags: some})
		return err
	}
	accepted(t, put(tag("b", "1"), tag("a", "2"), tag("A", "3")))
	accepted(t, put(tag("b", "4"), tag("c", "")))
	want := "A=3 a=2 b=4 c="
	if got := tagsOf(t, c, key.KeyId, nil); got != want {
		t.Errorf("tags are %q, want %q", got, want)
	}
	refused(t, put(tag("d", "1"), tag("d", "1")), "TagException", "Duplicate tag keys")
	refused(t, put(tag("aWs:d", "1")), "TagException", "*")
	refused(t, put(tag("", "1")), "ValidationException",
		"1 validation error detected: Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: "+
			"Member must have length greater than or equal to 1")
	refused(t, put(tag(strings.Repeat("k", 129), "1")), "ValidationException", "*")
	refused(t, put(tag("k", strings.Repeat("v", 257))), "ValidationException", "*")
	refused(t, put(tags(47)...), "TagException", "Too many tags")
	if got := tagsOf(t, c, key.KeyId, nil); got != want {
		t.Errorf("after refusals tags are %q, want %q", got, want)
	}
	accepted(t, put(tags(46)...))
	must(c.UntagResource(t.Context(),
		&kms.UntagResourceInput{KeyId: key.KeyId, TagKeys: []string{"a", "c", "never there"}}))(t)
	got := tagsOf(t, c, key.KeyId, aws.Int32(5))
	if !strings.HasPrefix(got, "A=3 b=4 tag00=0 tag01=1 ") || strings.Count(got, " ") != 47 {
		t.Errorf("tags are %q", got)
	}
}

func tagsOf(t testing.TB, c *kms.Client, id *string, limit *int32) string {
	t.Helper()
	var all []string
	for p := kms.NewListResourceTagsPaginator(c,
		&kms.ListResourceTagsInput{KeyId: id, Limit: limit}); p.HasMorePages(); {
		page := must(p.NextPage(t.Context()))(t)
		if limit != nil && len(page.Tags) > int(*limit) || page.Truncated != (page.NextMarker != nil) {
			t.Errorf("a page of %d tags, Truncated %v, NextMarker %v", len(page.Tags), page.Truncated,
				page.NextMarker)
		}
		for _, tag := range page.Tags {
			all = append(all, *tag.TagKey+"="+*tag.TagValue)
		}
	}
	return strings.Join(all, " ")
}
