package servicetest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/clock"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

const week = 7 * 24 * time.Hour

// doomed is one of each thing that is deleted when its time has come.
type doomed struct {
	s        *servicetest.Server
	keys     []*string // windows of 7 and of 30 days
	blobs    [][]byte
	secrets  []string
	imported *string
	blob     []byte // under imported
	pair     *kms.ImportKeyMaterialInput
	name     string // of a parameter
}

func newDoomed(t *testing.T, s *servicetest.Server) *doomed {
	t.Helper()
	d := &doomed{s: s, name: "/doomed"}
	k, sm := s.KMS(), s.SecretsManager()
	for _, days := range []int32{7, 30} {
		key := createKey(t, k)
		d.keys, d.blobs = append(d.keys, key.KeyId), append(d.blobs, encrypt(t, k, key.KeyId, "x", nil))
		must(k.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId,
			PendingWindowInDays: &days}))(t)
		name := fmt.Sprint("doomed-", days)
		createSecret(t, sm, name, "x")
		must(sm.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name,
			RecoveryWindowInDays: aws.Int64(int64(days))}))(t)
		d.secrets = append(d.secrets, name)
	}
	d.imported = external(t, k, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	material, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
	in := newMaterial(t, k, d.imported, types.AlgorithmSpecRsaAesKeyWrapSha256, material)
	until := s.Clock.Now().Add(week).Truncate(time.Second)
	in.ExpirationModel, in.ValidTo = types.ExpirationModelTypeKeyMaterialExpires, &until
	must(k.ImportKeyMaterial(t.Context(), in))(t)
	d.blob = encrypt(t, k, d.imported, "x", nil)
	again := *in
	again.ImportType, again.ValidTo = types.ImportTypeExistingKeyMaterial, nil
	again.ExpirationModel = types.ExpirationModelTypeKeyMaterialDoesNotExpire
	d.pair = &again

	expires := fmt.Sprintf(`[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":%q}}]`,
		s.Clock.Now().Add(week).UTC().Format(time.RFC3339))
	must(s.ParameterStore().PutParameter(t.Context(), &ssm.PutParameterInput{Name: &d.name,
		Value: aws.String("x"), Type: "String", Tier: "Advanced", Policies: &expires}))(t)
	return d
}

// refusesAll holds that nothing is served whose time has come by the clock.
func (d *doomed) refusesAll(t *testing.T) {
	t.Helper()
	k, sm := d.s.KMS(), d.s.SecretsManager()
	for _, id := range d.keys {
		_, err := k.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: id})
		refused(t, err, "KMSInvalidStateException", "*")
	}
	for i := range d.secrets {
		_, err := sm.RestoreSecret(t.Context(),
			&secretsmanager.RestoreSecretInput{SecretId: &d.secrets[i]})
		refused(t, err, "ResourceNotFoundException", absent)
	}
	_, err := k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: d.blob})
	refused(t, err, "KMSInvalidStateException", "*")
	_, err = k.Encrypt(t.Context(), &kms.EncryptInput{KeyId: d.imported, Plaintext: d.blob[:8]})
	refused(t, err, "KMSInvalidStateException", "*")
	if m := describe(t, k, d.imported); m.KeyState != types.KeyStatePendingImport || m.ValidTo != nil {
		t.Errorf("the key of expired material is shown as %s until %v", m.KeyState, m.ValidTo)
	}
	_, err = k.ImportKeyMaterial(t.Context(), d.pair)
	refused(t, err, "ExpiredImportTokenException", "*")
	p := d.s.ParameterStore()
	_, err = p.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &d.name})
	refused(t, err, "ParameterNotFound", "*")
	_, err = p.GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{Name: &d.name})
	refused(t, err, "ParameterNotFound", "*")
	several := must(p.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{d.name}}))(t)
	below := must(p.GetParametersByPath(t.Context(),
		&ssm.GetParametersByPathInput{Path: aws.String("/")}))(t)
	if len(several.Parameters)+len(below.Parameters) > 0 {
		t.Errorf("an expired parameter is shown: %+v, %+v", several, below)
	}
}

