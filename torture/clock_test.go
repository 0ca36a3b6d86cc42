package torture

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"
	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// unkind is a server whose clock does what it likes, and what waits there for its deletion. It runs
// in this process: nobody but root sets the clock of another one.
type unkind struct {
	*servicetest.Server
	t       *testing.T
	keys    []string
	blobs   [][]byte
	secrets []string

	off    time.Duration // of the clock
	doubts int
}

// schedule makes keys and secrets and has them deleted in 7 to 30 days.
func (u *unkind) schedule(n int) {
	u.t.Helper()
	ctx, k, m := u.t.Context(), u.KMS(), u.SecretsManager()
	for i := range n {
		days := int32(7 + i%24)
		window := int64(days)
		made, err := k.CreateKey(ctx, &kms.CreateKeyInput{})
		accepted(u.t, err)
		id := *made.KeyMetadata.KeyId
		sealed, err := k.Encrypt(ctx, &kms.EncryptInput{KeyId: &id, Plaintext: []byte("kept")})
		accepted(u.t, err)
		_, err = k.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &id,
			PendingWindowInDays: &days})
		accepted(u.t, err)
		u.keys, u.blobs = append(u.keys, id), append(u.blobs, sealed.CiphertextBlob)

		name, value := fmt.Sprintf("doomed-%d", len(u.secrets)), "kept"
		_, err = m.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name,
			SecretString: &value})
		accepted(u.t, err)
		_, err = m.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &name,
			RecoveryWindowInDays: &window})
		accepted(u.t, err)
		u.secrets = append(u.secrets, name)
	}
}

// jump sets the clock to at most 60 days beside the true time.
func (u *unkind) jump(to time.Duration) {
	u.Clock.Jump(to - u.off)
	u.off = to
	u.RunDueJobs(u.t)
	if strings.HasPrefix(u.Service().Clock().Doubt, "the clock shows") {
		u.doubts++
	}
}

// lost counts what can't be had back, and takes back every deletion.
func (u *unkind) lost() (lost int) {
	ctx, k, m := u.t.Context(), u.KMS(), u.SecretsManager()
	for i, id := range u.keys {
		_, err := k.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &id})
		if err == nil {
			_, err = k.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &id})
		}
		var out *kms.DecryptOutput
		if err == nil {
			out, err = k.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: u.blobs[i]})
		}
		if err != nil || string(out.Plaintext) != "kept" {
			u.t.Errorf("the key %s: %v", id, err)
			lost++
		}
	}
	for _, name := range u.secrets {
		_, err := m.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &name})
		var out *secretsmanager.GetSecretValueOutput
		if err == nil {
			out, err = m.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		}
		if err != nil || *out.SecretString != "kept" {
			u.t.Errorf("the secret %s: %v", name, err)
			lost++
		}
	}
	return lost
}

// TestClock_Jumps_LoseNothing: the clock jumps by up to two months, ahead and back, the service and
// the machine start anew in between, and more is scheduled for deletion while the clock is wrong.
// It all takes less than a day, so that no window is over. Then the clock comes back.
func TestClock_Jumps_LoseNothing(t *testing.T) {
	rounds, jumps := 1, 12
	if driver.Whole() {
		rounds, jumps = 25, 20
	}
	const most = 60 * 24 * time.Hour
	all, starts, doubts, lost, scheduled := 0, 0, 0, 0, 0
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), 7))
		u := &unkind{Server: servicetest.Start(t), t: t}
		u.schedule(4)
		for range jumps {
			u.jump(time.Duration(r.Int64N(int64(2*most))) - most)
			all++
			switch r.IntN(4) {
			case 0:
				u.Restart(t, nil)
				starts++
			case 1:
				off := time.Duration(r.Int64N(int64(20 * time.Minute)))
				u.Restart(t, func() { u.Clock.Boot(); u.Clock.Advance(off) })
				starts++
			case 2:
				u.schedule(1)
			}
			u.Clock.Advance(time.Duration(r.Int64N(int64(30 * time.Minute))))
			u.RunDueJobs(t)
		}
		u.jump(0)
		u.RunDueJobs(t)
		doubts, scheduled = doubts+u.doubts, scheduled+len(u.keys)+len(u.secrets)
		lost += u.lost()
	}
	if doubts == 0 {
		t.Error("no jump was doubted")
	}
	driver.Report(t, "clock", "The clock of a service jumped by up to 60 days, ahead and back, while keys and "+
		"secrets waited for their deletion in 7 to 30 days, and starts of the service and of the "+
		"machine came between.", "jumps", all, "starts in between", starts, "jumps that were doubted",
		doubts, "keys and secrets", scheduled, "lost", lost)
}
