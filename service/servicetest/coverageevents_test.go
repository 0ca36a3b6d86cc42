package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// What is known of EventBridge beside what the types say. docs/compatibility-eventbridge.md is made
// of it; see compatibility_test.go.
var coverageOfEventBridge = coverage{
	service: "events", title: "EventBridge", target: "AWSEvents",
	client: reflect.TypeFor[*eventbridge.Client](),
	least:  len(eventOperations) + len(noEventOperation),
	page:   "docs/compatibility-eventbridge.md", source: "coverageevents_test.go",
	noOperation: noEventOperation, refused: refusedOfEventBridge,
	limited: limitedOfEventBridge, proofs: proofsOfEventBridge,
	proven: []string{"service/servicetest", "events/..."},
}

// eventOperations are those that are served.
var eventOperations = []string{"CreateApiDestination", "CreateConnection", "DeauthorizeConnection",
	"DeleteApiDestination", "DeleteConnection", "DeleteRule", "DescribeApiDestination",
	"DescribeConnection", "DescribeEventBus", "DescribeRule", "DisableRule", "EnableRule",
	"ListApiDestinations", "ListConnections", "ListEventBuses", "ListRuleNamesByTarget", "ListRules",
	"ListTagsForResource", "ListTargetsByRule", "PutEvents", "PutRule", "PutTargets", "RemoveTargets",
	"TagResource", "TestEventPattern", "UntagResource", "UpdateApiDestination", "UpdateConnection"}

const (
	noOtherBus  = "there is the default bus alone"
	noArchives  = "events are kept in the outbox, and not in archives"
	noPartners  = "there are no partners whose events could come"
	noEndpoints = "there are no global endpoints"
)

var noEventOperation = map[string]string{
	"ActivateEventSource": noPartners, "DeactivateEventSource": noPartners,
	"CreatePartnerEventSource": noPartners, "DeletePartnerEventSource": noPartners,
	"DescribeEventSource": noPartners, "DescribePartnerEventSource": noPartners,
	"ListEventSources": noPartners, "ListPartnerEventSourceAccounts": noPartners,
	"ListPartnerEventSources": noPartners, "PutPartnerEvents": noPartners,

	"CancelReplay": noArchives, "CreateArchive": noArchives, "DeleteArchive": noArchives,
	"DescribeArchive": noArchives, "DescribeReplay": noArchives, "ListArchives": noArchives,
	"ListReplays": noArchives, "StartReplay": noArchives, "UpdateArchive": noArchives,

	"CreateEndpoint": noEndpoints, "DeleteEndpoint": noEndpoints, "DescribeEndpoint": noEndpoints,
	"ListEndpoints": noEndpoints, "UpdateEndpoint": noEndpoints,

	"CreateEventBus": noOtherBus, "DeleteEventBus": noOtherBus, "UpdateEventBus": noOtherBus,
	"PutPermission": noOtherBus + ", and it is the account's own", "RemovePermission": noOtherBus,
}

const (
	onlyDefault = "`default`, or its ARN"
	ourTargets  = "topics, API destinations, secrets, and log groups and functions that the configuration declares"
	notOfSecret = "refused with a secret, whose rotation takes none"
)

var limitedOfEventBridge = map[string]string{
	"*.EventBusName":                     onlyDefault,
	"*.Force":                            "is taken, and says nothing: no service manages rules",
	"DescribeEventBus.Name":              onlyDefault,
	"PutEventsRequestEntry.TraceHeader":  "is taken, and nothing traces",
	"ListEventBuses.NextToken":           "never there: " + noOtherBus,
	"ListRuleNamesByTarget.TargetArn":    ourTargets,
	"Target.Arn":                         ourTargets,
	"Target.RoleArn":                     "is kept, and no target needs one",
	"Target.Input":                       notOfSecret,
	"Target.InputPath":                   notOfSecret,
	"Target.InputTransformer":            notOfSecret,
	"PutRule.RoleArn":                    "is kept, and no target needs one",
	"DeadLetterConfig.Arn":               "a topic or a log group that the configuration declares: there are no queues",
	"DescribeConnection.ConnectionState": "`AUTHORIZED` or `DEAUTHORIZED`",
}

