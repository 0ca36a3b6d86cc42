package sts

import (
	"claviger/iam/webidentity"
	"claviger/internal/op"

	"github.com/go-json-experiment/json"
)

// recordClaims has the record say what the token asked for: CloudTrail shows it among the
// parameters, as if the request said it.
func recordClaims(c *op.Call, said *webidentity.Claims) {
	record(c, struct {
		PrincipalTags     map[string]string `json:"principalTags,omitempty"`
		TransitiveTagKeys []string          `json:"transitiveTagKeys,omitempty"`
		SourceIdentity    string            `json:"sourceIdentity,omitempty"`
	}{said.SessionTags, said.TransitiveTagKeys, said.SourceIdentity})
}

// recordIncoming has the record of an AssumeRole say which tags the caller's session hands on.
func recordIncoming(c *op.Call) {
	if c.Caller.Session == nil {
		return
	}
	incoming := map[string]string{}
	for _, key := range c.Caller.Session.Transitive {
		incoming[key] = c.Caller.Session.Tags[key]
	}
	record(c, struct {
		IncomingTransitiveTags map[string]string `json:"incomingTransitiveTags,omitempty"`
	}{incoming})
}

// record adds to the parameters of the record, unless there is nothing. Texts and maps of texts
// always have a form in JSON.
func record(c *op.Call, asked any) {
	if object, err := json.Marshal(asked, json.Deterministic(true)); err == nil && len(object) > 2 {
		c.Asked(object)
	}
}
