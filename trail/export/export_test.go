package export_test

import (
	"compress/gzip"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/store"
	"claviger/trail/export"
)

const (
	account = "111122223333"
	other   = "444455556666"
	home    = "us-east-1"
	abroad  = "eu-central-1"
)

// trail is a trail in memory, whose clock the test sets.
type trail struct {
	batches []batch
	next    int64
	ids     int
}

type batch struct {
	number int64
	at     time.Time
	lines  []string
}

// add adds a batch with one record for each of whom, and returns the ids of the events.
func (r *trail) add(at time.Time, whom ...string) (ids []string) {
	if r.next == 0 {
		r.next = 1
	}
	b := batch{number: r.next, at: at}
	for _, one := range whom {
		of, region, _ := strings.Cut(one, "/")
		r.ids++
		ids = append(ids, fmt.Sprintf("event-%d", r.ids))
		b.lines = append(b.lines, fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"awsRegion":%q,`+
			`"requestParameters":{"encryptionContext":{"awsRegion":"x","recipientAccountId":"y"}},`+
			`"eventID":%q,"recipientAccountId":%q}`, at.Format("2006-01-02T15:04:05.000000Z"), region,
			ids[len(ids)-1], of))
	}
	r.batches, r.next = append(r.batches, b), r.next+int64(len(b.lines))
	return ids
}

// Trail implements export.Records.
func (r *trail) Trail(after int64, each func(int64, time.Time, []byte) error) error {
	for _, b := range r.batches {
		if b.number > after {
			if err := each(b.number, b.at, []byte(strings.Join(b.lines, "\n"))); err != nil {
				return err
			}
		}
	}
	return nil
}

// TrailTime implements export.Records.
func (r *trail) TrailTime(record int64) (number int64, at time.Time, err error) {
	err = store.NoRow
	for _, b := range r.batches {
		if b.number <= record {
			number, at, err = b.number, b.at, nil
		}
	}
	return number, at, err
}

// TrailEnd implements export.Records.
func (r *trail) TrailEnd() (int64, error) {
	if len(r.batches) == 0 {
		return 0, nil
	}
	return r.batches[len(r.batches)-1].number, nil
}

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// signer is a key as the token has it.
func signer(t testing.TB) export.Key {
	t.Helper()
	info, err := x509.MarshalPKIXPublicKey(key().Public())
	if err != nil {
		t.Fatal(err)
	}
	_, fingerprint, err := export.PublicKey(info)
	if err != nil {
		t.Fatal(err)
	}
	return export.Key{Fingerprint: fingerprint,
		Sign: func(_ context.Context, digest []byte) ([]byte, error) {
			return rsa.SignPKCS1v15(nil, key(), crypto.SHA256, digest)
		}}
}

var declared = export.Trail{Name: "claviger", Account: account, Home: home, Bucket: "audit-archive",
	Prefix: "site/one"}

func exporting(t testing.TB, r *trail, dir string, until time.Time) export.Export {
	by := signer(t)
	return export.Export{Records: r, Dir: dir, Trail: declared, Region: home, Until: until,
		Sign: func(ctx context.Context, chains []export.Chain) (all [][]export.Signed, err error) {
			for _, c := range chains {
				made, err := c.Sign(ctx, declared, by)
				if err != nil {
					return nil, err
				}
				all = append(all, made)
			}
			return all, nil
		}}
}

func run(t testing.TB, e export.Export) export.Summary {
	t.Helper()
	done, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func validating(t testing.TB, dir string) validator {
	t.Helper()
	info, err := x509.MarshalPKIXPublicKey(key().Public())
	if err != nil {
		t.Fatal(err)
	}
	der, fingerprint, err := export.PublicKey(info)
	if err != nil {
		t.Fatal(err)
	}
	return validator{dir: dir, bucket: declared.Bucket, keys: map[string][]byte{fingerprint: der}}
}

func prefix(account, region string) string {
	return "site/one/AWSLogs/" + account + "/CloudTrail-Digest/" + region
}

// tree is all files below a directory with what is in them.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExport_HoursOfSeveralAccounts_AreValidByThePublishedRules(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	a := r.add(hour(8).Add(5*time.Minute), account+"/"+home, other+"/"+abroad, account+"/"+home)
	b := r.add(hour(8).Add(59*time.Minute), account+"/"+abroad)
	c := r.add(hour(11).Add(time.Second), other+"/"+abroad)
	d := r.add(hour(12).Add(time.Second), account+"/"+home) // of an hour that isn't over
	done := run(t, exporting(t, r, dir, hour(12).Add(20*time.Minute)))
	if done.Records != 5 || done.LogFiles != 4 || done.Digests != 12 || !done.Newest.Equal(hour(12)) {
		t.Errorf("%+v", done)
	}
	v := validating(t, dir)
	v.mustBe(t, prefix(account, home), 4, a[0], a[2])
	v.mustBe(t, prefix(account, abroad), 4, b...)
	v.mustBe(t, prefix(other, abroad), 4, a[1], c[0])

	logs := regexp.MustCompile(`^site/one/AWSLogs/(\d{12})/CloudTrail/([a-z]+-[a-z]+-\d)/2026/03/01/` +
		`(\d{12})_CloudTrail_([a-z]+-[a-z]+-\d)_20260301T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz$`)
	digests := regexp.MustCompile(`^site/one/AWSLogs/\d{12}/CloudTrail-Digest/[a-z]+-[a-z]+-\d/2026/03/01/` +
		`\d{12}_CloudTrail-Digest_[a-z]+-[a-z]+-\d_claviger_us-east-1_20260301T\d{6}Z\.json\.gz$`)
	for name := range tree(t, dir) {
		if !logs.MatchString(name) && !digests.MatchString(strings.TrimSuffix(name, export.Metadata)) &&
			name != ".claviger-export.json" {
			t.Errorf("%s is no name of CloudTrail's", name)
		}
	}

	// What is over goes on from there, in other runs, and leaves what is there as it is.
	before := tree(t, dir)
	run(t, exporting(t, r, dir, hour(13)))
	after := tree(t, dir)
	for name, text := range before {
		if after[name] != text && name != ".claviger-export.json" {
			t.Errorf("%s was changed", name)
		}
	}
	v.mustBe(t, prefix(account, home), 5, a[0], a[2], d[0])
	if done := run(t, exporting(t, r, dir, hour(13))); done.Digests != 0 || done.LogFiles != 0 {
		t.Errorf("an hour was exported twice: %+v", done)
	}
}

// TestExport_EachHourByItself_IsTheSameAsAtOnce: what is written follows from the trail alone.
func TestExport_EachHourByItself_IsTheSameAsAtOnce(t *testing.T) {
	t.Parallel()
	r, once, hourly := new(trail), t.TempDir(), t.TempDir()
	for n := range 24 {
		for m := range n % 4 {
			r.add(hour(n).Add(time.Duration(m)*13*time.Minute), account+"/"+home, other+"/"+home)
		}
		run(t, exporting(t, r, hourly, hour(n+1)))
	}
	run(t, exporting(t, r, once, hour(24)))
	if x, y := tree(t, once), tree(t, hourly); !maps.Equal(x, y) {
		t.Errorf("%d files at once and %d hourly, which differ", len(x), len(y))
	}
}

// TestExport_CutOffAnywhere_EndsUpTheSame: the disk or the token fails, or the process ends, and
// the next export goes on.
func TestExport_CutOffAnywhere_EndsUpTheSame(t *testing.T) {
	t.Parallel()
	r, whole := new(trail), t.TempDir()
	for n := range 300 { // more hours than are signed at a time
		r.add(hour(n), account+"/"+home)
	}
	run(t, exporting(t, r, whole, hour(300)))
	for after := range 2 {
		dir, asked := t.TempDir(), 0
		e := exporting(t, r, dir, hour(300))
		sign := e.Sign
		e.Sign = func(ctx context.Context, chains []export.Chain) ([][]export.Signed, error) {
			if asked++; asked > after {
				return nil, errors.New("the token is gone")
			}
			return sign(ctx, chains)
		}
		_, err := e.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "the token is gone") {
			t.Fatal(err)
		}
		run(t, exporting(t, r, dir, hour(300)))
		if !maps.Equal(tree(t, whole), tree(t, dir)) {
			t.Errorf("cut off after %d signings, the export is another one", after)
		}
	}
}

func TestExport_AnyChangeOfItsFiles_IsFound(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	for n := range 6 {
		r.add(hour(n), account+"/"+home)
	}
	run(t, exporting(t, r, dir, hour(6)))
	v := validating(t, dir)
	newest, err := v.newest(prefix(account, home))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range tree(t, dir) {
		if name == ".claviger-export.json" {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		// That the newest is missing can be known only by the time that it is about.
		if _, err := v.chain(prefix(account, home)); err == nil && name != newest {
			t.Errorf("nobody misses %s", name)
		}
		for at := range len(text) {
			if at%97 != 0 || strings.HasSuffix(name, ".gz") && at < 10 {
				continue // the head of gzip says nothing
			}
			changed := []byte(text)
			changed[at] ^= 1 << (at % 8)
			put(t, path, changed)
			if _, err := v.chain(prefix(account, home)); err == nil && !sameInside(text, string(changed)) {
				t.Fatalf("a bit of %s at %d was changed, and it is valid", name, at)
			}
		}
		put(t, path, []byte(text))
	}
	v.mustBe(t, prefix(account, home), 6, "event-1", "event-2", "event-3", "event-4",
		"event-5", "event-6")
}

// sameInside reports whether a change is one of upper and lower case in hexadecimal digits, or one
// of bits of gzip that don't matter.
func sameInside(a, b string) bool {
	return strings.EqualFold(a, b) || unpacked(a) != "" && unpacked(a) == unpacked(b)
}

func unpacked(text string) string {
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		return ""
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return ""
	}
	return string(all)
}

func put(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestExport_ClockSetBackAndAhead_LosesNothing: each record is in one digest, and digests are in
// their order, whatever the clock was.
func TestExport_ClockSetBackAndAhead_LosesNothing(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	var ids []string
	for _, at := range []time.Time{hour(8), hour(10), hour(7), hour(9), hour(900), hour(10),
		hour(11)} {
		ids = append(ids, r.add(at, account+"/"+home)...)
	}
	run(t, exporting(t, r, dir, hour(12).Add(time.Minute)))
	validating(t, dir).mustBe(t, prefix(account, home), 4, ids...)
}

func TestExport_Now_EndsTheLastDigestThere(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	a := r.add(hour(8).Add(time.Minute), account+"/"+home)
	e := exporting(t, r, dir, hour(8).Add(10*time.Minute+300*time.Millisecond))
	e.Now = true
	run(t, e)
	v := validating(t, dir)
	v.mustBe(t, prefix(account, home), 1, a...)
	b := r.add(hour(8).Add(11*time.Minute), account+"/"+home)
	run(t, exporting(t, r, dir, hour(10)))
	v.mustBe(t, prefix(account, home), 3, a[0], b[0])
}

func TestExport_AnotherPast_IsRefused(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	r.add(hour(8), account+"/"+home)
	r.add(hour(9), account+"/"+home)
	run(t, exporting(t, r, dir, hour(10)))
	restored := new(trail)
	restored.add(hour(8), account+"/"+home)
	_, err := exporting(t, restored, dir, hour(12)).Run(t.Context())
	if !errors.Is(err, export.ErrRestored) {
		t.Errorf("a trail that ends before: %v", err)
	}
	restored.add(hour(9).Add(time.Microsecond), account+"/"+home)
	_, err = exporting(t, restored, dir, hour(12)).Run(t.Context())
	if !errors.Is(err, export.ErrRestored) {
		t.Errorf("a trail that went on otherwise: %v", err)
	}
	// One whose oldest records were removed for their age is the same trail.
	kept := &trail{batches: r.batches[2:], next: 3, ids: 2}
	kept.add(hour(11), account+"/"+home)
	if done := run(t, exporting(t, kept, dir, hour(12))); done.Records != 1 {
		t.Errorf("%+v", done)
	}
	another := exporting(t, r, dir, hour(12))
	another.Trail.Bucket = "another-archive"
	_, err = another.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another trail") {
		t.Errorf("another bucket: %v", err)
	}
}

func TestExport_RecordThatIsNone_IsNamed(t *testing.T) {
	t.Parallel()
	for _, line := range []string{``, `[]`, `{"eventTime":"yesterday"}`, `{"awsRegion":`,
		`{"awsRegion":{}}`} {
		r := &trail{batches: []batch{{number: 7, at: hour(8), lines: []string{line}}}}
		_, err := exporting(t, r, t.TempDir(), hour(12)).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "batch 7 of the trail can't be read") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestExport_MuchInOneHour_IsInSeveralFiles: a file has a bound, and what is in memory, too.
func TestExport_MuchInOneHour_IsInSeveralFiles(t *testing.T) {
	t.Parallel()
	r, dir := new(trail), t.TempDir()
	filler := strings.Repeat("x", 1<<20)
	var ids []string
	for n := range 70 {
		ids = append(ids, r.add(hour(8).Add(time.Duration(n)*time.Second), account+"/"+home)...)
		last := &r.batches[len(r.batches)-1].lines[0]
		*last = strings.Replace(*last, `{"eventVersion"`, `{"filler":"`+filler+`","eventVersion"`, 1)
	}
	if done := run(t, exporting(t, r, dir, hour(9))); done.LogFiles != 3 {
		t.Errorf("%+v", done)
	}
	validating(t, dir).mustBe(t, prefix(account, home), 1, ids...)
}

func TestTrailCheck_NamesThatCanNotBe_AreRefused(t *testing.T) {
	t.Parallel()
	good := declared
	for _, spoil := range []func(*export.Trail){
		func(t *export.Trail) { t.Name = "ab" },
		func(t *export.Trail) { t.Name = "a..b" },
		func(t *export.Trail) { t.Name = "a/b" },
		func(t *export.Trail) { t.Name = strings.Repeat("a", 129) },
		func(t *export.Trail) { t.Bucket = "Upper" },
		func(t *export.Trail) { t.Bucket = "" },
		func(t *export.Trail) { t.Prefix = "/a" },
		func(t *export.Trail) { t.Prefix = "a/../b" },
		func(t *export.Trail) { t.Prefix = strings.Repeat("a", 201) },
	} {
		bad := good
		spoil(&bad)
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestChainSign_DigestsThatDoNotFollow_AreRefused(t *testing.T) {
	t.Parallel()
	for _, digests := range [][]export.Digest{
		{{Start: hour(2), End: hour(2)}},
		{{Start: hour(2), End: hour(1)}},
		{{Start: hour(1), End: hour(2)}, {Start: hour(3), End: hour(4)}},
	} {
		c := export.Chain{Account: account, Region: home, Digests: digests}
		if _, err := c.Sign(t.Context(), declared, signer(t)); err == nil {
			t.Errorf("%v was signed", digests)
		}
	}
}
