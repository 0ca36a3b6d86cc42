package keystore

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/store"
)

var (
	qCountPairs = store.Wide(`SELECT count(*) FROM kms_import_pairs`, "a test counts them all")
	qPairID     = store.Wide(`SELECT id FROM kms_import_pairs`, "a test reads the one there is")
	qAlterPairs = store.Wide(`UPDATE kms_import_pairs SET algorithm = $1`, "a test alters them all")
)

// A pair is gone from the database and from the token, and no import is taken after that.
func TestImportPair_AfterADay_IsGone(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	p := s.parameters(id, "RSAES_OAEP_SHA_1", "RSA_2048")
	in := wrap(t, id, p, "RSAES_OAEP_SHA_1", outsideAES(t))
	for range 2 { // a token serves more than once
		must[any](s, "ImportKeyMaterial", in)
	}
	handles := s.Token.Stats().Handles
	s.pass(imports.PairLifetime - time.Millisecond)
	s.Jobs.RunDue(t.Context())
	must[any](s, "ImportKeyMaterial", in)
	s.pass(time.Millisecond)
	s.refuses("at the end", "ImportKeyMaterial", in, "ExpiredImportTokenException")
	s.Jobs.RunDue(t.Context())
	s.refuses("after the end", "ImportKeyMaterial", in, "ExpiredImportTokenException")
	if n := s.count(qCountPairs); n != 0 {
		t.Errorf("%d pairs are left", n)
	}
	if now := s.Token.Stats().Handles; now != handles-1 {
		t.Errorf("%d handles are left of %d", now, handles)
	}
}

// The job stays until the time has come again.
func TestImportPair_ClockSetBack_Stays(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	in := s.wrapAnew(id, outsideAES(t))
	var pair string
	if err := s.DB.Row(qPairID, nil, &pair); err != nil {
		t.Fatal(err)
	}
	c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	if err := s.keys.importPairs.Delete(c, imports.Subject(id, pair)); err == nil {
		t.Error("the job ended before its time")
	}
	must[any](s, "ImportKeyMaterial", in)
	if err := s.keys.importPairs.Delete(c, imports.Subject(id, "gone")); err != nil {
		t.Errorf("a job that has nothing to do: %v", err)
	}
}

// Nobody who can write to the database chooses how a key comes in.
func TestImportPair_AlteredRow_IsRefused(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	in := s.wrapAnew(id, outsideAES(t))
	s.alter(qAlterPairs, "RSAES_OAEP_SHA_1")
	s.refuses("an altered row", "ImportKeyMaterial", in, "KMSInternalException")
	s.isIn(id, key.PendingImport)
}

// withOtherLength returns a request whose material no pair can unwrap.
func withOtherLength(in document) document {
	wrapped := bytes.Clone(in["EncryptedKeyMaterial"].([]byte))
	return in.and(M{"EncryptedKeyMaterial": append(wrapped, make([]byte, 8)...)})
}

// The limit holds for those who ask at the same time. What is unwrapped and is no fit material
// isn't counted, and neither is what is good.
func TestImportAttempts_TenFailures_EndThePair(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	material := outsideAES(t)
	p := s.parameters(id, everyKindWrapping, "RSA_2048")
	good := wrap(t, id, p, everyKindWrapping, material)
	unfit := wrap(t, id, p, everyKindWrapping, material[:24])
	for range 2 * imports.MaxFailures {
		s.refuses("unfit", "ImportKeyMaterial", unfit, "IncorrectKeyMaterialException")
		must[any](s, "ImportKeyMaterial", good)
	}
	if n := s.count(qFailures); n != 0 {
		t.Errorf("%d attempts are counted", n)
	}
	var mu sync.Mutex
	answers := map[string]int{}
	var all sync.WaitGroup
	for range 3 * imports.MaxFailures {
		all.Go(func() {
			_, code := ask[any](s, "ImportKeyMaterial", withOtherLength(good))
			mu.Lock()
			defer mu.Unlock()
			answers[code]++
		})
	}
	all.Wait()
	if answers["InvalidCiphertextException"] != imports.MaxFailures ||
		answers["ExpiredImportTokenException"] != 2*imports.MaxFailures {
		t.Errorf("%v", answers)
	}
	s.refuses("good, and too late", "ImportKeyMaterial", good, "ExpiredImportTokenException")
	s.importMaterial(id, material, nil)
}

