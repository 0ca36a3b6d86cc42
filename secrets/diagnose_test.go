package secrets_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/rotation/rotator"
)

// diagnose asks as a command of whoever runs the service does.
func (s *service) diagnose(id string) diagnosis.Diagnosis {
	s.T.Helper()
	d, err := s.secrets.DiagnoseRotation(
		s.Runner.Own(context.Background(), account, region, "secretsmanager"), id)
	if err != nil {
		s.T.Fatal(err)
	}
	return d
}

func TestDiagnoseRotation_FailingTarget_SaysWhyAndNoValue(t *testing.T) {
	s, target := startRotating(t, nil)
	if d := s.diagnose("db"); len(d.State) != 1 || d.State[0] != "Rotation was never turned on." {
		t.Errorf("%+v", d)
	}
	target.fails = rotator.Errorf(rotator.ReadOnly, "the target takes no changes")
	s.rotate(M{"ClientRequestToken": v(2), "RotationLambdaARN": lambda("safe")})
	s.run()
	s.Clock.Pass(time.Millisecond)
	d := s.diagnose("db")
	f := d.Failure
	if f == nil || f.Reason != rotator.ReadOnly || f.Text != "the target takes no changes" ||
		f.Step != rotator.SetSecret || f.Attempts != 1 {
		t.Fatalf("%+v", d)
	}
	text, err := json.Marshal(d)
	if err != nil || strings.Contains(string(text), "first") {
		t.Errorf("%v: %s", err, text)
	}
	target.fails = nil
	s.rotate(M{"ClientRequestToken": v(2)})
	s.run()
	if d := s.diagnose("db"); d.Failure != nil || len(d.Advice) != 0 || d.Last.IsZero() {
		t.Errorf("it went well: %+v", d)
	}
	last := s.Records()[len(s.Records())-1]
	if !strings.Contains(last, `"eventName":"DescribeSecret"`) ||
		!strings.Contains(last, `"type":"AWSService"`) {
		t.Errorf("recorded as %s", last)
	}
}
