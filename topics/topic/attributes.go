package topic

import (
	"slices"
	"unicode/utf8"

	"claviger/topics/snsfault"
)

// Attributes of topics and subscriptions that are looked at.
const (
	PolicyAttribute    = "Policy"
	DisplayAttribute   = "DisplayName"
	DeliveryAttribute  = "DeliveryPolicy"
	KeyAttribute       = "KmsMasterKeyId"
	SignatureAttribute = "SignatureVersion"
	TracingAttribute   = "TracingConfig"

	RawAttribute    = "RawMessageDelivery"
	FilterAttribute = "FilterPolicy"
	ScopeAttribute  = "FilterPolicyScope"
)

// Scopes of filter policies.
const (
	OfAttributes = "MessageAttributes"
	OfBody       = "MessageBody"
)

// fifoAttributes are those of FIFO topics alone.
var fifoAttributes = []string{"FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope",
	"ArchivePolicy"}

// CheckAttribute holds an attribute that a topic is to have to its rules. The policy is looked at
// elsewhere: whom it names decides, too.
func CheckAttribute(name, value string) error {
	switch {
	case name == PolicyAttribute:
		return nil
	case name == DisplayAttribute:
		if utf8.RuneCountInString(value) > 100 || hasControls(value) {
			return snsfault.Invalid("DisplayName")
		}
		return nil
	case name == DeliveryAttribute:
		_, err := ReadTopicDelivery(value)
		return err
	case name == KeyAttribute:
		if len(value) > 2048 || hasControls(value) {
			return snsfault.Invalid("KmsMasterKeyId")
		}
		return nil
	case name == SignatureAttribute:
		if value != "1" && value != "2" {
			return snsfault.Invalid("SignatureVersion")
		}
		return nil
	case name == TracingAttribute:
		if value != "PassThrough" {
			return snsfault.Invalid("TracingConfig Reason: this service traces nothing; " +
				"PassThrough is the one value that it takes")
		}
		return nil
	case name == "FifoTopic" && value == "false":
		return nil
	case slices.Contains(fifoAttributes, name):
		return snsfault.Invalid("%s Reason: FIFO topics are not supported by this service", name)
	}
	return snsfault.Invalid("AttributeName")
}

// CheckSubscribed holds an attribute that a subscription is to have to its rules, but for filter
// policies. at is what AWS puts before the text.
func CheckSubscribed(at, protocol, name, value string) error {
	switch name {
	case RawAttribute:
		if value != "true" && value != "false" {
			return snsfault.Invalid("%sRawMessageDelivery: Invalid value [%s]. Must be true or false.",
				at, clip(value))
		}
		if value == "true" && protocol != HTTP && protocol != HTTPS {
			return snsfault.Invalid("%sRawMessageDelivery: Raw message delivery is not supported for "+
				"the protocol %s", at, protocol)
		}
		return nil
	case ScopeAttribute:
		if value != OfAttributes && value != OfBody {
			return snsfault.Invalid("%sFilterPolicyScope: Invalid value [%s]. Please use either "+
				"MessageBody or MessageAttributes", at, clip(value))
		}
		return nil
	case DeliveryAttribute:
		_, err := ReadSubscribedDelivery(at, value)
		return err
	case FilterAttribute:
		return nil
	case "RedrivePolicy":
		if value == "" || value == "{}" {
			return nil
		}
		return snsfault.Invalid("%sRedrivePolicy: there are no queues that messages could be left in; "+
			"what can't be delivered is shown by `claviger events status`", at)
	case "SubscriptionRoleArn", "ReplayPolicy":
		return snsfault.Invalid("%s%s Reason: it belongs to protocols and topics that are not "+
			"supported by this service", at, name)
	}
	return snsfault.Invalid("%sAttributeName", at)
}