// hasAll holds that everything is there, and can be had back.
func (d *doomed) hasAll(t *testing.T) {
	t.Helper()
	k, sm := d.s.KMS(), d.s.SecretsManager()
	for i, id := range d.keys {
		must(k.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: id}))(t)
		must(k.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: id}))(t)
		decrypts(t, k, d.blobs[i], "x")
	}
	for _, name := range d.secrets {
		must(sm.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &name}))(t)
		if got := secretValue(t, sm, name); got != "x" {
			t.Errorf("%s is %q", name, got)
		}
	}
	decrypts(t, k, d.blob, "x")
	if got := *getParameter(t, d.s.ParameterStore(), d.name).Value; got != "x" {
		t.Errorf("%s is %q", d.name, got)
	}
	must(k.ImportKeyMaterial(t.Context(), d.pair))(t)
}

// isGone holds that everything was deleted.
func (d *doomed) isGone(t *testing.T) {
	t.Helper()
	for _, id := range d.keys {
		_, err := d.s.KMS().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
		refused(t, err, "NotFoundException", "*")
	}
	for i := range d.secrets {
		_, err := d.s.SecretsManager().DescribeSecret(t.Context(),
			&secretsmanager.DescribeSecretInput{SecretId: &d.secrets[i]})
		refused(t, err, "ResourceNotFoundException", absent)
	}
	if got := must(d.s.ParameterStore().DescribeParameters(t.Context(),
		&ssm.DescribeParametersInput{}))(t).Parameters; len(got) > 0 {
		t.Errorf("there are parameters: %+v", got)
	}
}

// watched returns what /readyz says, which is ready, and the metric of doubts.
func watched(t *testing.T, s *servicetest.Server) (said, doubted string) {
	t.Helper()
	a := s.Send(t, servicetest.Request{Method: "GET", Path: "/readyz", Unsigned: true})
	if a.Status != 200 {
		t.Errorf("/readyz answers %d %s", a.Status, a.Body)
	}
	m := s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
	_, doubted, _ = strings.Cut(string(m.Body), "\nclaviger_clock_doubted ")
	doubted, _, _ = strings.Cut(doubted, "\n")
	return string(a.Body), doubted
}

// TestClock_JumpsAhead_DestroysNothing: it jumps far beyond all that waits for its time, the
// service and the machine start anew meanwhile, and the clock comes back.
func TestClock_JumpsAhead_DestroysNothing(t *testing.T) {
	s := servicetest.Start(t)
	d := newDoomed(t, s)
	if said, doubted := watched(t, s); said != "ok\n" || doubted != "0" {
		t.Errorf("at first: %q and %s", said, doubted)
	}
	s.Clock.Jump(5 * week)
	for _, between := range []func(){nil, func() {}, s.Clock.Boot} {
		if between != nil {
			s.Restart(t, between)
		}
		s.RunDueJobs(t)
		d.refusesAll(t)
		if said, doubted := watched(t, s); !strings.Contains(said, "840h") ||
			!strings.HasPrefix(said, "ok\nthe clock shows ") || doubted != "1" {
			t.Errorf("in doubt: %q and %s", said, doubted)
		}
		eventually(t, "the log says so", func() bool {
			return strings.Contains(s.Log.String(), "ahead of the time that is believed")
		})
	}
	s.Clock.Jump(-5 * week)
	s.RunDueJobs(t)
	if said, doubted := watched(t, s); said != "ok\n" || doubted != "0" {
		t.Errorf("back: %q and %s", said, doubted)
	}
	d.hasAll(t)
}

// TestClock_DoubtEnds_DeletesWhatIsDue: by somebody's command, and after a day.
func TestClock_DoubtEnds_DeletesWhatIsDue(t *testing.T) {
	for name, end := range map[string]func(*servicetest.Server){
		"accepted": func(s *servicetest.Server) {
			at := s.Mark(t)
			before := must(s.Service().AcceptClock(t.Context(), servicetest.Account, "claviger test"))(t)
			if before.Doubt == "" || s.Service().Clock().Doubt != "" {
				t.Errorf("%+v, and then %+v", before, s.Service().Clock())
			}
			records := s.Trail(t, at)
			if len(records) == 0 || records[0].EventName != "AcceptClock" ||
				!strings.Contains(records[0].Line, `"believed":"`) {
				t.Errorf("it is recorded as %+v", records)
			}
			if again := must(s.Service().AcceptClock(t.Context(), servicetest.Account,
				"claviger test"))(t); again.Doubt != "" || len(s.Trail(t, s.Mark(t))) > 0 {
				t.Errorf("once more: %+v", again)
			}
		},
		"kept pace": func(s *servicetest.Server) { s.Clock.Advance(clock.Agreement) },
	} {
		t.Run(name, func(t *testing.T) {
			s := servicetest.Start(t)
			d := newDoomed(t, s)
			s.Restart(t, func() { s.Clock.Boot(); s.Clock.Advance(5 * week) })
			s.RunDueJobs(t)
			for _, id := range d.keys {
				describe(t, s.KMS(), id)
			}
			end(s)
			s.RunDueJobs(t)
			d.isGone(t)
			s.Restart(t, nil)
			if said, _ := watched(t, s); said != "ok\n" {
				t.Errorf("after a restart: %q", said)
			}
		})
	}
}

