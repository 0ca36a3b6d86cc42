// Command trailbucket serves a directory that `claviger audit export` has written as the bucket of
// Amazon S3 that its digests name, for reading. By that the AWS CLI, as it comes, validates it:
//
//	claviger audit export --config /etc/claviger/claviger.toml /var/lib/claviger/trail
//	trailbucket -bucket audit-archive -listen 127.0.0.1:8300 /var/lib/claviger/trail
//
//	export AWS_ENDPOINT_URL_CLOUDTRAIL=https://claviger.example.com:8200
//	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:8300
//	aws cloudtrail validate-logs \
//	  --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/claviger \
//	  --start-time 2026-03-01T00:00:00Z --verbose
//
// It has the three operations that take: GetBucketLocation, ListObjects and GetObject. Signatures
// are not looked at, so it listens on loopback.
package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metadata is what the file of a digest's metadata ends in.
const metadata = ".metadata.json"

func main() {
	bucket := flag.String("bucket", "", "the `name` of the bucket, as the configuration has it")
	listen := flag.String("listen", "127.0.0.1:8300", "`address` and port")
	flag.Parse()
	if flag.NArg() != 1 || *bucket == "" {
		log.Fatal("usage: trailbucket -bucket NAME [-listen ADDRESS] DIRECTORY")
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: serve(os.DirFS(flag.Arg(0)), *bucket),
		ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(l))
}

// serve answers as S3 does where the bucket is in the path.
func serve(files fs.FS, bucket string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, object, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		query := r.URL.Query()
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
		case name != bucket:
			refuse(w, http.StatusNotFound, "NoSuchBucket")
		case object != "":
			get(w, files, object)
		case query.Has("location"):
			answer(w, "LocationConstraint", "") // nothing is us-east-1
		default:
			list(w, files, bucket, query.Get("prefix"), query.Get("marker"))
		}
	})
}

// get sends an object, with the signature if it is a digest.
func get(w http.ResponseWriter, files fs.FS, object string) {
	content, err := fs.ReadFile(files, path.Clean(object))
	if errors.Is(err, fs.ErrNotExist) || !isObject(object) {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	beside := map[string]string{}
	if text, err := fs.ReadFile(files, path.Clean(object)+metadata); err == nil {
		if err := json.Unmarshal(text, &beside); err != nil {
			refuse(w, http.StatusInternalServerError, "InternalError")
			return
		}
	}
	for name, value := range beside {
		w.Header()["x-amz-meta-"+name] = []string{value} // in small letters, as clients look for it
	}
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // who has hung up is told nothing
}

// isObject reports whether a file is one of the bucket's.
func isObject(name string) bool { return strings.HasSuffix(name, ".json.gz") }

// listing is a page of ListObjects.
type listing struct {
	XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name        string
	Prefix      string
	Marker      string
	MaxKeys     int
	IsTruncated bool
	Contents    []entry
}

type entry struct {
	Key  string
	Size int64
}

const pageSize = 1000

// list sends the objects that begin with prefix and come behind marker, in the order of their
// names.
func list(w http.ResponseWriter, files fs.FS, bucket, prefix, marker string) {
	page := listing{Name: bucket, Prefix: prefix, Marker: marker, MaxKeys: pageSize}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		isFound := isObject(name) && strings.HasPrefix(name, prefix) && name > marker
		if err != nil || d.IsDir() || !isFound {
			return err
		}
		info, err := d.Info()
		if err == nil {
			page.Contents = append(page.Contents, entry{Key: name, Size: info.Size()})
		}
		return err
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	slices.SortFunc(page.Contents, func(a, b entry) int { return strings.Compare(a.Key, b.Key) })
	if len(page.Contents) > pageSize {
		page.Contents, page.IsTruncated = page.Contents[:pageSize], true
	}
	send(w, page)
}

func answer(w http.ResponseWriter, element, text string) {
	send(w, struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}{xml.Name{Space: "http://s3.amazonaws.com/doc/2006-03-01/", Local: element}, text})
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	send(w, struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: code})
}

func send(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(document) // who has hung up is told nothing
}
