package witness_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
func listening(t *testing.T, logs ...*tree.Key) (url string, key *tree.WitnessKey) {
	t.Helper()
	h := &witness.Holder{Dir: t.TempDir(), Name: "witness/one", Logs: logs}
	key, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + "/any/prefix", key
}

// TestFile_SomethingElse_IsAnAlarm, and nothing is added to it: a path that is wrong, or a file in
// whose place somebody has put another one. What a crash has cut off is neither.
func TestFile_SomethingElse_IsAnAlarm(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	o := offer(t, s, 3, 0, "")
	for text, isTaken := range map[string]bool{
		"": true, "claviger/on": true, "claviger/one\n3\nabc": true,
		"claviger/two\n": false, "[section]\n": false, "\x00\x00": false,
		strings.Repeat("x", 100_000): false, strings.Repeat("x\n\n", 50_000): false,
	} {
		f := &witness.File{Path: filepath.Join(t.TempDir(), "held"), Key: s.Key}
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := f.Hand(t.Context(), o)
		now, bad := os.ReadFile(f.Path)
		if isTaken != (err == nil) || isTaken == errors.Is(err, witness.ErrAlarm) || bad != nil ||
			isTaken == (string(now) == text) {
			t.Errorf("%.20q: %v, and then it has %d bytes: %v", text, err, len(now), bad)
		}
	}
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
	url, key := listening(t, s.Key)
	path := filepath.Join(t.TempDir(), "checkpoints")
	syslog := &witness.Syslog{Network: "udp", Address: sink.LocalAddr().String()}
	for name, place := range map[string]func() witness.Place{
		"file":   func() witness.Place { return &witness.File{Path: path, Key: s.Key} },
		"remote": func() witness.Place { return &witness.Remote{URL: url, Key: key} },
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
	_, key := listening(t, s.Key)
	for _, c := range []struct {
		status int
		body   string
	}{{500, "x"}, {302, ""}, {404, "no"}, {403, "no"}, {409, "x"}, {409, "7"}, {429, ""},
		{200, ""}, {200, "<html>Log in first</html>"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		err := (&witness.Remote{URL: server.URL, Key: key}).Hand(t.Context(), o)
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

// answered is what a witness answers to a checkpoint that it has never seen.
func answered(t *testing.T, url string, o *witness.Offer) string {
	t.Helper()
	a, err := http.Post(url+"/add-checkpoint", "text/plain",
		strings.NewReader("old 0\n\n"+string(o.Note)))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%v, %d %s", err, a.StatusCode, text)
	}
	return string(text)
}

// TestCheckCosigned_AnythingButTheWitnesssOwnSignature_IsNoConsent: whoever stands in a witness's
// place could say yes to an older trail.
func TestCheckCosigned_AnythingButTheWitnesssOwnSignature_IsNoConsent(t *testing.T) {
	s := treetest.NewSigner(t, "claviger/one")
	url, key := listening(t, s.Key)
	other, stranger := listening(t, s.Key)
	ten, eleven := offer(t, s, 10, 99, ""), offer(t, s, 11, 99, "")
	right, wrong := answered(t, url, ten), answered(t, other, ten)
	flipped := []byte(right)
	flipped[len(flipped)-10] ^= 1
	now := time.Now()
	for _, c := range []struct {
		name   string
		key    *tree.WitnessKey
		of     *witness.Offer
		answer string
		at     time.Time
		ok     bool
	}{
		{"its own", key, ten, right, now, true},
		{"its own beside a stranger's", key, ten, wrong + right, now, true},
		{"its own by a clock that is a bit off", key, ten, right, now.Add(-4 * time.Minute), true},
		{"a stranger's", key, ten, wrong, now, false},
		{"its own as a stranger's", stranger, ten, right, now, false},
		{"of another checkpoint", key, eleven, right, now, false},
		{"with another bit", key, ten, string(flipped), now, false},
		{"kept from before", key, ten, right, now.Add(10 * time.Minute), false},
		{"nothing", key, ten, "", now, false},
		{"a page", key, ten, "<html>\n", now, false},
	} {
		if err := c.key.CheckCosigned(c.of.Note, c.answer, c.at); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestParseWitnessKey_Keys_AreThoseThatWitnessesPrint; another text is none.
func TestParseWitnessKey_Keys_AreThoseThatWitnessesPrint(t *testing.T) {
	_, key := listening(t)
	text := key.String()
	if read, err := tree.ParseWitnessKey(" " + text + "\n"); err != nil || read.String() != text {
		t.Errorf("%v, %v", read, err)
	}
	log := treetest.NewSigner(t, "claviger/one").String()
	for _, bad := range []string{"", "x", text[1:], text[:len(text)-4], "a+b", log,
		strings.Replace(text, "witness/one", "witness/two", 1), strings.Replace(text, "+B", "+A", 1)} {
		if _, err := tree.ParseWitnessKey(bad); !errors.Is(err, tree.ErrWitnessKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "a b", "a+b", "a\n"} {
		if _, err := tree.NewWitnessKey(bad, nil); err == nil {
			t.Errorf("a witness is called %q", bad)
		}
	}
}
