package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ofAccount is how many users and policies an account gets: it may have 5,000 and 1,500.
const ofAccount = 1000

// tenant is an account that was filled: its root user, its users, and a key.
type tenant struct {
	*client
	number string
	users  []*client
	key    string
}

// manyPrincipals measures what the numbers of users and policies cost: the start, the memory, the
// first request of each user, pages of lists, and requests of all while an administrator changes
// what one of them may do.
func (b *bench) manyPrincipals(ctx context.Context) error {
	s, err := b.serve(ctx)
	if err != nil {
		return err
	}
	c, err := newClient(b.dir, s.addr)
	if err != nil {
		s.stop()
		return err
	}
	tenants, err := b.fill(s, c)
	if err == nil && b.keys > 0 {
		err = b.makeKeys(s, c)
	}
	resident := s.resident()
	s.stop()
	if err != nil {
		return err
	}
	fmt.Printf("with %d users, a policy of its own for each, and %d keys:\n"+
		"- resident memory after making them: %d MiB\n", b.principals, b.keys, resident>>20)
	if s, err = b.starts(ctx); err != nil {
		return err
	}
	defer s.stop()
	fmt.Printf("- resident memory then: %d MiB\n", s.resident()>>20)
	for _, t := range tenants {
		t.addr = s.addr
		for _, u := range t.users {
			u.addr = s.addr
		}
	}
	for _, measure := range []func(*process, []*tenant) error{
		b.firstRequests, b.lists, b.whileOneChanges} {
		if err := measure(s, tenants); err != nil {
			return err
		}
	}
	return nil
}

// fill makes accounts with users, each with a policy of its own and an access key.
func (b *bench) fill(s *process, c *client) (tenants []*tenant, err error) {
	begin := time.Now()
	for left := b.principals; left > 0; left -= ofAccount {
		t := &tenant{number: fmt.Sprintf("2222%08d", len(tenants)),
			users: make([]*client, min(left, ofAccount))}
		if err := t.open(c); err != nil {
			return nil, err
		}
		if err := t.populate(); err != nil {
			return nil, err
		}
		tenants = append(tenants, t)
	}
	fmt.Printf("made in %.0f s\n", time.Since(begin).Seconds())
	return tenants, nil
}

