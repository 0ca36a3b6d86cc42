package servicetest_test

import (
	"maps"
	"testing"

	"claviger/internal/op"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// TestErrors_MessageMember_IsSpelledAsInTheModel: the SDK's types have of each error how AWS's
// model spells its message, and clients that are older than this SDK read nothing else.
func TestErrors_MessageMember_IsSpelledAsInTheModel(t *testing.T) {
	models := map[string]*smithy.TypeRegistry{"kms": kms.TypeRegistry,
		"secretsmanager": secretsmanager.TypeRegistry, "ssm": ssm.TypeRegistry, "events": eventbridge.TypeRegistry}
	services := map[string]*op.Service{}
	for _, n := range routed(servicetest.Start(t)) {
		services[n.Service.Name] = n.Service
	}
	for name, service := range services {
		if service.Target == "" {
			continue // the members of XML have one spelling
		}
		if name == "cloudtrail" {
			continue // the SDK's client that there is tells nothing of its model
		}
		model, ok := models[name]
		if !ok {
			t.Errorf("add the SDK's types of %s to models", name)
			continue
		}
		codes := maps.Clone(service.Failures)
		maps.Copy(codes, service.Failing())
		for code := range service.Spelled {
			codes[code] = op.Failure{}
		}
		compared := 0
		for code := range codes {
			entry, ok := model.LookupEntry(code)
			if !ok {
				continue
			}
			for _, other := range []string{"message", "Message"} {
				if entry.Schema.Member(other) == nil {
					continue
				}
				compared++
				if got := service.MessageMember(code); got != other {
					t.Errorf("%s of %s has its message in %s, and the model in %s", code, name, got, other)
				}
			}
		}
		if compared < len(codes)/2 {
			t.Errorf("%s: only %d of %d errors are in the SDK's types", name, compared, len(codes))
		}
	}
}
