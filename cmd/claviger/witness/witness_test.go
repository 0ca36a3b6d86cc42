package witness_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"claviger/audit/tree"
	"claviger/audit/tree/treetest"
	"claviger/cmd/claviger/evidence"
	"claviger/cmd/claviger/witness"
)

// offer is a trail of so many records, which have a word in them from one on.
func offer(t *testing.T, s tree.Signer, size, from int64, word string) *witness.Offer {
	t.Helper()
	b, tiles := new(tree.Builder), treetest.Shelf{}
	for n := int64(1); n <= size; n++ {
		said := ""
		if n >= from {
			said = word
		}
		b.Append(tree.Leaf(fmt.Appendf(nil, "%d %s", n, said)))
	}
	tiles.Put(b)
	c := tree.Checkpoint{Origin: s.Name(), Size: size, Root: b.Root()}
	note, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return &witness.Offer{Checkpoint: c, Note: note, Tiles: tiles}
}

// listening is a witness for a log.
func listening(t *testing.T, logs ...*tree.Key) (url, dir string) {
	t.Helper()
	h := &witness.Holder{Dir: t.TempDir(), Name: "witness/one", Logs: logs}
	if _, err := h.Open(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/any/prefix", h.Dir
}

// TestPlaces_TrailThatGoesOn_IsTaken, and one that doesn't is an alarm, in every place and after a
// restart of whoever hands it on, where the place can be asked.
func TestPlaces_TrailThatGoesOn_IsTaken(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	url, _ := listening(t, s.Key)
	path := filepath.Join(t.TempDir(), "checkpoints")
	syslog := &witness.Syslog{Network: "udp", Address: sink.LocalAddr().String()}
	for name, place := range map[string]func() witness.Place{
		"file":   func() witness.Place { return &witness.File{Path: path, Key: s.Key} },
		"remote": func() witness.Place { return &witness.Remote{URL: url} },
		"syslog": func() witness.Place { return syslog },
	} {
		taken := func(o *witness.Offer) {
			t.Helper()
			if err := place().Hand(t.Context(), o); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		alarm := func(what string, o *witness.Offer) {
			t.Helper()
			if err := place().Hand(t.Context(), o); !errors.Is(err, witness.ErrAlarm) {
				t.Errorf("%s: %s is taken: %v", name, what, err)
			}
		}
		taken(offer(t, s, 10, 99, ""))
		taken(offer(t, s, 10, 99, ""))
		taken(offer(t, s, 700, 9999, ""))
		alarm("an older trail", offer(t, s, 600, 9999, ""))
		alarm("another trail of this size", offer(t, s, 700, 650, "x"))
		alarm("a longer one that was rewritten", offer(t, s, 800, 700, "x"))
		alarm("one that was rewritten from the start", offer(t, s, 800, 1, "x"))
		taken(offer(t, s, 800, 701, "x"))
	}
	text := make([]byte, 2048)
	n, _, err := sink.ReadFrom(text)
	if err != nil || !strings.Contains(string(text[:n]), `trail checkpoint: claviger/one\n10\n`) {
		t.Errorf("syslog has %s, %v", text[:n], err)
	}
	held, err := evidence.ReadCheckpoints(path)
	if err != nil || len(held) != 3 {
		t.Fatalf("the file has %d checkpoints, %v", len(held), err)
	}
	for i, want := range []int64{10, 700, 800} {
		if c, err := tree.Open(held[i], s.Key); err != nil || c.Size != want {
			t.Errorf("%v, %v", c, err)
		}
	}
}

// TestFile_CutOff_GoesOnBehindTheLastWholeOne: the machine stopped while it was written.
func TestFile_CutOff_GoesOnBehindTheLastWholeOne(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	f := &witness.File{Path: filepath.Join(t.TempDir(), "checkpoints"), Key: s.Key}
	for n := int64(1); n <= 400; n++ { // more than is read of its end
		if err := f.Hand(t.Context(), offer(t, s, n, 9999, "")); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(text) - 300; cut < len(text); cut += 37 {
		if err := os.WriteFile(f.Path, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Hand(t.Context(), offer(t, s, 300, 9999, "")); !errors.Is(err, witness.ErrAlarm) {
			t.Errorf("cut off at %d: %v", cut, err)
		}
	}
	if err := os.WriteFile(f.Path, []byte("a\n1\nb\n\n— c d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Hand(t.Context(), offer(t, s, 500, 9999, "")); !errors.Is(err, witness.ErrAlarm) {
		t.Errorf("of another log: %v", err)
	}
}

// TestHolder_Requests_AreAnsweredAsC2SPSays.
func TestHolder_Requests_AreAnsweredAsC2SPSays(t *testing.T) {
	s, stranger := treetest.NewSigner(t, "claviger/one"), treetest.NewSigner(t, "claviger/one")
	url, _ := listening(t, s.Key)
	post := func(body string) (int, string) {
		t.Helper()
		a, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text := make([]byte, 4096)
		n, _ := a.Body.Read(text)
		return a.StatusCode, string(text[:n])
	}
	ten, twenty := offer(t, s, 10, 99, ""), offer(t, s, 20, 99, "")
	other := offer(t, stranger, 10, 99, "")
	proof, err := twenty.Extends(10, twenty.Tiles)
	if err != nil {
		t.Fatal(err)
	}
	var lines string
	for _, h := range proof {
		lines += h.String() + "\n"
	}
	for _, c := range []struct {
		name, body string
		want       int
		says       string
	}{
		{"of a stranger", "old 0\n\n" + string(other.Note), 403, "another key"},
		{"of another log", strings.ReplaceAll("old 0\n\n"+string(ten.Note), "/one", "/two"), 404, ""},
		{"nothing", "", 400, ""},
		{"no old size", "\n\n" + string(ten.Note), 400, ""},
		{"an old size in other letters", "old 00\n\n" + string(ten.Note), 400, ""},
		{"an old size that is larger", "old 11\n\n" + string(ten.Note), 400, ""},
		{"another old size", "old 9\n\n" + string(ten.Note), 409, "0\n"},
		{"the first", "old 0\n\n" + string(ten.Note), 200, "— witness/one "},
		{"the first again", "old 10\n\n" + string(ten.Note), 200, "— witness/one "},
		{"no proof", "old 10\n\n" + string(twenty.Note), 422, ""},
		{"a proof that is none", "old 10\nx\n\n" + string(twenty.Note), 400, ""},
		{"the next", "old 10\n" + lines + "\n" + string(twenty.Note), 200, "— witness/one "},
		{"the first when there is more", "old 10\n\n" + string(ten.Note), 409, "20\n"},
		{"too much", "old 0\n" + strings.Repeat("x", 1<<17), 413, ""},
	} {
		if status, says := post(c.body); status != c.want || !strings.Contains(says, c.says) {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, says, c.want, c.says)
		}
	}
	if a, err := http.Get(url + "/add-checkpoint"); err != nil || a.StatusCode != 404 {
		t.Errorf("GET: %v, %v", a, err)
	}
}

// TestRemote_AnswersThatAreNone_AreNoAlarm: they say nothing of the trail.
func TestRemote_AnswersThatAreNone_AreNoAlarm(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	o := offer(t, s, 10, 99, "")
	for _, c := range []struct {
		status int
		body   string
	}{{500, "x"}, {302, ""}, {404, "no"}, {403, "no"}, {409, "x"}, {409, "7"}, {429, ""}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		err := (&witness.Remote{URL: server.URL}).Hand(t.Context(), o)
		server.Close()
		if err == nil || errors.Is(err, witness.ErrAlarm) {
			t.Errorf("%d %q: %v", c.status, c.body, err)
		}
	}
	if err := (&witness.Remote{URL: "http://127.0.0.1:1"}).Hand(t.Context(), o); err == nil ||
		errors.Is(err, witness.ErrAlarm) {
		t.Errorf("nobody there: %v", err)
	}
}