const (
	throughLattice = `{"ResourceParameters":{"ResourceConfigurationArn":"arn:aws:vpc-lattice:us-east-1:111122223333:resourceconfiguration/rcfg-0123456789abcdefg"}}`
	withLattice    = `{"Name":"LINK","InvocationConnectivityParameters":` + throughLattice + `}`
	newWithLattice = `{"Name":"NEW","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"p"}},"InvocationConnectivityParameters":` + throughLattice + `}`
)

// ofOtherKind is a topic as a target with what is for targets of a kind that there isn't here.
func ofOtherKind(member string) refusal {
	return refusal{`PutTargets {"Rule":"RULE","Targets":[{"Id":"t",` +
		`"Arn":"arn:aws:sns:us-east-1:111122223333:t","` + member + `":{}}]}`, "ValidationException"}
}

const withBasic = `"AuthParameters":{"BasicAuthParameters":{"Username":"u","Password":"p"},` +
	`"ConnectivityParameters":` + throughLattice + `}}`

var refusedOfEventBridge = map[string]refusal{
	"PutEvents.EndpointId": {`{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}],"EndpointId":"a.b"}`,
		"ValidationException"},
	"CreateConnection.InvocationConnectivityParameters": {newWithLattice, "ValidationException"},
	"UpdateConnection.InvocationConnectivityParameters": {withLattice, "ValidationException"},
	"CreateConnectionAuthRequestParameters.ConnectivityParameters": {
		`CreateConnection {"Name":"NEW","AuthorizationType":"BASIC",` + withBasic, "ValidationException"},
	"UpdateConnectionAuthRequestParameters.ConnectivityParameters": {
		`UpdateConnection {"Name":"LINK",` + withBasic, "ValidationException"},
	"ConnectivityResourceParameters.ResourceParameters": {`UpdateConnection ` + withLattice, "ValidationException"},
	"Target.AppSyncParameters":                          ofOtherKind("AppSyncParameters"),
	"Target.BatchParameters":                            ofOtherKind("BatchParameters"),
	"Target.EcsParameters":                              ofOtherKind("EcsParameters"),
	"Target.KinesisParameters":                          ofOtherKind("KinesisParameters"),
	"Target.RedshiftDataParameters":                     ofOtherKind("RedshiftDataParameters"),
	"Target.RunCommandParameters":                       ofOtherKind("RunCommandParameters"),
	"Target.SageMakerPipelineParameters":                ofOtherKind("SageMakerPipelineParameters"),
	"Target.SqsParameters":                              ofOtherKind("SqsParameters"),
}

