package torture

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"claviger/torture/driver"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// crowd is clients that change one thing at the same time, and what they were answered.
type crowd struct {
	*server
	t      *testing.T
	rounds int

	mu      sync.Mutex
	done    int
	refused int
	times   []time.Duration
}

// writers is how many there are.
const writers = 8

// each has every writer make its changes, one after the other.
func (c *crowd) each(change func(ctx context.Context, writer, round int) error) {
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for r := range c.rounds {
				c.ask(func(ctx context.Context) error { return change(ctx, w, r) })
			}
		})
	}
	all.Wait()
}

// ask makes one change and counts what becomes of it.
func (c *crowd) ask(change func(context.Context) error) {
	began := time.Now()
	err := change(c.t.Context())
	took := time.Since(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, took)
	if err == nil {
		c.done++
		return
	}
	if c.refused++; c.refused < 5 {
		c.t.Errorf("a change of what others change, too: %v", err)
	}
}

// TestContention_EightWritersAtOneThing_AllSucceed: nobody is told to try again because others were
// faster, and nothing that was acknowledged is undone by another.
func TestContention_EightWritersAtOneThing_AllSucceed(t *testing.T) {
	t.Parallel()
	c := &crowd{server: launch(t, options{}), t: t, rounds: 4}
	if driver.Whole() {
		c.rounds = 250
	}
	c.secret()
	c.parameter()
	c.tags()
	c.related()
	driver.Report(t, "contention", fmt.Sprintf("%d clients at once changed one secret, one parameter, the tags "+
		"of one key under its different names, and a multi-Region key by ReplicateKey beside "+
		"RotateKeyOnDemand. No client tries again by itself.", writers),
		"changes that succeeded", c.done, "changes that were refused", c.refused,
		"answer, median", percentile(c.times, 50), "answer, p99", percentile(c.times, 99))
}

// secret: what the secret has in the end is what one of the writers wrote last.
func (c *crowd) secret() {
	sm := c.secrets()
	made, err := sm.CreateSecret(c.t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("contended"), SecretString: aws.String("first")})
	accepted(c.t, err)
	names := []*string{made.ARN, made.Name}
	c.each(func(ctx context.Context, w, r int) error {
		_, err := sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: names[w%2], SecretString: aws.String(fmt.Sprint(w, " ", r))})
		return err
	})
	got, err := sm.GetSecretValue(c.t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: made.ARN})
	accepted(c.t, err)
	var w, r int
	if _, err := fmt.Sscan(*got.SecretString, &w, &r); err != nil || r != c.rounds-1 {
		c.t.Errorf("the secret has %q in the end, which its writer has replaced", *got.SecretString)
	}
}

// parameter: every version is told to one writer.
func (c *crowd) parameter() {
	told := map[int64]bool{}
	params := c.parameters()
	c.each(func(ctx context.Context, w, r int) error {
		out, err := params.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/contended"),
			Value: aws.String(fmt.Sprint(w, " ", r)), Type: ssmtypes.ParameterTypeSecureString,
			Overwrite: aws.Bool(true)})
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			told[out.Version] = true
		}
		return err
	})
	for v := range int64(writers * c.rounds) {
		if !told[v+1] {
			c.t.Errorf("nobody was told that version %d is its own", v+1)
		}
	}
}

// tags: each writer's tag has what it wrote last.
func (c *crowd) tags() {
	client := c.kms()
	key, err := client.CreateKey(c.t.Context(), &kms.CreateKeyInput{})
	accepted(c.t, err)
	alias := aws.String("alias/contended")
	_, err = client.CreateAlias(c.t.Context(),
		&kms.CreateAliasInput{AliasName: alias, TargetKeyId: key.KeyMetadata.KeyId})
	accepted(c.t, err)
	names := []*string{key.KeyMetadata.KeyId, key.KeyMetadata.Arn}
	c.each(func(ctx context.Context, w, r int) error {
		if r%10 == 9 { // the alias and back, so that names move while others use them
			_, err := client.UpdateAlias(ctx, &kms.UpdateAliasInput{AliasName: alias,
				TargetKeyId: names[w%2]})
			if err != nil {
				return err
			}
		}
		_, err := client.TagResource(ctx, &kms.TagResourceInput{KeyId: names[w%2],
			Tags: []kmstypes.Tag{{TagKey: aws.String(fmt.Sprint("w", w)),
				TagValue: aws.String(fmt.Sprint(r))}}})
		return err
	})
	has, err := client.ListResourceTags(c.t.Context(),
		&kms.ListResourceTagsInput{KeyId: key.KeyMetadata.KeyId})
	accepted(c.t, err)
	for _, tag := range has.Tags {
		if *tag.TagValue != fmt.Sprint(c.rounds-1) {
			c.t.Errorf("tag %s is %s in the end", *tag.TagKey, *tag.TagValue)
		}
	}
	if len(has.Tags) != writers {
		c.t.Errorf("%d tags of %d are there", len(has.Tags), writers)
	}
}

// related: a key is replicated while it is rotated, and both keys have the same rotations.
func (c *crowd) related() {
	client := c.kms()
	for range min(c.rounds, 100) {
		key, err := client.CreateKey(c.t.Context(), &kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
		accepted(c.t, err)
		id := key.KeyMetadata.KeyId
		var both sync.WaitGroup
		both.Go(func() {
			c.ask(func(ctx context.Context) error {
				_, err := client.ReplicateKey(ctx,
					&kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String(other)})
				return err
			})
		})
		for range 2 {
			both.Go(func() {
				c.ask(func(ctx context.Context) error {
					_, err := client.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: id})
					return err
				})
			})
		}
		both.Wait()
		for _, region := range []string{region, other} {
			list, err := client.ListKeyRotations(c.t.Context(), &kms.ListKeyRotationsInput{KeyId: id},
				func(o *kms.Options) { o.Region = region })
			accepted(c.t, err)
			if len(list.Rotations) != 2 {
				c.t.Errorf("%d rotations in %s", len(list.Rotations), region)
			}
		}
	}
}
