package dispatch

import (
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"claviger/internal/delivery"
)

// RotationToken is the ClientRequestToken of the rotation that a message begins, and so the id of
// the secret's next version: the same whenever the message is delivered, and known from all others.
func RotationToken(m delivery.Message, by Context) string {
	of := strings.Join([]string{by.RuleARN, by.TargetID, m.Receiver, m.ID}, "\n")
	return "events-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(of)).String()
}

// rotated finds what [RotationToken] has made.
var rotated = regexp.MustCompile(
	`events-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// done is what tells apart what somebody did and what a rotation does.
type done struct {
	EventType string `json:"eventType"`
	Source    string `json:"eventSource"`
	Name      string `json:"eventName"`
	Time      string `json:"eventTime"`
	ReadOnly  bool   `json:"readOnly"`
	Identity  struct {
		Type string `json:"type"`
	} `json:"userIdentity"`
	Additional struct {
		ARNs []string `json:"resourceARNs"`
	} `json:"additionalEventData"`
}

// rotates reports whether an event, whose text is given too, may begin the rotation of a secret,
// and if it tells that the secret was read, when that was. A rotation makes events itself, and a
// rule that matches them would rotate one secret, or two by turns, without an end:
//
//   - What names a version that a rule had made follows from that rotation. Every change that a
//     function makes of the secret names it.
//   - What a service does by itself is recorded as calls of its own. That a secret is rotated by
//     its schedule or by somebody is told besides, by RotationStarted and what follows it.
//   - Copies and old versions follow a rotation, and name another version or none.
//   - A function reads the secret and others. A read rotates what was read and nothing else, and
//     not if it was within a rotation, which who rotates the secret finds out.
func (f *facts) rotates(text []byte, secretARN string) (readAt string, ok bool) {
	if strings.HasPrefix(f.Source, "aws.") && (f.DetailType == apiCall ||
		f.DetailType == serviceEvent) {
		var r done
		if json.Unmarshal(f.Detail, &r) != nil {
			return "", false
		}
		switch {
		case r.Identity.Type == "AWSService":
			return "", false
		case r.EventType == "AwsServiceEvent" && r.Source == "secretsmanager.amazonaws.com" &&
			!strings.Contains(r.Name, "Rotation"):
			return "", false
		case r.ReadOnly:
			return r.Time, slices.Contains(r.Additional.ARNs, secretARN)
		}
	}
	return "", !rotated.Match(text)
}
