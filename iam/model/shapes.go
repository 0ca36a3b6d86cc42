package model

import "claviger/internal/shape"

// shapes are the constraints of IAM's model, API version 2010-05-08, by AWS shape name.
var shapes = shape.Table{
	"accessKeyIdType": {Min: 16, Max: 128, Pattern: `[\w]+`},
	"arnType":         {Min: 20, Max: 2048},
	"idType":          {Min: 1, Max: 128},
	"principalType":   {Enum: []string{"Root", "IAMUser"}},
	"statusType":      {Enum: []string{"Active", "Inactive"}},
}
