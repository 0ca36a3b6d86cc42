package events

import (
	"claviger/events/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

var routes = domain.Routes{Service: model.EventBridge}

// Paths of REST.
const (
	aRule        = "/v1/rules/{Name}"
	targetsOf    = "/v1/rules/{Rule}/targets"
	tagsOf       = "/v1/event-tags/{ResourceARN...}"
	aConnection  = "/v1/connections/{Name}"
	aDestination = "/v1/api-destinations/{Name}"
)

// Operations is the table of contents.
func (s *Events) Operations() []op.Operation {
	return append(s.ruleOperations(), s.connectionOperations()...)
}

func (s *Events) ruleOperations() []op.Operation {
	return []op.Operation{
		op.Write(routes.Put("PutRule", aRule, "Makes a rule, or says all anew of one that is there."),
			s.findPutRule, s.putRule),
		read(s, routes.Get("DescribeRule", aRule, "Describes a rule."), s.describeRule),
		op.Read(routes.Get("ListRules", "/v1/rules", "Lists the rules of an event bus."),
			findOnBus[ListRulesInput]("ListRules", "rule/*"), s.listRules),
		change(s, routes.Delete("DeleteRule", aRule, "Deletes a rule without targets."), s.deleteRule),
		change(s, routes.Post("EnableRule", aRule+"/enable", "Has a rule match events again."),
			s.enableRule),
		change(s, routes.Post("DisableRule", aRule+"/disable", "Has a rule match nothing."),
			s.disableRule),

		change(s, domain.Large(routes.Put("PutTargets", targetsOf,
			"Adds targets to a rule, or writes over those with the same ids.")), s.putTargets),
		change(s, routes.Delete("RemoveTargets", targetsOf, "Takes targets from a rule."),
			s.removeTargets),
		read(s, routes.Get("ListTargetsByRule", targetsOf, "Lists the targets of a rule."),
			s.listTargetsByRule),
		op.Read(routes.Get("ListRuleNamesByTarget", "/v1/rule-names/{TargetArn...}",
			"Lists the rules that have a target."),
			findOnBus[ListRuleNamesByTargetInput]("ListRuleNamesByTarget", "rule/*"),
			s.listRuleNamesByTarget),

		domain.ReadAccount(routes.Post("TestEventPattern", "/v1/event-patterns/test",
			"Tries an event pattern on an event."), s.testEventPattern),
		op.Write(domain.Large(routes.Post("PutEvents", "/v1/events",
			"Sends events to an event bus.")), s.findPutEvents, s.putEvents),

		op.Write(routes.Post("TagResource", tagsOf,
			"Adds tags to a rule or event bus, or overwrites them."),
			findTagged[TagResourceInput](s, "TagResource"), s.tagResource),
		op.Write(routes.Delete("UntagResource", tagsOf, "Takes tags from a rule or event bus."),
			findTagged[UntagResourceInput](s, "UntagResource"), s.untagResource),
		op.Read(routes.Get("ListTagsForResource", tagsOf, "Lists the tags of a rule or event bus."),
			findTagged[ListTagsForResourceInput](s, "ListTagsForResource"), s.listTagsForResource),

		op.Read(routes.Get("DescribeEventBus", "/v1/event-bus", "Describes the event bus."),
			findOnBus[DescribeEventBusInput]("DescribeEventBus", ""), s.describeEventBus),
		domain.ReadAccount(routes.Get("ListEventBuses", "/v1/event-buses", "Lists the event buses."),
			s.listEventBuses),
	}
}

func (s *Events) connectionOperations() []op.Operation {
	return []op.Operation{
		op.Write(routes.Post("CreateConnection", "/v1/connections",
			"Makes a connection: how requests to an API destination are authorized."),
			s.findNewConnection, s.createConnection),
		op.Write(routes.Patch("UpdateConnection", aConnection, "Changes a connection."),
			findConnection[UpdateConnectionInput](s, "UpdateConnection"), s.updateConnection),
		op.Read(routes.Get("DescribeConnection", aConnection,
			"Describes a connection, its secrets left out."),
			findConnection[DescribeConnectionInput](s, "DescribeConnection"), s.describeConnection),
		op.Write(routes.Post("DeauthorizeConnection", aConnection+"/deauthorize",
			"Takes the credentials from a connection."),
			findConnection[DeauthorizeConnectionInput](s, "DeauthorizeConnection"),
			s.deauthorizeConnection),
		op.Write(routes.Delete("DeleteConnection", aConnection, "Deletes a connection."),
			findConnection[DeleteConnectionInput](s, "DeleteConnection"), s.deleteConnection),
		domain.ReadAccount(routes.Get("ListConnections", "/v1/connections", "Lists connections."),
			s.listConnections),

		op.Write(routes.Post("CreateApiDestination", "/v1/api-destinations",
			"Makes an API destination: where events are sent by HTTPS."),
			s.findNewDestination, s.createAPIDestination),
		op.Write(routes.Patch("UpdateApiDestination", aDestination, "Changes an API destination."),
			findDestination[UpdateApiDestinationInput](s, "UpdateApiDestination"),
			s.updateAPIDestination),
		op.Read(routes.Get("DescribeApiDestination", aDestination, "Describes an API destination."),
			findDestination[DescribeApiDestinationInput](s, "DescribeApiDestination"),
			s.describeAPIDestination),
		op.Write(routes.Delete("DeleteApiDestination", aDestination, "Deletes an API destination."),
			findDestination[DeleteApiDestinationInput](s, "DeleteApiDestination"),
			s.deleteAPIDestination),
		domain.ReadAccount(routes.Get("ListApiDestinations", "/v1/api-destinations",
			"Lists API destinations."), s.listAPIDestinations),
	}
}
