package secrets_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestGetSecretValue_Warm_IsOneCallOfTheToken(t *testing.T) {
	s := start(t)
	s.create("small", "v")
	s.create("large", strings.Repeat("v", 20000))
	for _, id := range []string{"small", "large"} {
		s.get(id)
		before := s.TokenCalls.Load()
		for range 10 {
			s.get(id)
		}
		if n := s.TokenCalls.Load() - before; n != 10 {
			t.Errorf("%s: %d calls for 10 reads", id, n)
		}
	}
}

// BenchmarkGetSecretValue reads a warm secret down the whole road, its two records committed and
// synced, and reports the processor time of the process for each read. The protocol and the
// signature are not in it.
func BenchmarkGetSecretValue(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := start(b)
			for i := range 100 {
				s.create(fmt.Sprint("s", i), strings.Repeat("v", 200))
			}
			for i := range 100 {
				s.get(fmt.Sprint("s", i))
			}
			b.SetParallelism(clients / 2)
			var n atomic.Int64
			start := processor()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					in := M{"SecretId": fmt.Sprint("s", n.Add(1)%100)}
					if _, err := s.Ask(context.Background(), "GetSecretValue", in); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64((processor()-start).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
