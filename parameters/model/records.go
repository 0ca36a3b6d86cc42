package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is done with Parameter Store. Its user guide shows
// none; what AWS recorded of it has resources where values are read, without a type, and the value
// of a parameter hidden, of whatever type it is.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Operations: map[string]op.Recorded{
		"PutParameter":        {Hidden: "Value", Answer: "Version Tier"},
		"GetParameter":        recordedRead,
		"GetParameters":       recordedRead,
		"GetParametersByPath": recordedRead,
		"GetParameterHistory": recordedRead,
		"DescribeParameters":  {},
		"DeleteParameter":     {},
		"DeleteParameters":    {Answer: "DeletedParameters InvalidParameters"},

		"LabelParameterVersion":   {Answer: "InvalidLabels ParameterVersion"},
		"UnlabelParameterVersion": {Answer: "RemovedLabels InvalidLabels"},

		"AddTagsToResource":      {},
		"RemoveTagsFromResource": {},
		"ListTagsForResource":    {},

		"PutResourcePolicy":    {Answer: "PolicyId PolicyHash"},
		"GetResourcePolicies":  {},
		"DeleteResourcePolicy": {},

		"GetServiceSetting":    {},
		"UpdateServiceSetting": {},
		"ResetServiceSetting":  {Answer: "ServiceSetting"},

		"NotifyByParameterPolicies": {}, // which is no operation of AWS's
	},
}

var recordedRead = op.Recorded{Touched: op.Listed}
