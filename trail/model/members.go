package model

import "claviger/internal/shape"

// members say what each member is for, in a sentence of ours. The OpenAPI document and the page show
// them.
var members = shape.Sentences{
	"DataResources":                 "Resources whose use is recorded beside: none, as all of it is.",
	"EndTime":                       "The end of the time that is asked about; absent: now.",
	"EventSelectors":                "What is recorded.",
	"ExcludeManagementEventSources": "Services whose events are left out: none.",
	"Fingerprint":                   "What a digest names the key by.",
	"HasCustomEventSelectors":       "Whether something is left out: no.",
	"HasInsightSelectors":           "Whether there are Insights: no.",
	"HomeRegion":                    "The Region that the trail is of: the first one that is served.",
	"IncludeGlobalServiceEvents":    "Whether what IAM and STS do is recorded: yes.",
	"IncludeManagementEvents":       "Whether management events are recorded: yes.",
	"IsLogging":                     "Whether events are recorded: always.",
	"IsMultiRegionTrail":            "Whether it is a trail of all Regions: yes.",
	"IsOrganizationTrail":           "Whether it has other accounts' events: no, each account has its own trail.",
	"LatestDeliveryTime":            "When log files were exported last.",
	"LatestDigestDeliveryTime":      "When digests were signed last.",
	"LogFileValidationEnabled":      "Whether there are digests: yes.",
	"Name":                          "The trail's name.",
	"NextToken":                     "Where the next page begins: there is never one.",
	"PublicKeyList":                 "The public keys that digests of that time are signed by.",
	"ReadWriteType":                 "Which events are recorded: All.",
	"S3BucketName":                  "The bucket that digests name as their place.",
	"S3KeyPrefix":                   "What the names of all objects begin with.",
	"StartTime":                     "The beginning of the time that is asked about; absent: now.",
	"Trail":                         "The trail.",
	"TrailARN":                      "The trail as an ARN.",
	"TrailName":                     "The trail by its name or its ARN.",
	"Trails":                        "The account's trails: one or none.",
	"ValidityEndTime":               "Until when the key signs digests.",
	"ValidityStartTime":             "Since when the key signs digests.",
	"Value":                         "The key as RSAPublicKey of PKCS #1, in DER.",
	"includeShadowTrails":           "Also in Regions that the trail is not of; absent: true.",
	"trailList":                     "The account's trails: one or none.",
	"trailNameList":                 "The trails by name or ARN; absent: all.",

	"GetTrailInput.Name":       "The trail by its name or its ARN.",
	"GetTrailStatusInput.Name": "The trail by its name or its ARN.",
}
