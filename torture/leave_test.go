package torture

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestLeave_ClientsOfASlowDevice_CostOthersNothing: a client that leaves while its call is at work,
// or while its key is being brought to the token, renews nothing for anybody.
func TestLeave_ClientsOfASlowDevice_CostOthersNothing(t *testing.T) {
	t.Parallel()
	leavers, while := 36, 3*time.Second
	if driver.Whole() {
		leavers, while = 400, 20*time.Second
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh})
	w := prepare(t, s)
	var keys []*string
	for range leavers {
		made, err := w.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})
		accepted(t, err)
		keys = append(keys, made.KeyMetadata.KeyId)
	}
	s.kill() // no key is on the token any more
	s.start()
	w.kms, w.secrets = s.kms(), s.secrets()

	sh.Set(shim.Slow(20 * time.Millisecond))
	staying := begin(t, 3, []request{{"Decrypt", w.decrypts(w.blob, plain)},
		{"Sign by ECDSA", w.signsECDSA}, {"GenerateMac", w.macs}},
		func(r request, v verdict) { f.add(r.name, "clients leave", v) })
	staying.rate(time.Second)
	before := staying.rate(while)
	logins, from := sh.Calls("C_Login"), len(s.log())
	random := rand.New(rand.NewPCG(12, 1))
	var over sync.WaitGroup
	over.Go(func() {
		for _, id := range keys {
			ctx, cancel := context.WithTimeout(t.Context(),
				time.Duration(1+random.IntN(150))*time.Millisecond)
			_, _ = w.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte(plain)})
			cancel()
			time.Sleep(while/time.Duration(leavers) - 75*time.Millisecond)
		}
	})
	during := staying.rate(while)
	over.Wait()
	staying.stop()
	sh.Clear()
	renewed := int(sh.Calls("C_Login") - logins)
	for line := range strings.Lines(s.log()[from:]) {
		if strings.Contains(line, "the token ") {
			t.Log(line)
		}
	}
	if renewed > 0 {
		t.Errorf("%d renewals because of clients that left", renewed)
	}
	if _, err := wellAgain(t, f, "afterwards", append(w.takeKept(), w.requests()...)); err != nil {
		t.Errorf("not well again: %v", err)
	}
	f.conclude(t)
	driver.Report(t, "leave", "With a device of 20 ms a call, clients left while their key was brought to the "+
		"token or their call was at work there, and three others stayed.",
		"clients that left", leavers, "renewals of the token", renewed,
		"answers a second to those who stayed, before", before, "and meanwhile", during,
		"wrong answers", f.wrong)
}
