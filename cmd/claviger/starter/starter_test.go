package starter

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	rules "claviger/alarms/starter"
	"claviger/cmd/claviger/terminal"
	"claviger/events/rule"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/shim"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/miekg/pkcs11"
)

// set is a set on a service of its own.
func set(t *testing.T) *Set {
	t.Helper()
	return setOf(t, servicetest.Start(t))
}

func setOf(t *testing.T, s *servicetest.Server) *Set {
	t.Helper()
	made, err := Open(t.Context(), aws.Config{Region: servicetest.Region, BaseEndpoint: &s.URL,
		Credentials: credentials.StaticCredentialsProvider{Value: s.Root}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// says performs something and returns what was said, without its last line, and how many lines
// begin with each mark.
func says(t *testing.T, do func(*terminal.Terminal) error) (text string, marks map[string]int) {
	t.Helper()
	var out, notes bytes.Buffer
	if err := do(&terminal.Terminal{Out: &out, Err: &notes}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	marks = map[string]int{}
	for line := range strings.Lines(out.String()) {
		marks[line[:1]]++
	}
	return out.String() + notes.String(), marks
}

// Enabling shows what is missing and does it, and finds nothing to do then.
func TestEnable_Twice_ChangesNothingTheSecondTime(t *testing.T) {
	s := set(t)
	w := Wanted{Topic: "alarms", Yes: true}
	enable := func(t2 *terminal.Terminal) error { return s.Enable(t.Context(), w, t2) }
	all := len(rules.Rules())

	w.DryRun = true
	text, marks := says(t, enable)
	if marks[isNew] != 2+2*all || marks[isThere] != 0 || !strings.Contains(text, "Nothing was done") {
		t.Errorf("before: %s", text)
	}
	w.DryRun = false
	if text, marks = says(t, enable); marks[isNew] != 2+2*all {
		t.Errorf("the first time: %s", text)
	}
	text, marks = says(t, enable)
	if marks[isThere] != 2+all || len(marks) != 1 || !strings.Contains(text, "as it should be") {
		t.Errorf("the second time: %s", text)
	}
	policy, err := s.policy(t.Context(), s.arn("sns", "alarms"))
	if err != nil || !regexp.MustCompile(`"events.amazonaws.com"`).MatchString(policy) ||
		strings.Count(policy, `"Sid"`) < 2 {
		t.Errorf("the topic's policy is %s, %v", policy, err)
	}
}

// What somebody has changed of the set is put right, and what is his own stays.
func TestEnable_ChangedByHand_IsPutRight(t *testing.T) {
	s := set(t)
	w := Wanted{Topic: "alarms", Yes: true}
	enable := func(t2 *terminal.Terminal) error { return s.Enable(t.Context(), w, t2) }
	says(t, enable)
	const one, two = "claviger-root", "claviger-clock"
	other := s.arn("sns", "other")
	if _, err := s.topics.CreateTopic(t.Context(),
		&sns.CreateTopicInput{Name: aws.String("other")}); err != nil {
		t.Fatal(err)
	}
	if err := s.putTarget(t.Context(), one, types.Target{Id: aws.String("mine"),
		Arn: &other}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.events.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String(one),
		EventPattern: aws.String(`{"source":["mine"]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.events.DisableRule(t.Context(),
		&eventbridge.DisableRuleInput{Name: aws.String(two)}); err != nil {
		t.Fatal(err)
	}
	text, marks := says(t, enable)
	if marks[changes] != 2 || marks[isNew] != 0 {
		t.Errorf("%s", text)
	}
	for _, r := range rules.Rules() {
		is, err := s.look(t.Context(), r)
		if err != nil || !is.isOn || is.pattern != r.Pattern ||
			r.Name == one && is.targets["mine"] != other {
			t.Errorf("%+v, %v", is, err)
		}
	}
}

func TestDisable_EnabledSet_IsOffAndThenGone(t *testing.T) {
	s := set(t)
	all := len(rules.Rules())
	disable := func(deletes bool) func(*terminal.Terminal) error {
		return func(t2 *terminal.Terminal) error {
			return s.Disable(t.Context(), Wanted{Deletes: deletes, Yes: true}, t2)
		}
	}
	list := func(t2 *terminal.Terminal) error { return s.List(t.Context(), t2) }
	if text, marks := says(t, disable(false)); marks[isThere] != all {
		t.Errorf("without a set: %s", text)
	}
	says(t, func(t2 *terminal.Terminal) error {
		return s.Enable(t.Context(), Wanted{Topic: "alarms", Yes: true}, t2)
	})
	if text, _ := says(t, list); strings.Count(text, " enabled ") != all ||
		strings.Count(text, "to "+s.arn("sns", "alarms")) != all {
		t.Errorf("%s", text)
	}
	if text, marks := says(t, disable(false)); marks[changes] != all {
		t.Errorf("%s", text)
	}
	if text, _ := says(t, list); strings.Count(text, " disabled ") != all {
		t.Errorf("%s", text)
	}
	if text, marks := says(t, disable(true)); marks[goes] != all {
		t.Errorf("%s", text)
	}
	if text, _ := says(t, list); strings.Count(text, " absent ") != all {
		t.Errorf("%s", text)
	}
}

// Nobody who can be asked, nothing done.
func TestEnable_NobodyToAsk_DoesNothing(t *testing.T) {
	s := set(t)
	var out bytes.Buffer
	err := s.Enable(t.Context(), Wanted{Topic: "alarms"}, &terminal.Terminal{Out: &out, Err: &out})
	if err == nil {
		t.Error("it was done")
	}
	if text, _ := says(t, func(t2 *terminal.Terminal) error {
		return s.List(t.Context(), t2)
	}); strings.Contains(text, "enabled") {
		t.Errorf("%s", text)
	}
}

// What happens rings: from the request over the trail, the event and the rule into a file.
func TestEnable_ThingsThatHappen_ReachTheLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.log")
	server := servicetest.Start(t, func(c *service.Config) {
		c.EventTargets = []service.EventTarget{{Kind: rule.LogFile, Name: "alarms", File: path}}
		c.Alarms.Denied = 3
	})
	s := setOf(t, server)
	says(t, func(t2 *terminal.Terminal) error {
		return s.Enable(t.Context(), Wanted{Topic: "alarms", Log: "alarms", Yes: true}, t2)
	})
	nobody := server.KMS(server.AsNobody())
	for range 3 {
		if _, err := nobody.ListKeys(t.Context(), &kms.ListKeysInput{}); err == nil {
			t.Fatal("nobody may list keys")
		}
	}
	server.Clock.Jump(3 * time.Hour)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text, _ := os.ReadFile(path)
		if denied, doubted := bytes.Count(text, []byte(`"detail-type":"Denied Requests"`)),
			bytes.Count(text, []byte(`"state":"DOUBTED"`)); denied == 1 && doubted == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the file has\n%s", text)
		}
	}
}

// A device that goes away is told of while it is away: neither the event nor the rule nor the file
// needs it.
func TestEnable_DeviceThatGoes_IsToldWhileItIsAway(t *testing.T) {
	device := shim.New(t)
	token := hsmtest.SoftHSM(t)
	token.Module = device.Module()
	path := filepath.Join(t.TempDir(), "events.log")
	server := servicetest.StartOn(t, token, func(c *service.Config) {
		c.EventTargets = []service.EventTarget{{Kind: rule.LogFile, Name: "alarms", File: path}}
	})
	s := setOf(t, server)
	says(t, func(t2 *terminal.Terminal) error {
		return s.Enable(t.Context(), Wanted{Topic: "alarms", Log: "alarms", Yes: true}, t2)
	})
	awaits := func(state string) {
		t.Helper()
		want := []byte(`"detail-type":"Device State Change"`)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			text, _ := os.ReadFile(path)
			if bytes.Contains(text, want) && bytes.Contains(text, []byte(`"state":"`+state+`"`)) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no %s; the token is %v, and the file has\n%s", state,
					server.Service().Token.Ready(), text)
			}
		}
	}
	device.Set(shim.Gone(pkcs11.CKR_DEVICE_REMOVED))
	awaits("UNAVAILABLE")
	device.Clear()
	awaits("AVAILABLE")
}
