package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// document is something to read that is the same for everybody while the service runs. Clients keep
// it and ask whether it has changed.
type document struct {
	mediaType     string
	plain, zipped []byte
	etag, etagZIP string
}

// onceAsked serves a document that is made for its first reader and kept. Most services are never
// asked for it, and to write and compress it is the longest part of a start.
func onceAsked(mediaType string, write func() []byte) http.HandlerFunc {
	made := sync.OnceValue(func() *document { return newDocument(mediaType, write()) })
	return func(w http.ResponseWriter, r *http.Request) { made().serve(w, r) }
}

// newDocument compresses a document once, as well as it goes.
func newDocument(mediaType string, plain []byte) *document {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(plain) // to memory, which fails not
	_ = z.Close()
	sum := sha256.Sum256(plain)
	tag := hex.EncodeToString(sum[:12])
	return &document{mediaType: mediaType, plain: plain, zipped: b.Bytes(), etag: `"` + tag + `"`,
		etagZIP: `"` + tag + `-gzip"`}
}

// serve sends the document in the form that the client takes. The forms have tags of their own,
// because they are not the same bytes (RFC 9110, 8.8.3).
func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", d.mediaType)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	body := d.plain
	h.Set("ETag", d.etag)
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		body = d.zipped
		h.Set("ETag", d.etagZIP)
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	r.Header.Del("Range") // a part of either form would be of no use
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// acceptsGzip reports whether a client names gzip, or all codings, with a weight above nothing. The
// name itself counts before the star (RFC 9110, 12.5.3).
func acceptsGzip(values []string) bool {
	any := false
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64)
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return weight > 0
		case "*":
			any = weight > 0
		}
	}
	return any
}
