package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestKilled_WhileAStoreConnects_GoesOnAtOnce with the next start, which is no failed attempt: what
// the dead process held is nobody's. The login to the store's cluster hangs when it dies.
func TestKilled_WhileAStoreConnects_GoesOnAtOnce(t *testing.T) {
	t.Parallel()
	const cluster = "cluster-abcdefghijk"
	device := shim.New(t)
	s := initialised(t)
	s.tool("--init-token", "--free", "--label", "cluster", "--so-pin", officerPIN, "--pin", userPIN)
	s.add("[[clusters]]\nid = \"" + cluster + "\"\nmodule = \"" + device.Module() +
		"\"\ntoken_labels = [\"cluster\"]\nsingle = true\n")
	p := s.start(s.serve()...)
	k := s.kms("http://"+p.address(), http.DefaultClient)
	made, err := k.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("store"), CloudHsmClusterId: aws.String(cluster),
		KeyStorePassword: aws.String(userPIN), TrustAnchorCertificate: aws.String("an anchor")})
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		t.Helper()
		out, err := k.DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{
			CustomKeyStoreId: made.CustomKeyStoreId})
		if err != nil {
			t.Fatal(err)
		}
		return string(out.CustomKeyStores[0].ConnectionState)
	}
	within := func(what string, is func() bool) {
		t.Helper()
		// A lease would hold for two minutes.
		for end := time.Now().Add(40 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not so, and the store is %s:\n%s", what, state(), &p.stderr)
			}
		}
	}
	device.Set(shim.Rule{Functions: []string{"C_Login"}, Hang: true})
	if _, err := k.ConnectCustomKeyStore(t.Context(), &kms.ConnectCustomKeyStoreInput{
		CustomKeyStoreId: made.CustomKeyStoreId}); err != nil {
		t.Fatal(err)
	}
	within("the login hangs", func() bool { return device.Hanging() > 0 })
	if st := state(); st != "CONNECTING" {
		t.Fatalf("the store is %s", st)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	device.Clear()
	p = s.start(s.serve()...)
	k = s.kms("http://"+p.address(), http.DefaultClient)
	within("the store is connected", func() bool { return state() == "CONNECTED" })
	if log := p.stderr.String(); strings.Contains(log, "will be tried again") {
		t.Errorf("it failed on the way:\n%s", log)
	}
}
