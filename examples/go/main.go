// Command go shows envelope encryption with the AWS SDK for Go: a file is too large for KMS, so it
// is encrypted here by a data key, and what is kept beside it is the data key encrypted under a key
// that never leaves the token.
//
//	. dev-data/env && go run ./examples/go
package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	keys := client()
	made, err := keys.CreateKey(ctx,
		&kms.CreateKeyInput{Description: aws.String("made by an example")})
	if err != nil {
		return err
	}
	key := made.KeyMetadata.KeyId
	defer func() {
		_, gone := keys.ScheduleKeyDeletion(ctx,
			&kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)})
		err = errors.Join(err, gone)
	}()
	letter := bytes.Repeat([]byte("attack at dawn. "), 1<<16) // 1 MiB; KMS takes 4,096 bytes
	e, err := seal(ctx, keys, key, letter)
	if err != nil {
		return err
	}
	opened, err := e.open(ctx, keys)
	if err != nil {
		return err
	}
	if !bytes.Equal(opened, letter) {
		return errors.New("what was sealed did not come back")
	}
	fmt.Printf("sealed and opened %d bytes under %s\n", len(letter),
		aws.ToString(made.KeyMetadata.Arn))
	return nil
}

// client reads what config.LoadDefaultConfig of the SDK's config module would.
func client() *kms.Client {
	return kms.NewFromConfig(aws.Config{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	})
}

// envelope is what is stored. Nothing in it is secret without the KMS key.
type envelope struct {
	dataKey []byte // encrypted by KMS
	sealed  []byte // AES-256-GCM under the data key
}

// purpose is bound to the data key: KMS opens it for nothing else.
var purpose = map[string]string{"purpose": "letters"}

func seal(ctx context.Context, keys *kms.Client, key *string, letter []byte) (*envelope, error) {
	data, err := keys.GenerateDataKey(ctx,
		&kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256,
			EncryptionContext: purpose})
	if err != nil {
		return nil, err
	}
	defer clear(data.Plaintext)
	aead, err := gcm(data.Plaintext)
	if err != nil {
		return nil, err
	}
	return &envelope{data.CiphertextBlob, aead.Seal(nil, nil, letter, nil)}, nil
}

func (e *envelope) open(ctx context.Context, keys *kms.Client) ([]byte, error) {
	data, err := keys.Decrypt(ctx,
		&kms.DecryptInput{CiphertextBlob: e.dataKey, EncryptionContext: purpose})
	if err != nil {
		return nil, err
	}
	defer clear(data.Plaintext)
	aead, err := gcm(data.Plaintext)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, e.sealed, nil)
}

// gcm makes a random nonce of its own for each message and puts it in front.
func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
