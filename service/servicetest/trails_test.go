package servicetest_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"
	"claviger/trail/export"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go"
)

const declaredTrail = "arn:aws:cloudtrail:us-east-1:" + servicetest.Account + ":trail/claviger"

// TestTrails_DeclaredTrail_IsShownAlike: by each operation, by name and by ARN, in each Region.
func TestTrails_DeclaredTrail_IsShownAlike(t *testing.T) {
	t.Parallel()
	s := servicetest.Start(t)
	c, abroad := s.CloudTrail(), s.CloudTrail(servicetest.WithRegion(servicetest.Abroad))
	all := must(c.DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{}))(t).TrailList
	if len(all) != 1 || *all[0].TrailARN != declaredTrail || *all[0].S3BucketName != "audit-archive" ||
		*all[0].S3KeyPrefix != "site" || !*all[0].LogFileValidationEnabled ||
		*all[0].IsOrganizationTrail {
		t.Fatalf("%+v", all)
	}
	for _, name := range []string{"claviger", declaredTrail} {
		one := must(c.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: &name}))(t).Trail
		if *one.TrailARN != declaredTrail || *one.Name != "claviger" || *one.HomeRegion != "us-east-1" {
			t.Errorf("%+v", one)
		}
		status := must(abroad.GetTrailStatus(t.Context(),
			&cloudtrail.GetTrailStatusInput{Name: &name}))(t)
		if !*status.IsLogging || status.LatestDigestDeliveryTime != nil {
			t.Errorf("%+v", status)
		}
		selectors := must(c.GetEventSelectors(t.Context(),
			&cloudtrail.GetEventSelectorsInput{TrailName: &name}))(t)
		if *selectors.TrailARN != declaredTrail || len(selectors.EventSelectors) != 1 ||
			selectors.EventSelectors[0].ReadWriteType != "All" {
			t.Errorf("%+v", selectors)
		}
	}
	list := must(abroad.ListTrails(t.Context(), &cloudtrail.ListTrailsInput{}))(t).Trails
	if len(list) != 1 ||
		*list[0].TrailARN != declaredTrail {
		t.Errorf("%+v", list)
	}
	described := func(c *cloudtrail.Client, in cloudtrail.DescribeTrailsInput) int {
		return len(must(c.DescribeTrails(t.Context(), &in))(t).TrailList)
	}
	if described(abroad, cloudtrail.DescribeTrailsInput{}) != 1 ||
		described(abroad, cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)}) != 0 ||
		described(c, cloudtrail.DescribeTrailsInput{TrailNameList: []string{"another"}}) != 0 ||
		described(c, cloudtrail.DescribeTrailsInput{
			TrailNameList: []string{"another", "claviger"}}) != 1 {
		t.Error("DescribeTrails shows others than were asked for")
	}
}

func TestTrails_NamesThatAreNone_AreRefusedByName(t *testing.T) {
	t.Parallel()
	c := servicetest.Start(t).CloudTrail()
	for name, want := range map[string]string{
		"absent":                 "TrailNotFoundException",
		"ab":                     "InvalidTrailNameException",
		"a b c":                  "InvalidTrailNameException",
		"-abc":                   "InvalidTrailNameException",
		"abc-":                   "InvalidTrailNameException",
		"my-_trail":              "InvalidTrailNameException",
		strings.Repeat("a", 129): "InvalidTrailNameException",
		"arn:aws:s3:::bucket":    "CloudTrailARNInvalidException",
		"arn:aws:cloudtrail:us-east-1:1:trail/claviger":                "CloudTrailARNInvalidException",
		strings.Replace(declaredTrail, "us-east-1", "eu-central-1", 1): "TrailNotFoundException",
	} {
		_, err := c.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: &name})
		_, status := c.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &name})
		_, selectors := c.GetEventSelectors(t.Context(),
			&cloudtrail.GetEventSelectorsInput{TrailName: &name})
		for _, err := range []error{err, status, selectors} {
			if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != want {
				t.Errorf("%.60s: %v, want %s", name, err, want)
			}
		}
		_, err = c.DescribeTrails(t.Context(),
			&cloudtrail.DescribeTrailsInput{TrailNameList: []string{name}})
		if e := smithy.APIError(nil); want != "TrailNotFoundException" &&
			(!errors.As(err, &e) || e.ErrorCode() != want) {
			t.Errorf("DescribeTrails %.60s: %v, want %s", name, err, want)
		}
	}
}

