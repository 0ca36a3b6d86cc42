package model

import "claviger/internal/shape"

// shapes are the constraints of the model of CloudTrail, API version 2013-11-01, by AWS shape name.
// What the model has no bounds for, such as a trail's name, the service itself refuses.
var shapes = shape.Table{
	"Boolean":       {},
	"Date":          {},
	"String":        {},
	"TrailNameList": {Member: "String"},

	// What a lookup is asked by has bounds and values in the model, and errors of its own for what
	// breaks them.
	"EventCategory":        {},
	"LookupAttribute":      {},
	"LookupAttributeKey":   {},
	"LookupAttributeValue": {},
	"LookupAttributesList": {Member: "LookupAttribute"},
	"MaxResults":           {},
	"NextToken":            {},

	// Those of members that only SearchEvents has, which AWS hasn't.
	"Context":      {Max: 8, Key: "Text", Value: "ContextValue"},
	"ContextValue": {Max: 8192},
	"Page":         {Min: 1, Max: 50},
	"Text":         {Min: 1, Max: 2048},
}
