package sts_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"claviger/iam/sts"
	"claviger/internal/op/optest"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// sign signs a request whose body is x, as AWS's SDK does.
func sign(ctx context.Context, t testing.TB, r *http.Request, c sts.Credentials, at time.Time) {
	t.Helper()
	sum := sha256.Sum256([]byte("x"))
	as := aws.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey,
		SessionToken: c.SessionToken}
	err := v4.NewSigner().SignHTTP(ctx, as, r, hex.EncodeToString(sum[:]), "kms", optest.Region, at)
	if err != nil {
		t.Fatal(err)
	}
}
