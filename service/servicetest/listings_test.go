package servicetest_test

import (
	"fmt"
	"slices"
	"testing"

	"claviger/keystore/key"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestList_EachPageSize_GivesAllOnce: page by page a listing gives everything
// exactly once, whatever the size of its pages, and a marker is good for nothing
// but the listing that it came from.
func TestList_EachPageSize_GivesAllOnce(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	if out := must(c.ListKeys(t.Context(), &kms.ListKeysInput{}))(t); out.Keys == nil ||
		len(out.Keys) != 0 || out.Truncated || out.NextMarker != nil {
		t.Errorf("no keys are listed as %+v", out)
	}
	var ids, names []string
	for i := range 12 {
		k := createKey(t, c)
		ids = append(ids, *k.KeyId)
		names = append(names, fmt.Sprintf("alias/l/%02d", i))
		createAlias(t, c, names[i], aws.String(ids[i/3]))
	}
	for _, service := range key.Managers() {
		names = append(names, "alias/aws/"+service) // which has no key yet
	}
	slices.Sort(names)
	slices.Sort(ids)
	for _, limit := range []*int32{nil, aws.Int32(1), aws.Int32(5), aws.Int32(6), aws.Int32(11),
		aws.Int32(12), aws.Int32(13), aws.Int32(1000)} {
		var got []string
		for p := kms.NewListKeysPaginator(c, &kms.ListKeysInput{Limit: limit}); p.HasMorePages(); {
			page := must(p.NextPage(t.Context()))(t)
			if limit != nil && len(page.Keys) > int(*limit) || page.Truncated != (page.NextMarker != nil) {
				t.Errorf("limit %d: a page of %d keys, Truncated %v", *limit, len(page.Keys), page.Truncated)
			}
			for _, k := range page.Keys {
				got = append(got, *k.KeyId)
				if *k.KeyArn != keyARN(*k.KeyId) {
					t.Errorf("KeyArn %s of %s", *k.KeyArn, *k.KeyId)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, ids) {
			t.Errorf("limit %d: keys %v, want %v", aws.ToInt32(limit), got, ids)
		}
		got = nil
		for p := kms.NewListAliasesPaginator(c, &kms.ListAliasesInput{Limit: limit}); p.HasMorePages(); {
			for _, a := range must(p.NextPage(t.Context()))(t).Aliases {
				got = append(got, *a.AliasName)
			}
		}
		if !slices.Equal(got, names) {
			t.Errorf("limit %d: aliases %v, want %v", aws.ToInt32(limit), got, names)
		}
	}

	keysMarker := must(c.ListKeys(t.Context(), &kms.ListKeysInput{Limit: aws.Int32(1)}))(t).NextMarker
	aliasMarker := must(c.ListAliases(t.Context(),
		&kms.ListAliasesInput{Limit: aws.Int32(1)}))(t).NextMarker
	abroad := s.KMS(servicetest.WithRegion(servicetest.Abroad))
	for name, err := range map[string]error{
		"of another operation": second(c.ListAliases(t.Context(),
			&kms.ListAliasesInput{Marker: keysMarker})),
		"of another filter": second(c.ListAliases(t.Context(),
			&kms.ListAliasesInput{Marker: aliasMarker, KeyId: &ids[0]})),
		"of another Region": second(abroad.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: keysMarker})),
		"made up": second(c.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: aws.String("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")})),
		"altered": second(c.ListKeys(t.Context(),
			&kms.ListKeysInput{Marker: aws.String((*keysMarker)[:len(*keysMarker)-4] + "AAAA")})),
		"of tags": second(c.ListResourceTags(t.Context(),
			&kms.ListResourceTagsInput{KeyId: &ids[0], Marker: keysMarker})),
	} {
		t.Run("a marker "+name, func(t *testing.T) { refused(t, err, "InvalidMarkerException", "*") })
	}
	for _, limit := range []int32{0, -1, 1001} {
		_, err := c.ListKeys(t.Context(), &kms.ListKeysInput{Limit: aws.Int32(limit)})
		refused(t, err, "ValidationException", "*")
	}
}
