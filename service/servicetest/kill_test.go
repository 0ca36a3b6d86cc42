package servicetest_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/store"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/uuid"
)

// kills is how often the server is killed: KILLS, or five times.
func kills(t testing.TB) int {
	t.Helper()
	text := os.Getenv("KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	accepted(t, err)
	return n
}

// fact is something that the server has acknowledged, and how to see whether it is so.
type fact struct {
	what  string
	check func(t testing.TB, p *process) error
}

// journal gathers what was acknowledged: the facts, and the numbers of the requests, whose records
// must be in the trail.
type journal struct {
	mu       sync.Mutex
	facts    []fact
	requests []string
	names    atomic.Int64
}

func (j *journal) name(kind string) string { return fmt.Sprintf("%s-%06d", kind, j.names.Add(1)) }

func (j *journal) acknowledged(m middleware.Metadata, what string,
	check func(t testing.TB, p *process) error) {
	id, _ := awsmiddleware.GetRequestIDMetadata(m)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, id)
	j.facts = append(j.facts, fact{what, check})
}

// wrong is a fact that isn't so.
func wrong(err error, ok bool) error {
	if err == nil && !ok {
		err = fmt.Errorf("it is there, and it is something else")
	}
	return err
}

// writeKeys makes keys and changes them until an answer fails to come.
func (j *journal) writeKeys(t testing.TB, p *process) {
	c, ctx := p.kms(), t.Context()
	for {
		name := j.name("key")
		made, err := c.CreateKey(ctx, &kms.CreateKeyInput{Description: &name})
		if err != nil {
			return
		}
		id := made.KeyMetadata.KeyId
		var gone, disabled atomic.Bool // or on its way there: that is open until the answer has come
		j.acknowledged(made.ResultMetadata, "CreateKey "+name, func(t testing.TB, p *process) error {
			out, err := p.kms().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
			return wrong(err, err == nil && *out.KeyMetadata.Description == name &&
				(out.KeyMetadata.Enabled || disabled.Load()))
		})
		sealed, err := c.Encrypt(ctx, &kms.EncryptInput{KeyId: id, Plaintext: []byte(name)})
		if err != nil {
			return
		}
		j.acknowledged(sealed.ResultMetadata, "Encrypt "+name, func(t testing.TB, p *process) error {
			if disabled.Load() {
				return nil
			}
			out, err := p.kms().Decrypt(t.Context(),
				&kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
			return wrong(err, err == nil && string(out.Plaintext) == name)
		})
		named, err := c.CreateAlias(ctx,
			&kms.CreateAliasInput{AliasName: aws.String("alias/" + name), TargetKeyId: id})
		if err != nil {
			return
		}
		j.acknowledged(named.ResultMetadata, "CreateAlias "+name, func(t testing.TB, p *process) error {
			if gone.Load() {
				return nil
			}
			out, err := p.kms().DescribeKey(t.Context(),
				&kms.DescribeKeyInput{KeyId: aws.String("alias/" + name)})
			return wrong(err, err == nil && *out.KeyMetadata.KeyId == *id)
		})
		tag, err := c.TagResource(ctx,
			&kms.TagResourceInput{KeyId: id,
				Tags: []kmstypes.Tag{{TagKey: aws.String("name"), TagValue: &name}}})
		if err != nil {
			return
		}
		j.acknowledged(tag.ResultMetadata, "TagResource "+name, func(t testing.TB, p *process) error {
			out, err := p.kms().ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: id})
			return wrong(err, err == nil && len(out.Tags) == 1 && *out.Tags[0].TagValue == name)
		})
		gone.Store(true)
		deleted, err := c.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String("alias/" + name)})
		if err != nil {
			return
		}
		j.acknowledged(deleted.ResultMetadata, "DeleteAlias "+name, func(t testing.TB, p *process) error {
			_, err := p.kms().DescribeKey(t.Context(),
				&kms.DescribeKeyInput{KeyId: aws.String("alias/" + name)})
			return wrong(nil, err != nil && strings.Contains(err.Error(), "is not found"))
		})
		disabled.Store(true)
		off, err := c.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
		if err != nil {
			return
		}
		j.acknowledged(off.ResultMetadata, "DisableKey "+name, func(t testing.TB, p *process) error {
			out, err := p.kms().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id})
			return wrong(err, err == nil && out.KeyMetadata.KeyState == "Disabled")
		})
	}
}