// attempts returns the records of attempts that name a key, as event names with their errors.
func (s *service) attempts(id string) (out []string) {
	s.t.Helper()
	for _, r := range s.Records() {
		for _, name := range []string{"CountImportAttempt", "TakeBackImportAttempt"} {
			if !strings.Contains(r, `"eventName":"`+name+`"`) || !strings.Contains(r, "key/"+id) {
				continue
			}
			if !strings.Contains(r, `"type":"AWSService"`) ||
				!strings.Contains(r, `"readOnly":false`) {
				s.t.Errorf("recorded as %s", r)
			}
			if strings.Contains(r, "ExpiredImportTokenException") {
				name += " ExpiredImportTokenException"
			}
			out = append(out, name)
		}
	}
	return out
}

// Counting and taking back are the service's own work, and recorded as that.
func TestImportAttempts_Records_AreTheServicesOwn(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	good := s.wrapAnew(id, outsideAES(t))
	must[any](s, "ImportKeyMaterial", good)
	want := []string{"CountImportAttempt", "TakeBackImportAttempt"}
	for range imports.MaxFailures {
		s.refuses("with other bytes", "ImportKeyMaterial", withOtherLength(good),
			"InvalidCiphertextException")
		want = append(want, "CountImportAttempt")
	}
	s.refuses("too often", "ImportKeyMaterial", good, "ExpiredImportTokenException")
	want = append(want, "CountImportAttempt ExpiredImportTokenException")
	if got := s.attempts(id); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("recorded are %v, want %v", got, want)
	}
}

// unwrapping is a token that counts what it is asked to unwrap.
type unwrapping struct {
	*hsm.Token
	asked atomic.Int64
}

func (u *unwrapping) Import(ctx context.Context, in custody.Import) (custody.Material, error) {
	u.asked.Add(1)
	return u.Token.Import(ctx, in)
}

// failingLedger stores nothing from the commit on that is due.
type failingLedger struct {
	op.Ledger
	left int
}

var errLedgerFails = fault.New(fault.Unavailable, "", "")

func (l *failingLedger) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	if l.left--; l.left < 0 {
		return errLedgerFails
	}
	return l.Ledger.Commit(apply, record)
}

// An attempt that can't be recorded is not made, and material whose attempt can't be taken back is
// not imported.
func TestImportAttempts_LedgerThatFails_LetsNothingIn(t *testing.T) {
	u := new(unwrapping)
	s := startOn(t, func(token *hsm.Token) Token {
		u.Token = token
		return u
	})
	create := doc{"Origin": key.OriginExternal}
	id := done[CreateKeyOutput](s, "CreateKey", create).KeyMetadata.KeyId
	p := done[GetParametersForImportOutput](s, "GetParametersForImport",
		doc{"KeyId": id, "WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "RSA_2048"})
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	in := wrap(t, id, p, everyKindWrapping, material)
	ledger := s.Runner.Ledger
	for commits, attempts := range []int64{0, 1, 1} { // counted, taken back, imported
		u.asked.Store(0)
		s.Runner.Ledger = &failingLedger{ledger, commits}
		_, err := send[any](t.Context(), s, "ImportKeyMaterial", in)
		refused(t, err, "KeyUnavailableException", "*")
		if n := u.asked.Load(); n != attempts {
			t.Errorf("with %d commits left the token unwrapped %d times", commits, n)
		}
		s.Runner.Ledger = ledger
		m := done[DescribeKeyOutput](s, "DescribeKey", doc{"KeyId": id}).KeyMetadata
		if m.KeyState != key.PendingImport {
			t.Errorf("with %d commits left the key is %s", commits, m.KeyState)
		}
	}
	done[any](s, "ImportKeyMaterial", in)
}
