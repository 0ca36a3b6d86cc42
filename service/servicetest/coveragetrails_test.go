package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
)

// What is known of CloudTrail beside what the types say. docs/compatibility-cloudtrail.md is made
// of it; see compatibility_test.go. The SDK's client also makes trails, channels, dashboards and
// stores of events.
var coverageOfCloudTrail = coverage{
	service: "cloudtrail", title: "CloudTrail",
	target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
	client: reflect.TypeFor[*cloudtrail.Client](), least: len(trailOperations),
	part: trailOperations,
	page: "docs/compatibility-cloudtrail.md", source: "coveragetrails_test.go",
	limited: limitedOfCloudTrail, proofs: proofsOfCloudTrail,
	proven: []string{"service/servicetest", "trail/..."},
}

// trailOperations are the operations of CloudTrail that read the event history and trails.
var trailOperations = []string{"DescribeTrails", "GetEventSelectors", "GetTrail", "GetTrailStatus",
	"ListPublicKeys", "ListTrails", "LookupEvents"}

var limitedOfCloudTrail = map[string]string{
	"LookupEvents.EventCategory": "`insight` alone, as with AWS, and it finds nothing",
	"LookupEvents.LookupAttributes": "one, as with AWS; two lookups a second in an account and Region, " +
		"and two at once",
	"DescribeTrails.TrailList":      "the one trail of the account, or none: it is declared",
	"ListTrails.Trails":             "likewise",
	"DataResource.Type":             "never there",
	"DataResource.Values":           "never there",
	"ListPublicKeys.PublicKeyList":  "one key, of the token, for all Regions",
	"PublicKey.ValidityEndTime":     "a year from now: the key has no end",
	"GetTrailStatus.IsLogging":      "always true",
	"EventSelector.ReadWriteType":   "always `All`",
	"EventSelector.DataResources":   "always empty: all is recorded",
	"Trail.HasCustomEventSelectors": "always false: all is recorded",
	"Trail.HasInsightSelectors":     "always false",
	"Trail.IsOrganizationTrail":     "always false: each account has its own",

	"EventSelector.ExcludeManagementEventSources": "always empty",
	"EventSelector.IncludeManagementEvents":       "always true",
	"Trail.IncludeGlobalServiceEvents":            "always true",
	"Trail.IsMultiRegionTrail":                    "always true",
	"Trail.LogFileValidationEnabled":              "always true",
}

const (
	trailIsShown   = "TestTrails_DeclaredTrail_IsShownAlike"
	eventIsShown   = "TestLookupEvents_Event_ShowsWhatItsRecordSays"
	eventsAreFound = "TestLookupEvents_EachAttribute_FindsThoseOnly"
)

var proofsOfCloudTrail = map[string][]string{
	"DescribeTrails":    {trailIsShown},
	"GetEventSelectors": {trailIsShown},
	"GetTrail":          {trailIsShown},
	"GetTrailStatus":    {trailIsShown, "TestTrailStatus_AfterAnExport_SaysWhenItWas"},
	"ListPublicKeys":    {"TestPublicKeys_OfAnyTime_AreThoseThatSigned"},
	"ListTrails":        {trailIsShown},
	"LookupEvents": {eventsAreFound, eventIsShown, "TestLookupEvents_Pages_GiveAllOnce",
		"TestLookupEvents_Range_IsInSecondsAndOf90Days",
		"TestLookupEvents_WhatCantBeLookedUp_IsRefused"},
	"SearchEvents": {"TestSearchEvents_SeveralAtOnce_FindsWhatHasAll",
		"TestSearchEvents_EachMember_NarrowsWhatIsFound"},

	"Event":           {eventIsShown},
	"DataResource":    {trailIsShown},
	"EventSelector":   {trailIsShown},
	"LookupAttribute": {eventsAreFound},
	"PublicKey":       {"TestPublicKeys_OfAnyTime_AreThoseThatSigned"},
	"Resource":        {eventIsShown},
	"Trail":           {trailIsShown},
	"TrailInfo":       {trailIsShown},
}
