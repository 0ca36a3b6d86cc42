package model

import "claviger/internal/shape"

// shapes are the constraints of the model of EventBridge, API version 2015-10-07, by AWS shape
// name.
var shapes = shape.Table{
	"ApiDestinationDescription":                  {Max: 512, Pattern: `.*`},
	"ApiDestinationHttpMethod":                   {Enum: methods},
	"ApiDestinationInvocationRateLimitPerSecond": {Min: 1},
	"ApiDestinationName":                         {Min: 1, Max: 64, Pattern: named},
	"AppSyncParameters":                          {},
	"Arn":                                        {Min: 1, Max: 1600},
	"AuthHeaderParameters":                       {Min: 1, Max: 512, Pattern: header},
	"AuthHeaderParametersSensitive":              {Min: 1, Max: 512, Pattern: header, Sensitive: true},
	"BatchParameters":                            {},
	"Boolean":                                    {},
	"ConnectionArn":                              {Min: 1, Max: 1600, Pattern: connectionARN},
	"ConnectionAuthorizationType":                {Enum: []string{"BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"}},
	"ConnectionBodyParameter":                    {},
	"ConnectionBodyParametersList":               {Max: 100, Member: "ConnectionBodyParameter"},
	"ConnectionDescription":                      {Max: 512, Pattern: `.*`},
	"ConnectionHeaderParameter":                  {},
	"ConnectionHeaderParametersList":             {Max: 100, Member: "ConnectionHeaderParameter"},
	"ConnectionHttpParameters":                   {},
	"ConnectionName":                             {Min: 1, Max: 64, Pattern: named},
	"ConnectionOAuthHttpMethod":                  {Enum: []string{"GET", "POST", "PUT"}},
	"ConnectionQueryStringParameter":             {},
	"ConnectionQueryStringParametersList":        {Max: 100, Member: "ConnectionQueryStringParameter"},
	"ConnectionState": {Enum: []string{"CREATING", "UPDATING", "DELETING", "AUTHORIZED",
		"DEAUTHORIZED",
		"AUTHORIZING", "DEAUTHORIZING", "ACTIVE", "FAILED_CONNECTIVITY"}},
	"CreateConnectionApiKeyAuthRequestParameters":  {},
	"CreateConnectionAuthRequestParameters":        {},
	"CreateConnectionBasicAuthRequestParameters":   {},
	"CreateConnectionOAuthClientRequestParameters": {},
	"CreateConnectionOAuthRequestParameters":       {},
	"ConnectivityResourceConfigurationArn":         {},
	"ConnectivityResourceParameters":               {},
	"EcsParameters":                                {},
	"KinesisParameters":                            {},
	"RedshiftDataParameters":                       {},
	"ResourceConfigurationArn":                     {Max: 2048, Pattern: lattice},
	"DeadLetterConfig":                             {},
	"EventBusName":                                 {Min: 1, Max: 256, Pattern: `[/\.\-_A-Za-z0-9]+`},
	"EventBusNameOrArn":                            {Min: 1, Max: 1600, Pattern: busARN + `[/\.\-_A-Za-z0-9]+`},
	"EventPattern":                                 {Max: 4096},
	"EventResource":                                {Max: 2048},
	"EventResourceList":                            {Member: "EventResource"},
	"EventTime":                                    {},
	"EndpointId":                                   {Min: 1, Max: 50, Pattern: `^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$`},
	"HeaderKey":                                    {Max: 512, Pattern: "^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$"},
	"HeaderParametersMap":                          {Key: "HeaderKey", Value: "HeaderValue"},
	"HeaderValue":                                  {Max: 512, Pattern: headerValue},
	"HeaderValueSensitive":                         {Max: 512, Pattern: headerValue, Sensitive: true},
	"HttpParameters":                               {},
	"HttpsEndpoint":                                {Min: 1, Max: 2048, Pattern: endpoint},
	"InputTransformer":                             {},
	"InputTransformerPathKey":                      {Min: 1, Max: 256, Pattern: `[A-Za-z0-9\_\-]+`},
	"KmsKeyIdentifier":                             {Max: 2048, Pattern: `^[a-zA-Z0-9_\-/:]*$`},
	"LimitMax100":                                  {Min: 1, Max: 100},
	"MaximumEventAgeInSeconds":                     {Min: 60, Max: 86400},
	"MaximumRetryAttempts":                         {Min: 0, Max: 185, Range: true},
	"NextToken":                                    {Min: 1, Max: 2048},
	"NonPartnerEventBusNameOrArn":                  {Min: 1, Max: 1600, Pattern: busARN + named},
	"PathParameter":                                {Pattern: `^(?!\s*$).+`, RE2: `(?s).*\S.*`},
	"PathParameterList":                            {Member: "PathParameter"},
	"PutEventsRequestEntry":                        {},
	"PutEventsRequestEntryList":                    {Min: 1, Max: 10, Member: "PutEventsRequestEntry"},
	"QueryStringKey":                               {Max: 512, Pattern: `[^\x00-\x1F\x7F]+`},
	"QueryStringParametersMap":                     {Key: "QueryStringKey", Value: "QueryStringValue"},
	"QueryStringValue":                             {Max: 512, Pattern: queryValue},
	"QueryStringValueSensitive":                    {Max: 512, Pattern: queryValue, Sensitive: true},
	"ResourceArn":                                  {Min: 1, Max: 1600},
	"RetryPolicy":                                  {},
	"RoleArn":                                      {Min: 1, Max: 1600},
	"RuleDescription":                              {Max: 512},
	"RuleName":                                     {Min: 1, Max: 64, Pattern: named},
	"RuleState":                                    {Enum: []string{"ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}},
	"RunCommandParameters":                         {},
	"SageMakerPipelineParameters":                  {},
	"ScheduleExpression":                           {Max: 256},
	"SensitiveString":                              {Sensitive: true},
	"SqsParameters":                                {},
	"String":                                       {},
	"Tag":                                          {},
	"TagKey":                                       {Min: 1, Max: 128},
	"TagKeyList":                                   {Member: "TagKey"},
	"TagList":                                      {Member: "Tag"},
	"TagValue":                                     {Max: 256},
	"Target":                                       {},
	"TargetArn":                                    {Min: 1, Max: 1600},
	"TargetId":                                     {Min: 1, Max: 64, Pattern: named},
	"TargetIdList":                                 {Min: 1, Max: 100, Member: "TargetId"},
	"TargetInput":                                  {Max: 8192},
	"TargetInputPath":                              {Max: 256},
	"TargetList":                                   {Min: 1, Max: 100, Member: "Target"},
	"TraceHeader":                                  {Min: 1, Max: 500},
	"TransformerInput":                             {Min: 1, Max: 8192},
	"TransformerPaths":                             {Max: 100, Key: "InputTransformerPathKey", Value: "TargetInputPath"},
	"UpdateConnectionApiKeyAuthRequestParameters":  {},
	"UpdateConnectionAuthRequestParameters":        {},
	"UpdateConnectionBasicAuthRequestParameters":   {},
	"UpdateConnectionOAuthClientRequestParameters": {},
	"UpdateConnectionOAuthRequestParameters":       {},

	// A detail is what happened to somebody, and too long for a record.
	"Detail": {Sensitive: true},

	// The shapes of members that only the service itself sends.
	"Subject": {},
}

const (
	named       = `[\.\-_A-Za-z0-9]+`
	header      = `^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`
	headerValue = `^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`
	queryValue  = `[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+`
	endpoint    = `^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$`
	busARN      = `(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?`
	lattice     = `^(?:^arn:[a-z0-9\-]+:vpc-lattice:[a-zA-Z0-9\-]+:\d{12}:resourceconfiguration/` +
		`rcfg-[0-9a-z]{17}$|^$)`
	connectionARN = `^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/` +
		`[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$`
)

var methods = []string{"POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
