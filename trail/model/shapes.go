package model

import "claviger/internal/shape"

// shapes are those of the model of CloudTrail, API version 2013-11-01, by AWS shape name. The
// model has bounds and values for what a lookup is asked by, too; the service refuses what breaks
// these by errors of their own, and so do we: see package trailfault.
var shapes = shape.Table{
	"Date":                 {},
	"EventCategory":        {},
	"LookupAttribute":      {},
	"LookupAttributeKey":   {},
	"LookupAttributeValue": {},
	"LookupAttributesList": {Member: "LookupAttribute"},
	"MaxResults":           {},
	"NextToken":            {},

	// Those of members that only SearchEvents has, which AWS hasn't.
	"Boolean":      {},
	"Context":      {Max: 8, Key: "Text", Value: "ContextValue"},
	"ContextValue": {Max: 8192},
	"Page":         {Min: 1, Max: 50},
	"Text":         {Min: 1, Max: 2048},
}
