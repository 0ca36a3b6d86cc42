package model

import "claviger/internal/op"

// refused are members and values that Secrets Manager has and that are refused here whatever else a
// request says, each with the error.
var refused = op.Refused{
	"AddReplicaRegions":                "InvalidParameterException",
	"ForceOverwriteReplicaSecret=true": "InvalidParameterException",
}
