package events

import (
	"maps"
	"slices"

	"claviger/internal/outbox"
	"claviger/secrets/secret"
)

// labelType is the detail-type of what EventBridge is told when a staging label moves, and
// labelMove its detail: Secrets Manager user guide, "Secret Label Updated event".
const labelType = "Secret Label Updated"

type labelMove struct {
	Name    string `json:"name"`
	Label   string `json:"labelUpdated"`
	Version string `json:"versionId"`
}

// LabelsMoved tells of each staging label that a change puts on another version than before, in
// order of the labels. As with AWS nothing is told of AWSPENDING and AWSPREVIOUS, which follow from
// other moves, nor of a label that is taken away.
func LabelsMoved(s *secret.Secret) (all []outbox.Event) {
	for _, label := range slices.Sorted(maps.Keys(s.Stages)) {
		version := s.Stages[label]
		if label == secret.Pending || label == secret.Previous || version == s.Before[label] ||
			version == s.Rotation.Empty {
			continue
		}
		all = append(all, outbox.Event{Account: s.Account, Region: s.Region,
			Source: "aws.secretsmanager", DetailType: labelType, Resources: []string{s.ARN()},
			Time:   s.Changed,
			Detail: labelMove{Name: s.Name, Label: label, Version: version}})
	}
	return all
}
