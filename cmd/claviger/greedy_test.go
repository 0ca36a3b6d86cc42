package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

// One caller's 16 clients with encryption contexts of a megabyte, and of as much as a request may
// have, cost others little: they are refused before anything is decided, most of them unread.
func TestGreedy_HugeContexts_AreRefusedEarly(t *testing.T) {
	f := floodable(t, nil)
	huge := func(entries, size int) map[string]string {
		all := map[string]string{}
		for i := range entries {
			all[fmt.Sprint("key ", i)] = strings.Repeat("v", size)
		}
		return all
	}
	k := f.kms("https://"+f.address, f.client)
	quiet, _ := f.legitimate("before")
	ctx, stop := context.WithCancel(t.Context())
	var greedy sync.WaitGroup
	for i := range 16 {
		in := &kms.EncryptInput{KeyId: f.keyID, Plaintext: []byte("x"),
			EncryptionContext: huge(5000, 190)}
		codes := "RequestEntityTooLargeException"
		if i%2 == 1 {
			in.EncryptionContext, codes = huge(4000, 9), "ValidationException ThrottlingException"
		}
		greedy.Go(func() {
			for ctx.Err() == nil {
				_, err := k.Encrypt(ctx, in)
				var said smithy.APIError
				if ctx.Err() == nil && (!errors.As(err, &said) || !strings.Contains(codes, said.ErrorCode())) {
					t.Errorf("a huge context was answered with %v, want %s", err, codes)
				}
			}
		})
	}
	busy, _ := f.legitimate("meanwhile")
	stop()
	greedy.Wait()
	t.Logf("p50 %v to %v, p99 %v to %v", quiet.quantile(50), busy.quantile(50), quiet.quantile(99),
		busy.quantile(99))
	f.ready()
}