func TestPublicKeys_OfAnyTime_AreThoseThatSigned(t *testing.T) {
	t.Parallel()
	s := servicetest.Start(t)
	c, now := s.CloudTrail(), time.Now()
	keys := must(c.ListPublicKeys(t.Context(), &cloudtrail.ListPublicKeysInput{}))(t).PublicKeyList
	if len(keys) != 0 {
		t.Errorf("before anything was signed: %+v", keys)
	}
	must(s.Service().SignDigests(t.Context(), export.Trail{}, nil, servicetest.Account, "a test"))(t)
	keys = must(c.ListPublicKeys(t.Context(), &cloudtrail.ListPublicKeysInput{}))(t).PublicKeyList
	if len(keys) != 1 || len(*keys[0].Fingerprint) != 32 || !keys[0].ValidityStartTime.Before(now) ||
		!keys[0].ValidityEndTime.After(now) {
		t.Fatalf("%+v", keys)
	}
	key, err := x509.ParsePKCS1PublicKey(keys[0].Value)
	if err != nil || key.N.BitLen() != 2048 {
		t.Errorf("%v: %v", key, err)
	}
	again := must(c.ListPublicKeys(t.Context(), &cloudtrail.ListPublicKeysInput{
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(2 * time.Hour))}))(t)
	if len(again.PublicKeyList) != 1 || *again.PublicKeyList[0].Fingerprint != *keys[0].Fingerprint {
		t.Errorf("%+v", again)
	}
	before := must(c.ListPublicKeys(t.Context(), &cloudtrail.ListPublicKeysInput{
		StartTime: aws.Time(now.Add(-9000 * time.Hour)),
		EndTime:   aws.Time(now.Add(-8000 * time.Hour))}))(t)
	if len(before.PublicKeyList) != 0 {
		t.Errorf("a key of before there was one: %+v", before)
	}
	for _, in := range []cloudtrail.ListPublicKeysInput{{NextToken: aws.String("x")},
		{StartTime: aws.Time(now.Add(time.Hour))}} {
		if _, err := c.ListPublicKeys(t.Context(), &in); err == nil {
			t.Errorf("%+v was taken", in)
		}
	}
}

// TestTrailStatus_AfterAnExport_SaysWhenItWas; before any it says nothing.
func TestTrailStatus_AfterAnExport_SaysWhenItWas(t *testing.T) {
	t.Parallel()
	s := servicetest.Start(t)
	status := func() *cloudtrail.GetTrailStatusOutput {
		return must(s.CloudTrail().GetTrailStatus(t.Context(),
			&cloudtrail.GetTrailStatusInput{Name: aws.String("claviger")}))(t)
	}
	if got := status(); got.LatestDeliveryTime != nil || got.LatestDigestDeliveryTime != nil {
		t.Errorf("before: %+v", got)
	}
	before := s.Clock.Now().Truncate(time.Second)
	must(s.Service().SignDigests(t.Context(), export.Trail{Name: "claviger"}, nil, servicetest.Account,
		"test"))(t)
	got := status()
	if got.LatestDeliveryTime == nil || got.LatestDeliveryTime.Before(before) ||
		!got.LatestDigestDeliveryTime.Equal(*got.LatestDeliveryTime) || !*got.IsLogging {
		t.Errorf("%+v, exported at %v", got, before)
	}
}
