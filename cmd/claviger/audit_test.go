package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

func TestAuditTail_CountAndFollow_PrintsThoseRecords(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	k := s.kms("http://"+p.address(), http.DefaultClient)
	for i := range 5 {
		if _, err := k.CreateAlias(t.Context(),
			&kms.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/%d", i)),
				TargetKeyId: aws.String(strings.Repeat("1", 36))}); err == nil {
			t.Fatal("an alias of nothing")
		}
	}
	tail := func(args ...string) []string {
		t.Helper()
		r := s.run(append([]string{"audit", "tail"}, args...)...)
		if r.code != 0 {
			t.Fatalf("audit tail: %d, %s", r.code, r.stderr)
		}
		return strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	}
	config := []string{"--config", s.path("claviger.toml")}
	if all := tail(append(config, "-n", "0")...); len(all) != 7 || !strings.Contains(all[1], s.id) ||
		!strings.Contains(all[1], `"userAgent":"claviger init"`) {
		t.Errorf("%d records, want 5 and those of account and access key: %s", len(all), all[1])
	}
	if last := tail(append(config, "-n", "2")...); len(last) != 2 ||
		!strings.Contains(last[1], "alias/4") || !strings.HasPrefix(last[0], `{"eventVersion"`) {
		t.Errorf("the last two: %q", last)
	}
	if last := tail("--database", s.path("claviger.db"), "-n", "1"); len(last) != 1 {
		t.Errorf("by the database's name: %q", last)
	}

	follow := s.start(append([]string{"audit", "tail", "-n", "1", "-f"}, config...)...)
	follow.says(&follow.stdout, `alias/4`)
	if _, err := k.DescribeKey(context.WithoutCancel(t.Context()),
		&kms.DescribeKeyInput{KeyId: aws.String("alias/later")}); err == nil {
		t.Fatal("there is no such key")
	}
	follow.says(&follow.stdout, `alias/later`)
	if strings.Contains(follow.stdout.String(), "alias/3") {
		t.Errorf("more than asked:\n%s", &follow.stdout)
	}
	// A server that is killed and started again is no end of the trail.
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	p = s.start(s.serve()...)
	k = s.kms("http://"+p.address(), http.DefaultClient)
	if _, err := k.DescribeKey(context.WithoutCancel(t.Context()),
		&kms.DescribeKeyInput{KeyId: aws.String("alias/restarted")}); err == nil {
		t.Fatal("there is no such key")
	}
	follow.says(&follow.stdout, `alias/restarted`)
	if code := follow.stop(); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, &follow.stderr)
	}
	newest := follow.says(&follow.stderr, `the last batch printed is \d+: --after (\d+) goes on`)
	var batch int
	if _, err := fmt.Sscan(newest, &batch); err != nil {
		t.Fatal(err)
	}
	after := tail(append(config, "--batches", "--after", fmt.Sprint(batch-1))...)
	if !strings.HasPrefix(after[0], fmt.Sprintf(`{"batch":%d,"eventVersion":`, batch)) ||
		!strings.Contains(after[0], "alias/restarted") {
		t.Errorf("after the batch before the newest: %q", after)
	}
}

func TestAuditTail_PlacesThatMakeNoSense_AreRefused(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	for _, args := range [][]string{{"-n", "-1"}, {"--after", "-1"}, {"-n", "3", "--after", "3"},
		{"--after", "1000"}} {
		r := s.run(append([]string{"audit", "tail", "--database", s.path("claviger.db")}, args...)...)
		s.clear(r, 2, "audit tail: ")
	}
}
