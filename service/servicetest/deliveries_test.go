package servicetest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/events/rule"
	"claviger/internal/delivery"
	"claviger/internal/outbound"
	"claviger/internal/outbound/outboundtest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// site is a server with a receiver outside that it may call, and a log file.
type site struct {
	*testing.T
	*servicetest.Server
	hook *outboundtest.Receiver
	log  string
}

const logGroup = "/aws/events/all"

func startSite(t *testing.T) *site {
	s := &site{T: t, hook: outboundtest.Start(t), log: filepath.Join(t.TempDir(), "events.log")}
	door, err := outbound.New([]outbound.Allowed{{URL: s.hook.URL + "/hooks/", Private: true,
		Roots: outboundtest.Authority()}})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = servicetest.Start(t, func(c *service.Config) {
		c.Outbound = door
		c.EventTargets = []service.EventTarget{{Kind: rule.LogFile, Name: logGroup, File: s.log}}
	})
	return s
}

// asks performs an operation of EventBridge, and returns a member of its answer.
func (s *site) asks(operation, member string, in map[string]any) string {
	s.Helper()
	a := s.Do(s.T, "AWSEvents."+operation, in)
	if a.Status != 200 {
		s.Fatalf("%s: %s", operation, a.Body)
	}
	if member == "" {
		return ""
	}
	return a.Text(member)
}

// sends makes a rule that sends what matches to the receiver and to the log file.
func (s *site) sends(name, pattern string) (destination string) {
	s.Helper()
	con := s.asks("CreateConnection", "ConnectionArn", map[string]any{"Name": name,
		"AuthorizationType": "API_KEY", "AuthParameters": map[string]any{
			"ApiKeyAuthParameters": map[string]any{"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}})
	destination = s.asks("CreateApiDestination", "ApiDestinationArn", map[string]any{"Name": name,
		"ConnectionArn": con, "InvocationEndpoint": s.hook.URL + "/hooks/" + name, "HttpMethod": "POST"})
	s.asks("PutRule", "", map[string]any{"Name": name, "EventPattern": pattern})
	s.asks("PutTargets", "", map[string]any{"Rule": name, "Targets": []map[string]any{
		{"Id": "hook", "Arn": destination, "RetryPolicy": map[string]any{"MaximumRetryAttempts": 5}},
		{"Id": "log", "Arn": "arn:aws:logs:" + servicetest.Region + ":" + servicetest.Account +
			":log-group:" + logGroup}}})
	return destination
}

// eventNames are those of events, in their order.
func eventNames(t *testing.T, events []string) (all []string) {
	t.Helper()
	for _, text := range events {
		var e struct {
			Source string
			Detail struct{ EventName string }
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, e.Detail.EventName)
	}
	return all
}

// until waits for something that happens a moment later.
func (s *site) until(what string, is func() bool) {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			d, err := s.Service().Deliveries(delivery.Which{})
			s.Fatalf("not in a minute: %s. The receiver has %q, the file %q, and deliveries are %+v: %v",
				what, s.hook.Taken(), s.logged(), d, err)
		}
	}
}

func (s *site) logged() []string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestDeliveries_ChangesOfAKey_ReachWhoARuleSaysInOrder, also when the receiver was away meanwhile
// and the service was started anew.
func TestDeliveries_ChangesOfAKey_ReachWhoARuleSaysInOrder(t *testing.T) {
	s := startSite(t)
	key, err := s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	s.sends("keys", `{"source":["aws.kms"],"detail":{"eventName":["DisableKey","EnableKey"],`+
		`"resources":{"ARN":["`+*key.KeyMetadata.Arn+`"]}}}`)
	change := func(enable bool) {
		t.Helper()
		var err error
		if enable {
			_, err = s.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId})
		} else {
			_, err = s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change(false)
	s.until("the first event", func() bool { return len(s.hook.Taken()) == 1 && len(s.logged()) == 1 })
	s.hook.Is(outboundtest.Broken)
	change(true)
	s.until("a failure", func() bool {
		d, err := s.Service().Deliveries(delivery.Which{})
		return err == nil && d.Waiting > 0 && d.Failed > 0
	})
	s.Restart(t, nil)
	change(false)
	change(true)
	if _, err := s.KMS().Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: []byte("x"),
		KeyId: key.KeyMetadata.KeyId}); err == nil {
		t.Error("a text was decrypted that is none")
	}
	s.hook.Is(outboundtest.Well)
	want := []string{"DisableKey", "EnableKey", "DisableKey", "EnableKey"}
	s.until("what waited", func() bool {
		s.Clock.Jump(time.Second)
		return len(s.hook.Taken()) == len(want) && len(s.logged()) == len(want)
	})
	for _, got := range [][]string{s.hook.Taken(), s.logged()} {
		if all := eventNames(t, got); !slices.Equal(all, want) {
			t.Errorf("received were %v", all)
		}
	}
	if got, line := s.hook.Taken()[3], s.logged()[3]; got != line {
		t.Errorf("the receiver has\n%s and the file\n%s", got, line)
	}
}