var proofsOfEventBridge = map[string][]string{
	"PutRule": {"TestPutRule_RuleThatIsThere_IsSaidAnewButForTagsAndTargets",
		"TestPutRule_BadInput_IsRefusedInAWSsWords", "TestRules_QuotasOfAnAccount_AreHeld",
		"TestBook_Events_GoToTheRulesThatMatch"},
	"DescribeRule": {"TestPutRule_RuleThatIsThere_IsSaidAnewButForTagsAndTargets"},
	"ListRules": {"TestRules_QuotasOfAnAccount_AreHeld",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DeleteRule":  {"TestDeleteRule_WithTargets_IsRefused"},
	"EnableRule":  {"TestSchedule_RuleThatIsDue_SendsAnEventToItself"},
	"DisableRule": {"TestSchedule_RuleThatIsDue_SendsAnEventToItself"},
	"PutTargets": {"TestPutTargets_EveryKind_IsListedAsItWasPut",
		"TestPutTargets_BadInput_IsRefused"},
	"RemoveTargets":         {"TestDeleteRule_WithTargets_IsRefused"},
	"ListTargetsByRule":     {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"ListRuleNamesByTarget": {"TestPutTargets_EveryKind_IsListedAsItWasPut", "TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"TestEventPattern":      {"TestTestEventPattern_Event_MatchesOrNot"},
	"PutEvents": {"TestPutEvents_EachEntry_IsTakenOrRefusedByItself",
		"TestPutEvents_TooMuch_IsRefusedAsAWhole"},
	"TagResource":         {"TestTags_OfRuleAndBus_ArePutAndTaken"},
	"UntagResource":       {"TestTags_OfRuleAndBus_ArePutAndTaken"},
	"ListTagsForResource": {"TestTags_OfRuleAndBus_ArePutAndTaken"},
	"DescribeEventBus":    {"TestEventBus_Default_IsTheOnlyOne"},
	"ListEventBuses": {"TestEventBus_Default_IsTheOnlyOne",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},

	"CreateConnection": {"TestConnections_EveryKind_ShowsNoSecretAndOpensForTheService",
		"TestConnections_BadInput_IsRefused", "TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"UpdateConnection": {"TestUpdateConnection_PartOfIt_KeepsTheRest",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DescribeConnection": {"TestConnections_EveryKind_ShowsNoSecretAndOpensForTheService",
		"TestUpdateConnection_PartOfIt_KeepsTheRest", "TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DeauthorizeConnection": {"TestConnections_Deauthorized_HasNoSecretAndItsDestinationsAreInactive",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DeleteConnection": {"TestConnections_Deauthorized_HasNoSecretAndItsDestinationsAreInactive",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"ListConnections": {"TestConnections_Listings_HavePagesAndFilters"},
	"CreateApiDestination": {"TestConnections_BadInput_IsRefused",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"UpdateApiDestination": {"TestConnections_BadInput_IsRefused",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DescribeApiDestination": {"TestConnections_BadInput_IsRefused",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"DeleteApiDestination": {"TestConnections_BadInput_IsRefused"},
	"ListApiDestinations": {"TestConnections_Listings_HavePagesAndFilters",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},

	"Rule":                     {"TestRules_QuotasOfAnAccount_AreHeld", "TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"EventBus":                 {"TestEventBus_Default_IsTheOnlyOne"},
	"Target":                   {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"Tag":                      {"TestTags_OfRuleAndBus_ArePutAndTaken"},
	"InputTransformer":         {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"HttpParameters":           {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"RetryPolicy":              {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"DeadLetterConfig":         {"TestPutTargets_EveryKind_IsListedAsItWasPut"},
	"PutTargetsResultEntry":    {"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"RemoveTargetsResultEntry": {"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"PutEventsRequestEntry":    {"TestPutEvents_EveryMember_IsInTheEnvelope"},
	"PutEventsResultEntry":     {"TestPutEvents_EachEntry_IsTakenOrRefusedByItself"},
	"Connection": {"TestConnections_Listings_HavePagesAndFilters",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
	"ApiDestination": {"TestConnections_Listings_HavePagesAndFilters",
		"TestEvents_BySDK_AreRulesTargetsAndConnections"},
}

func init() {
	for _, structure := range []string{"ConnectionHttpParameters", "ConnectionHeaderParameter",
		"ConnectionQueryStringParameter", "ConnectionBodyParameter",
		"ConnectionAuthResponseParameters", "ConnectionBasicAuthResponseParameters",
		"ConnectionApiKeyAuthResponseParameters", "ConnectionOAuthResponseParameters",
		"ConnectionOAuthClientResponseParameters", "CreateConnectionAuthRequestParameters",
		"CreateConnectionBasicAuthRequestParameters", "CreateConnectionApiKeyAuthRequestParameters",
		"CreateConnectionOAuthRequestParameters", "CreateConnectionOAuthClientRequestParameters",
		"UpdateConnectionAuthRequestParameters", "UpdateConnectionBasicAuthRequestParameters",
		"UpdateConnectionApiKeyAuthRequestParameters", "UpdateConnectionOAuthRequestParameters",
		"UpdateConnectionOAuthClientRequestParameters"} {
		proofsOfEventBridge[structure] = []string{"TestConnections_EveryKind_ShowsNoSecretAndOpensForTheService",
			"TestUpdateConnection_PartOfIt_KeepsTheRest", "TestEvents_BySDK_AreRulesTargetsAndConnections"}
	}
}
