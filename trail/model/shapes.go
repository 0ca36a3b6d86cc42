package model

import "claviger/internal/shape"

// shapes are the constraints of the model of CloudTrail, API version 2013-11-01, by AWS shape name.
// What the model has no bounds for, such as a trail's name, the service itself refuses.
var shapes = shape.Table{
	"Boolean":       {},
	"Date":          {},
	"String":        {},
	"TrailNameList": {Member: "String"},
}
