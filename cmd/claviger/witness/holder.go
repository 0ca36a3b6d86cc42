package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"claviger/audit/tree"
)

// Holder is the other side: it keeps the newest checkpoint of each log that it knows, takes another
// one only if it goes on from there, and says so by a signature of its own. It speaks
// c2sp.org/tlog-witness, and needs neither token nor database.
type Holder struct {
	Dir  string // one file for each log, and the key
	Name string // its own, in its signatures
	Logs []*tree.Key

	mu     sync.Mutex
	key    ed25519.PrivateKey
	public *tree.WitnessKey
}

// Open reads its key, and makes it where there is none. It returns the public one, which clients
// pin.
func (h *Holder) Open() (public *tree.WitnessKey, err error) {
	path := filepath.Join(h.Dir, "witness.key")
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		seed = []byte(hex.EncodeToString(key.Seed()))
		if err := replace(path, seed); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(seed)))
	if err != nil || len(raw) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	h.key = ed25519.NewKeyFromSeed(raw)
	h.public, err = tree.NewWitnessKey(h.Name, h.key.Public().(ed25519.PublicKey))
	return h.public, err
}

// replace puts a file in the place of another one, so that a crash leaves one of the two.
func replace(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// mostHanded is how many bytes a checkpoint and its proof may have.
const mostHanded = 64 << 10

// ServeHTTP implements [http.Handler].
func (h *Holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/add-checkpoint") {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostHanded))
	if err != nil {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
		return
	}
	old, proof, note, err := parse(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, status, err := h.add(old, proof, note)
	switch {
	case status == http.StatusConflict:
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(status)
		fmt.Fprintln(w, answer)
	case err != nil:
		http.Error(w, err.Error(), status)
	default:
		_, _ = io.WriteString(w, answer)
	}
}

// parse reads what a log hands in.
func parse(body []byte) (old int64, proof []tree.Hash, note []byte, err error) {
	bad := errors.New("this is no checkpoint with its proof")
	head, note, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, isOld := strings.CutPrefix(lines[0], "old ")
	old, err = strconv.ParseInt(size, 10, 64)
	if !ok || !isOld || err != nil || old < 0 || strconv.FormatInt(old, 10) != size ||
		len(lines) > 64 {
		return 0, nil, nil, bad
	}
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != tree.HashSize {
			return 0, nil, nil, bad
		}
		proof = append(proof, tree.Hash(raw))
	}
	return old, proof, note, nil
}

// add takes a checkpoint, or says with which status it doesn't. A conflict's answer is how many
// records the one has that is held.
func (h *Holder) add(old int64, proof []tree.Hash, note []byte) (
	answer string, status int, err error) {
	claimed, err := tree.Claimed(note)
	if err != nil {
		return "", http.StatusBadRequest, err
	}
	log := h.known(claimed.Origin)
	if log == nil {
		return "", http.StatusNotFound, fmt.Errorf("no log is called %q here", claimed.Origin)
	}
	c, err := tree.Open(note, log)
	if err != nil {
		return "", http.StatusForbidden, err
	}
	if old > c.Size {
		return "", http.StatusBadRequest, errors.New("the old tree is larger than the new one")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	path := h.path(log)
	held := tree.Checkpoint{Origin: c.Origin}
	text, err := os.ReadFile(path)
	if err == nil {
		held, err = tree.Open(text, log)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", http.StatusInternalServerError, err
	}
	if old != held.Size || c.Size == held.Size && held.Size > 0 && c.Root != held.Root {
		return strconv.FormatInt(held.Size, 10), http.StatusConflict, nil
	}
	if err := c.CheckExtends(held, proof); err != nil {
		return "", http.StatusUnprocessableEntity, err
	}
	if err := replace(path, note); err != nil {
		return "", http.StatusInternalServerError, err
	}
	return h.public.Cosign(note, time.Now(), h.key), http.StatusOK, nil
}

func (h *Holder) known(origin string) *tree.Key {
	for _, k := range h.Logs {
		if k.Name() == origin {
			return k
		}
	}
	return nil
}

// path is the file of a log: its name may have letters that a file's can't.
func (h *Holder) path(log *tree.Key) string {
	sum := sha256.Sum256([]byte(log.Name()))
	return filepath.Join(h.Dir, hex.EncodeToString(sum[:8])+".checkpoint")
}