// TestDeliveries_ThatDie_AreKeptAndTriedAgainWhenAsked.
func TestDeliveries_ThatDie_AreKeptAndTriedAgainWhenAsked(t *testing.T) {
	s := startSite(t)
	s.hook.Is(outboundtest.Refuses)
	arn := s.sends("own", `{"source":["our.shop"]}`)
	s.asks("PutEvents", "", map[string]any{"Entries": []map[string]any{{"Source": "our.shop",
		"DetailType": "Order", "Detail": `{"number":1}`}}})
	var letters []delivery.DeadLetter
	s.until("the dead letter", func() bool {
		d, err := s.Service().Deliveries(delivery.Which{Receiver: arn})
		letters = d.Letters
		return err == nil && d.Dead == 1
	})
	if l := letters[0]; l.Code != delivery.ErrorFromTarget || l.Attempts != 1 || l.Exhausted != "" ||
		!strings.Contains(l.Text, "400") || !strings.Contains(string(l.Body), `"number":1`) {
		t.Errorf("the letter is %+v", l)
	}
	s.hook.Is(outboundtest.Well)
	n, err := s.Service().Redrive(delivery.Which{Account: servicetest.Account})
	if n != 1 || err != nil {
		t.Fatalf("raised were %d: %v", n, err)
	}
	s.until("its arrival", func() bool { return len(s.hook.Taken()) == 1 })
	if got := s.hook.Taken()[0]; got != string(letters[0].Body) {
		t.Errorf("received was %s", got)
	}
}

// TestDeliveries_TargetWithDeadLetters_HasThemDelivered, with EventBridge's reasons, whether it was
// tried or nothing could be made of the event; and they stay among the service's own.
func TestDeliveries_TargetWithDeadLetters_HasThemDelivered(t *testing.T) {
	s := startSite(t)
	s.hook.Is(outboundtest.Refuses)
	arn := s.sends("own", `{"source":["our.shop"],"detail-type":["Order"]}`)
	dead := map[string]any{"Arn": "arn:aws:logs:" + servicetest.Region + ":" + servicetest.Account +
		":log-group:" + logGroup}
	s.asks("RemoveTargets", "", map[string]any{"Rule": "own", "Ids": []string{"log"}})
	s.asks("PutTargets", "", map[string]any{"Rule": "own", "Targets": []map[string]any{
		{"Id": "hook", "Arn": arn, "DeadLetterConfig": dead},
		{"Id": "made", "Arn": arn, "DeadLetterConfig": dead, "InputTransformer": map[string]any{
			"InputPathsMap": map[string]string{"list": "$.detail.list"}, "InputTemplate": `{"a":"<list>"}`}}}})
	s.asks("PutEvents", "", map[string]any{"Entries": []map[string]any{{"Source": "our.shop",
		"DetailType": "Order", "Detail": `{"number":1,"list":[1]}`}}})
	s.until("the letters", func() bool { return len(s.logged()) == 2 })
	codes := map[string]bool{}
	for _, line := range s.logged() {
		var l struct {
			RULE_ARN, TARGET_ARN, ERROR_CODE, ERROR_MESSAGE string
			RETRY_ATTEMPTS                                  int
			Body                                            struct{ Detail struct{ Number int } }
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		codes[l.ERROR_CODE] = true
		if !strings.HasSuffix(l.RULE_ARN, ":rule/own") || l.TARGET_ARN != arn ||
			l.ERROR_MESSAGE == "" || l.RETRY_ATTEMPTS != 0 || l.Body.Detail.Number != 1 {
			t.Errorf("the letter is %s", line)
		}
	}
	if !codes[delivery.ErrorFromTarget] || !codes[delivery.InvalidJSON] {
		t.Errorf("the reasons are %v", codes)
	}
	if d, err := s.Service().Deliveries(delivery.Which{}); err != nil || d.Dead != 2 {
		t.Errorf("the service has %d: %v", d.Dead, err)
	}
}

// TestDeliveries_AddressThatIsNotListed_IsNeverCalled, and the dead letter says what to write.
func TestDeliveries_AddressThatIsNotListed_IsNeverCalled(t *testing.T) {
	s := startSite(t)
	s.sends("own", `{"source":["our.shop"]}`)
	s.asks("UpdateApiDestination", "", map[string]any{"Name": "own",
		"InvocationEndpoint": s.hook.URL + "/other"})
	s.asks("PutEvents", "", map[string]any{"Entries": []map[string]any{{"Source": "our.shop",
		"DetailType": "Order", "Detail": `{}`}}})
	s.until("the dead letter", func() bool {
		s.Clock.Jump(10 * time.Second)
		d, err := s.Service().Deliveries(delivery.Which{})
		return err == nil && d.Dead == 1 && d.Letters[0].Code == delivery.NoPermissions &&
			d.Letters[0].Exhausted == "MaximumRetryAttempts"
	})
	if len(s.hook.Seen()) != 0 {
		t.Errorf("it was called: %v", s.hook.Seen())
	}
}