// writeSecrets makes secrets and gives them new values until an answer fails to come.
func (j *journal) writeSecrets(t testing.TB, p *process) {
	c, ctx := p.secrets(), t.Context()
	for {
		name := j.name("secret")
		made, err := c.CreateSecret(ctx,
			&secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String(name)})
		if err != nil {
			return
		}
		j.acknowledged(made.ResultMetadata, "CreateSecret "+name, version(name, *made.VersionId, name))
		for i := range 3 {
			value := fmt.Sprint(name, " value ", i)
			token := uuid.NewString()
			changed, err := c.PutSecretValue(ctx,
				&secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value,
					ClientRequestToken: &token})
			if err != nil {
				return
			}
			j.acknowledged(changed.ResultMetadata, "PutSecretValue "+name, version(name, token, value))
		}
	}
}

// version checks that a version of a secret reads back.
func version(name, id, value string) func(t testing.TB, p *process) error {
	return func(t testing.TB, p *process) error {
		out, err := p.secrets().GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: &name, VersionId: &id})
		return wrong(err, err == nil && *out.SecretString == value)
	}
}

// TestKill_UnderLoad_LosesNothingAcknowledged: what was acknowledged survives kill -9, the change
// and its record. The server is killed at any moment while clients write, started again, and asked
// for everything that it has said yes to.
func TestKill_UnderLoad_LosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := storetest.Dir(t)
	j := &journal{}
	checked, n := 0, kills(t)
	for round := range n {
		p := start(t, dir)
		j.verify(t, p, j.facts[checked:])
		checked = len(j.facts)
		var writers sync.WaitGroup
		for range 3 {
			writers.Go(func() { j.writeKeys(t, p) })
			writers.Go(func() { j.writeSecrets(t, p) })
		}
		time.Sleep(time.Duration(50+rand.IntN(350)) * time.Millisecond)
		p.kill()
		writers.Wait()
		if len(j.facts) == checked {
			t.Errorf("round %d: nothing was acknowledged before the kill", round)
		}
	}
	p := start(t, dir)
	j.verify(t, p, j.facts)
	j.recorded(t, p)
	if code := p.stop(t); code != 0 {
		t.Errorf("in the end SIGTERM ended it with %d:\n%s", code, &p.out)
	}
	t.Logf("%d kills, %d acknowledged changes", n, len(j.facts))
}

// verify checks facts, and stops at the tenth that isn't so.
func (j *journal) verify(t *testing.T, p *process, facts []fact) {
	t.Helper()
	bad := 0
	for _, f := range facts {
		if err := f.check(t, p); err != nil {
			t.Errorf("acknowledged and lost: %s: %v", f.what, err)
			if bad++; bad == 10 {
				t.Fatalf("and more of them. The log:\n%s", &p.out)
			}
		}
	}
}

// recorded checks that the trail holds a record of every request that was acknowledged.
func (j *journal) recorded(t *testing.T, p *process) {
	t.Helper()
	db, err := store.OpenReader(t.Context(), p.database())
	accepted(t, err)
	defer db.Close()
	var trail strings.Builder
	accepted(t, db.Trail(0, func(_ int64, _ time.Time, records []byte) error {
		trail.Write(records)
		return nil
	}))
	text := trail.String()
	known := map[string]bool{}
	for part := range strings.SplitSeq(text, `"requestID":"`) {
		if len(part) >= 36 {
			known[part[:36]] = true
		}
	}
	lost := slices.DeleteFunc(slices.Clone(j.requests), func(id string) bool { return known[id] })
	if len(lost) > 0 {
		t.Errorf("%d of %d acknowledged requests have no record: %v", len(lost), len(j.requests),
			lost[:min(len(lost), 5)])
	}
}

// TestKill_FirstStart_NextStartGoesOn: a first start that is killed at any moment leaves nothing
// that the next start can't go on from.
func TestKill_FirstStart_NextStartGoesOn(t *testing.T) {
	t.Parallel()
	for range kills(t) {
		dir := storetest.Dir(t)
		p, _ := launchDev(t, dir)
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.kill()
		p = start(t, dir)
		encrypt(t, p.kms(), createKey(t, p.kms()).KeyId, "x", nil)
		p.kill()
	}
}
