package model

import "claviger/internal/domain"

// Condition keys. Those of lists have as many values as a request has.
const (
	TargetArn      = "events:TargetArn"      // of a target that is put
	Source         = "events:source"         // of an event, or of those that a pattern names
	DetailType     = "events:detail-type"    // likewise
	CreatorAccount = "events:creatorAccount" // of the rule
	// What patterns name of AWS's own events.
	DetailService   = "events:detail.service"
	DetailEventType = "events:detail.eventTypeCode"
	DetailPrincipal = "events:detail.userIdentity.principalId"
	BusInvocation   = "events:eventBusInvocation" // always false: no bus is a target here
)

// ConditionKeys are the condition keys that an action has beside the tags of the rule or bus and
// those of every request ("Actions, resources, and condition keys for Amazon EventBridge" of the
// Service Authorization Reference). One that ends in a slash has a name behind it.
var ConditionKeys = map[string][]string{
	"DeleteRule":          {CreatorAccount},
	"DescribeRule":        {CreatorAccount},
	"DisableRule":         {CreatorAccount},
	"EnableRule":          {CreatorAccount},
	"ListTagsForResource": {CreatorAccount},
	"ListTargetsByRule":   {CreatorAccount},
	"PutEvents":           {Source, DetailType, BusInvocation},
	"PutRule": {domain.RequestTag, domain.TagKeys, CreatorAccount, Source, DetailType, DetailService,
		DetailEventType, DetailPrincipal},
	"PutTargets":    {TargetArn, CreatorAccount},
	"RemoveTargets": {CreatorAccount},
	"TagResource":   {domain.RequestTag, domain.TagKeys, CreatorAccount},
	"UntagResource": {domain.TagKeys, CreatorAccount},
}
