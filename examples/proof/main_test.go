package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/audit/tree/treetest"
)

func record(n int64) []byte { return fmt.Appendf(nil, `{"eventID":"%d","é":"<&>"}`, n) }

// proofs returns the proofs of all records of a tree, and the key.
func proofs(t *testing.T, size int64) (all [][]byte, key string) {
	t.Helper()
	signer := treetest.NewSigner(t, "claviger/one")
	b, tiles := new(tree.Builder), treetest.Shelf{}
	for n := range size {
		b.Append(tree.Leaf(record(n + 1)))
	}
	tiles.Put(b)
	note, err := tree.Checkpoint{Origin: signer.Name(), Size: size, Root: b.Root()}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	for n := range size {
		p, err := tree.Prove(note, signer.Key, tiles, n+1, record(n+1))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all, signer.Key.String()
}

func TestCheck_EveryRecord_IsProved(t *testing.T) {
	for _, size := range []int64{1, 2, 3, 7, 8, 255, 256, 257, 600} {
		all, key := proofs(t, size)
		for i, text := range all {
			var out bytes.Buffer
			if err := check(text, key, &out); err != nil {
				t.Fatalf("record %d of %d: %v", i+1, size, err)
			}
			if want := string(record(int64(i + 1))); !strings.Contains(out.String(), want) {
				t.Errorf("it prints %q, and not %q", out.String(), want)
			}
		}
	}
}

func TestCheck_AnyChange_IsRefused(t *testing.T) {
	all, key := proofs(t, 600)
	_, other := proofs(t, 1)
	text := string(all[300])
	for name, changed := range map[string]string{
		"record":    strings.Replace(text, `301`, `302`, 2),
		"number":    strings.Replace(text, `"number":301`, `"number":300`, 1),
		"no number": strings.Replace(text, `"number":301`, `"number":0`, 1),
		"size":      strings.Replace(text, `\n600\n`, `\n601\n`, 1),
		"path":      strings.Replace(text, `"path":["`, `"path":["AAAA`, 1),
		"no path":   strings.Replace(text, `"path":[`, `"path":[],"was":[`, 1),
		"name":      strings.ReplaceAll(text, `claviger/one`, `claviger/two`),
		"no JSON":   text[1:],
	} {
		if changed == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := check([]byte(changed), key, new(bytes.Buffer)); err == nil {
			t.Errorf("with another %s it passes", name)
		}
	}
	for _, bad := range []string{other, "", "a+b+c", "claviger/one+00000000+AQID"} {
		if err := check([]byte(text), bad, new(bytes.Buffer)); err == nil {
			t.Errorf("it passes by the key %q", bad)
		}
	}
}

// TestProgram_Imports_AreGosOwn: it is there for those who don't trust us.
func TestProgram_Imports_AreGosOwn(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		if strings.Contains(i.Path.Value, ".") || strings.Contains(i.Path.Value, "claviger") {
			t.Errorf("it imports %s", i.Path.Value)
		}
	}
}