func (t *tenant) open(c *client) error {
	var made struct {
		RootAccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	err := c.ask("iam", "CreateAccount", members{"Account": t.number, "WithAccessKey": "true"}, &made)
	if err != nil {
		return err
	}
	t.client = c.as(made.RootAccessKey.AccessKeyId, made.RootAccessKey.SecretAccessKey, "")
	var key struct{ KeyMetadata struct{ KeyId string } }
	err = t.call("kms", "TrentService.CreateKey", "{}", &key)
	t.key = key.KeyMetadata.KeyId
	return err
}

// populate makes the users of the account, sixteen at a time.
func (t *tenant) populate() error {
	return abreast(len(t.users), func(i int) (err error) {
		name := fmt.Sprintf("user-%d", i)
		if err := t.ask("iam", "CreateUser", members{"UserName": name}, nil); err != nil {
			return err
		}
		err = t.ask("iam", "CreatePolicy",
			members{"PolicyName": name, "PolicyDocument": rightsOf[1]}, nil)
		if err != nil {
			return err
		}
		err = t.ask("iam", "AttachUserPolicy", members{"UserName": name,
			"PolicyArn": "arn:aws:iam::" + t.number + ":policy/" + name}, nil)
		if err != nil {
			return err
		}
		t.users[i], err = t.keyOf(name)
		return err
	})
}

// abreast calls f for each number below n, sixteen at a time.
func abreast(n int, f func(i int) error) error {
	var next atomic.Int64
	failed := make([]error, 16)
	var all sync.WaitGroup
	for w := range failed {
		all.Go(func() {
			for failed[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				failed[w] = f(i)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// starts measures starts in turns with those of an empty service, and returns the last one.
func (b *bench) starts(ctx context.Context) (*process, error) {
	empty := *b
	var err error
	if empty.dir, err = os.MkdirTemp(".", "bench-data-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(empty.dir)
	var full, none, fullCPU, noneCPU []time.Duration
	for {
		n, err := empty.serve(ctx)
		if err != nil {
			return nil, err
		}
		none, noneCPU = append(none, n.took), append(noneCPU, n.cpu())
		n.stop()
		s, err := b.serve(ctx)
		if err != nil {
			return nil, err
		}
		full, fullCPU = append(full, s.took), append(fullCPU, s.cpu())
		if len(full) == rounds+1 { // the first start makes a token
			fmt.Printf("- start to ready: %v with %v of CPU, of an empty service %v with %v\n",
				median(full[1:]).Round(time.Millisecond), median(fullCPU[1:]),
				median(none[1:]).Round(time.Millisecond), median(noneCPU[1:]))
			return s, nil
		}
		s.stop()
	}
}

// everybody returns an Encrypt request of every user.
func everybody(tenants []*tenant) (requests [][]byte) {
	for _, t := range tenants {
		for _, u := range t.users {
			requests = append(requests, u.request("kms", "TrentService.Encrypt",
				document(members{"KeyId": t.key, "Plaintext": plaintext})))
		}
	}
	return requests
}

// firstRequests lets each user make a request, and again two times.
func (b *bench) firstRequests(s *process, tenants []*tenant) error {
	requests := everybody(tenants)
	rand.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	fmt.Println("\n| Encrypt by every user, once each, by 16 clients | ops/s | p50 | p99 | longest | " +
		"CPU/op | token calls/op | resident |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, time := range []string{"the first time", "the second time", "the third time"} {
		f, err := load(s, 16, forever, func(client, n int) []byte {
			if i := client + 16*n; i < len(requests) {
				return requests[i]
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.0f | %v | %v | %v | %v | %.2f | %d MiB |\n", time, f.rate,
			f.p50.Round(micro), f.p99.Round(micro), f.longest.Round(micro), f.cpu.Round(micro),
			f.tokenCalls, s.resident()>>20)
	}
	return nil
}

const (
	forever = time.Hour
	micro   = time.Microsecond
)

// lists measures pages of ListUsers and ListPolicies, each the first of an account.
func (b *bench) lists(s *process, tenants []*tenant) error {
	fmt.Println("\n| a page of 100, first of each account | p50 | longest |")
	fmt.Println("|---|--:|--:|")
	for _, action := range []string{"ListUsers", "ListPolicies"} {
		for _, time := range []string{"the first time", "the second time"} {
			f, err := load(s, 1, forever, func(_, n int) []byte {
				if n == len(tenants) {
					return nil
				}
				return tenants[n].query("iam", action, members{"MaxItems": "100"})
			})
			if err != nil {
				return err
			}
			fmt.Printf("| %s, %s | %v | %v |\n", action, time, f.p50.Round(micro), f.longest.Round(micro))
		}
	}
	return nil
}

// whileOneChanges measures 64 clients that are a user chosen at random with each request, in turns
// with nothing else done, and with an administrator who attaches a policy to a user and detaches
// it, about a hundred times a second.
func (b *bench) whileOneChanges(s *process, tenants []*tenant) error {
	fmt.Println("\n| Encrypt by 64 clients as anybody, while | ops/s | p50 | p99 | longest | " +
		"CPU/op | token calls/op | p99 to quiet | CPU to quiet |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	requests := everybody(tenants)
	var found [2][]figures
	for round := range turns + 1 {
		for busy := range found {
			end := func() error { return nil }
			if busy == 1 {
				end = tenants[0].administer()
			}
			f, err := load(s, 64, b.span/2, func(int, int) []byte {
				return requests[rand.IntN(len(requests))]
			})
			if err = errors.Join(err, end()); err != nil {
				return err
			}
			if round > 0 {
				found[busy] = append(found[busy], f)
			}
		}
	}
	for busy, name := range []string{"nothing else", "IAM is changed 100 times a second"} {
		f := middle(found[busy])
		fmt.Printf("| %s | %.0f | %v | %v | %v | %v | %.2f | %.2f | %.2f |\n", name, f.rate,
			f.p50.Round(micro), f.p99.Round(micro), f.longest.Round(micro), f.cpu.Round(micro),
			f.tokenCalls,
			beside(found[busy], found[0], func(f figures) float64 { return float64(f.p99) }),
			beside(found[busy], found[0], func(f figures) float64 { return float64(f.cpu) }))
	}
	return nil
}

// administer attaches a policy of AWS's to a user and detaches it, until end is called.
func (t *tenant) administer() (end func() error) {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			case <-time.After(10 * time.Millisecond):
			}
			action := []string{"AttachUserPolicy", "DetachUserPolicy"}[n%2]
			err := t.ask("iam", action, members{"UserName": "user-0",
				"PolicyArn": "arn:aws:iam::aws:policy/SecretsManagerReadWrite"}, nil)
			if err != nil {
				done <- err
				return
			}
		}
	}()
	return func() error {
		close(stop)
		return <-done
	}
}