// TestClock_SetBack_DeadlinesMadeThenComeNoEarlier: what is scheduled while the clock is slow is
// not due once it is right again.
func TestClock_SetBack_DeadlinesMadeThenComeNoEarlier(t *testing.T) {
	s := servicetest.Start(t)
	createKey(t, s.KMS())
	for _, between := range []func(){func() {}, s.Clock.Boot} {
		s.Clock.Jump(-2 * week)
		s.Restart(t, between)
		d := newDoomed(t, s)
		if said, _ := watched(t, s); said != "ok\n" {
			t.Errorf("a slow clock destroys nothing early: %q", said)
		}
		s.Clock.Jump(2 * week)
		s.RunDueJobs(t)
		for i, id := range d.keys {
			at := describe(t, s.KMS(), id).DeletionDate
			if want := s.Clock.Now().Add([]time.Duration{7, 30}[i] * 24 * time.Hour); !about(*at, want) {
				t.Errorf("a key is deleted at %v, want %v", at, want)
			}
		}
		for _, name := range d.secrets {
			must(s.SecretsManager().RestoreSecret(t.Context(),
				&secretsmanager.RestoreSecretInput{SecretId: &name}))(t)
			must(s.SecretsManager().DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{
				SecretId: &name, ForceDeleteWithoutRecovery: aws.Bool(true)}))(t)
		}
	}
}

// TestJobs_EveryKind_IsDestructiveOrNot: a new kind says which. What it destroys when its time has
// come, nobody brings back; what replaces a value, a copy or a connection by a newer one destroys
// nothing.
func TestJobs_EveryKind_IsDestructiveOrNot(t *testing.T) {
	want := map[string]bool{
		"kms:DeleteKey": true, "kms:DestroyKeyMaterial": true, "kms:ExpireImportedKeyMaterial": true,
		"kms:DeleteImportPair": true, "secretsmanager:DeleteSecret": true,
		"ssm:ParameterPolicies": true, "sns:ExpireSubscription": true,

		"kms:RotateKey": false, "kms:ConnectCustomKeyStore": false,
		"kms:DisconnectCustomKeyStore": false, "secretsmanager:RotateSecret": false,
		"secretsmanager:ReplicateSecretToRegions": false, "events:ScheduledEvent": false,
	}
	for kind, job := range servicetest.Start(t).Service().Jobs.Kinds {
		if destructive, said := want[kind]; !said || destructive != job.Destructive {
			t.Errorf("%s: destructive is %v", kind, job.Destructive)
		}
		delete(want, kind)
	}
	if len(want) > 0 {
		t.Errorf("there are no jobs of %v", want)
	}
}

// TestPutSecretValue_ClockInDoubt_KeepsOldVersions: nobody knows then which are older than a day.
func TestPutSecretValue_ClockInDoubt_KeepsOldVersions(t *testing.T) {
	s := servicetest.Start(t)
	sm := s.SecretsManager()
	createSecret(t, sm, "x", "v")
	const made = 110
	for range made {
		put(t, sm, "x", "w")
	}
	count := func() (n int) {
		p := secretsmanager.NewListSecretVersionIdsPaginator(sm,
			&secretsmanager.ListSecretVersionIdsInput{SecretId: aws.String("x"),
				IncludeDeprecated: aws.Bool(true)})
		for p.HasMorePages() {
			n += len(must(p.NextPage(t.Context()))(t).Versions)
		}
		return n
	}
	s.Clock.Jump(week)
	put(t, sm, "x", "w")
	if n := count(); n != made+2 {
		t.Errorf("in doubt %d versions are there, want %d", n, made+2)
	}
	s.Clock.Jump(-week)
	s.Clock.Advance(week)
	put(t, sm, "x", "w")
	if n := count(); n >= made+2 {
		t.Errorf("a week later %d versions are there", n)
	}
}
