package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestSecretsTroubleshoot_OnlineAndOffline_SaysTheSame: and names its Region or not.
func TestSecretsTroubleshoot_OnlineAndOffline_SaysTheSame(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := "http://" + p.address()
	for _, region := range []string{"us-east-1", "us-west-2"} {
		m := secretsmanager.New(secretsmanager.Options{BaseEndpoint: &address, Region: region,
			Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, "")})
		if _, err := m.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
			Name: aws.String("of-" + region)}); err != nil {
			t.Fatal(err)
		}
	}
	looks := func() {
		t.Helper()
		for _, args := range [][]string{{"of-us-east-1"}, {"of-us-west-2", "--region", "us-west-2"}} {
			said := s.administer(append([]string{"secrets", "troubleshoot"}, args...)...)
			if !strings.Contains(said, ":secret:"+args[0]+"-") ||
				!strings.Contains(said, "\nRotation was never turned on.\n") {
				t.Errorf("%v: %s", args, said)
			}
		}
		s.clear(s.run("secrets", "troubleshoot", "of-us-west-2", "--config", s.path("claviger.toml")),
			1, "Secrets Manager can't find the specified secret.")
	}
	looks()
	if code := p.stop(); code != 0 {
		t.Fatal(code)
	}
	looks()
	trail := s.run("audit", "tail", "--config", s.path("claviger.toml"), "-n", "1").stdout
	if !strings.Contains(trail, `"userAgent":"claviger secrets troubleshoot by `) {
		t.Errorf("the trail ends with %s", trail)
	}
	s.clear(s.run("secrets"), 2, "claviger secrets troubleshoot")
}
