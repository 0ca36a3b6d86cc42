package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// fewParameters are the tree that a large one is measured beside.
const fewParameters = 100

// tree is a service with many parameters, ten in each path: /tree/00/17/3.
type tree struct {
	*process
	*client
	parameters int
	added      int // further ones, so far
}

// manyParameters measures requests of a tree with many parameters beside the same requests of one
// with a hundred.
func (b *bench) manyParameters(ctx context.Context) error {
	var trees []*tree
	defer func() {
		for _, t := range trees {
			t.stop()
		}
	}()
	for _, n := range []int{fewParameters, b.parameters} {
		of := *b
		var err error
		if of.dir, err = os.MkdirTemp(b.dir, "tree-"); err != nil {
			return err
		}
		s, err := of.serve(ctx)
		if err != nil {
			return err
		}
		trees = append(trees, &tree{process: s, parameters: n})
		if err := trees[len(trees)-1].grow(of.dir); err != nil {
			return err
		}
	}
	fmt.Println("\n| operation | parameters | clients | ops/s | p50 | p99 | CPU/op | token calls/op | " +
		"p50 to that among the fewest | CPU |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, l := range treeLines {
		for _, clients := range []int{1, mostClients} {
			if err := b.besideFew(l, clients, trees); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
	}
	return nil
}

// name is that of a parameter of the tree. A hundred are ten paths of ten.
func (t *tree) name(i int) string { return fmt.Sprintf("%s/%d", t.leaf(i/10), i%10) }

func (t *tree) leaf(i int) string { return fmt.Sprintf("/tree/%02d/%02d", i/100, i%100) }

// grow makes the parameters. They are advanced, of which an account may have as many.
func (t *tree) grow(dir string) (err error) {
	if t.client, err = newClient(dir, t.process.addr); err != nil {
		return err
	}
	begin := time.Now()
	_, err = load(t.process, 64, time.Hour, func(client, n int) []byte {
		i := client + 64*n
		if i >= t.parameters {
			return nil
		}
		return t.ask("PutParameter", fmt.Sprintf(
			`{"Name":%q,"Type":"String","Value":"value %d","Tier":"Advanced"}`, t.name(i), i))
	})
	fmt.Printf("- %d parameters made by PutParameter in %.1f s; %d MiB resident then\n", t.parameters,
		time.Since(begin).Seconds(), t.resident()>>20)
	return err
}

func (t *tree) ask(operation, body string) []byte {
	return t.request("ssm", ssm+"."+operation, body)
}

// treeLine is a request of a tree.
type treeLine struct {
	name string
	most int // how many of them are made in a turn; 0: as many as it has time for
	next func(t *tree, i int) []byte
}

// fixed is a request that is the same always.
func fixed(operation, body string) func(*tree, int) []byte {
	return func(t *tree, _ int) []byte { return t.ask(operation, body) }
}

// drawn returns a number below n, drawn at random. No two clients get the same one: a parameter
// that two of them change at a time is another matter.
func drawn(n, i int) int { return rand.IntN(n/mostClients)*mostClients + i%mostClients }

const mostClients = 16

var treeLines = []treeLine{
	{"GetParametersByPath, one path of 10", 0,
		fixed("GetParametersByPath", `{"Path":"/tree/00/07"}`)},
	{"GetParametersByPath, any path of 10", 0, func(t *tree, _ int) []byte {
		return t.ask("GetParametersByPath",
			fmt.Sprintf(`{"Path":%q}`, t.leaf(rand.IntN(t.parameters/10))))
	}},
	{"GetParametersByPath, 10 of all", 0,
		fixed("GetParametersByPath", `{"Path":"/","Recursive":true}`)},
	{"GetParameter, any", 0, func(t *tree, i int) []byte {
		return t.ask("GetParameter", fmt.Sprintf(`{"Name":%q}`, t.name(drawn(t.parameters, i))))
	}},
	{"DescribeParameters, 50 of all", 0, fixed("DescribeParameters", `{}`)},
	{"DescribeParameters, Name Equals", 0, fixed("DescribeParameters",
		`{"ParameterFilters":[{"Key":"Name","Option":"Equals","Values":["/tree/00/07/7"]}]}`)},
	{"PutParameter, the next version of any", 0, func(t *tree, i int) []byte {
		return t.ask("PutParameter", put(t.name(drawn(t.parameters, i)), "String"))
	}},
	// A new one is a standard one, of which an account may have 10,000.
	{"PutParameter, a new one", 250, func(t *tree, _ int) []byte {
		t.added++
		return t.ask("PutParameter", put(fmt.Sprintf("/tree/00/00/new/%d", t.added), "String"))
	}},
}

// requestsOf signs the requests of a turn.
func (b *bench) requestsOf(l treeLine, t *tree, clients int) func(int, int) []byte {
	const anyOf = 2000 / mostClients * mostClients
	if l.most == 0 {
		all := make([][]byte, anyOf)
		for i := range all {
			all[i] = l.next(t, i)
		}
		return func(client, _ int) []byte { return all[rand.IntN(anyOf/clients)*clients+client] }
	}
	all := make([][]byte, l.most)
	for i := range all {
		all[i] = l.next(t, i)
	}
	return func(client, n int) []byte {
		if i := client + clients*n; i < l.most {
			return all[i]
		}
		return nil
	}
}

// besideFew measures a request of each tree in turns and prints the medians.
func (b *bench) besideFew(l treeLine, clients int, trees []*tree) error {
	found := make([][]figures, len(trees))
	for round := range turns + 1 {
		for i := range trees {
			at := (i + round) % len(trees) // none is always the first
			f, err := load(trees[at].process, clients, b.span/turns,
				b.requestsOf(l, trees[at], clients))
			if err != nil {
				return err
			}
			if round > 0 { // the first is to fill the caches
				found[at] = append(found[at], f)
			}
		}
	}
	for i, t := range trees {
		f := middle(found[i])
		fmt.Printf("| %s | %d | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %.2f |\n", l.name,
			t.parameters, clients, f.rate, f.p50.Microseconds(), f.p99.Microseconds(),
			f.cpu.Microseconds(), f.tokenCalls,
			beside(found[i], found[0], func(f figures) float64 { return float64(f.p50) }),
			beside(found[i], found[0], func(f figures) float64 { return float64(f.cpu) }))
	}
	return nil
}
