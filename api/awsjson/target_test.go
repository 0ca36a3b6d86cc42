package awsjson

import (
	"net/http"
	"testing"

	"claviger/internal/op"
)

// TestRecognise_TargetWithDots_IsItsService: boto3 and the AWS CLI send all of CloudTrail's, and
// the SDK for Go what is behind the last dot.
func TestRecognise_TargetWithDots_IsItsService(t *testing.T) {
	dotted := &op.Service{Name: "dotted", Target: "com.amazonaws.dotted.v1.Dotted_1"}
	plain := &op.Service{Name: "plain", Target: "Plain"}
	p := &Protocol{services: map[string]*op.Service{}}
	for _, s := range []*op.Service{dotted, plain} {
		for _, prefix := range prefixes(s) {
			p.services[prefix] = s
		}
	}
	for target, want := range map[string]struct {
		service *op.Service
		name    string
	}{
		"com.amazonaws.dotted.v1.Dotted_1.Echo": {dotted, "Echo"},
		"Dotted_1.Echo":                         {dotted, "Echo"},
		"Plain.Echo":                            {plain, "Echo"},
		"Plain.Echo.Loudly":                     {plain, "Echo.Loudly"},
		"Plain.":                                {plain, ""},
		"com.amazonaws.dotted.v1.Echo":          {nil, "amazonaws.dotted.v1.Echo"},
		"com.amazonaws.dotted.v1.Dotted_1":      {nil, "amazonaws.dotted.v1.Dotted_1"},
		"Plain":                                 {plain, ""},
	} {
		r := &http.Request{Header: http.Header{"X-Amz-Target": {target}}}
		asked, ok := p.Recognise(r)
		if _, name := p.cut(target); !ok || asked.Service != want.service || name != want.name {
			t.Errorf("%s: service %+v, operation %q", target, asked.Service, name)
		}
	}
}
