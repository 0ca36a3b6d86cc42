package servicetest_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"
)

// TestDenied_ThereOrAbsent_IsAnsweredAlike asks for every operation, as callers who may not, in
// each Region and account and by every form of a name: what is there and what is not are answered
// byte for byte alike but for the caller's own words, denial comes before absence, and the refusal
// names the resource by the caller's words. What it stands for is in the trail alone.
func TestDenied_ThereOrAbsent_IsAnsweredAlike(t *testing.T) {
	g := startWalkServers(t)
	callers := map[*servicetest.Server][]deniedCaller{}
	staged := map[string]map[string]string{}
	for _, n := range routed(g.soft.Server) {
		request := walk[idOf(n)].request
		if len(namesIn(request)) == 0 || n.Service.Name == "cloudtrail" {
			continue // who looks up events looks in its own account, whatever it names
		}
		s := g.of(n).Server
		if callers[s] == nil {
			callers[s] = deniedCallers(t, s)
		}
		kind := specialWord(request)
		if staged[kind] == nil {
			staged[kind] = stageNames(t, s, kind)
		}
		t.Run(idOf(n), func(t *testing.T) {
			d := &denial{Server: s, n: n, request: request, names: staged[kind], mark: s.Mark(t)}
			for _, c := range callers[s] {
				for _, form := range forms {
					d.alike(t, c, form, false)
					d.alike(t, c, form, true)
				}
			}
		})
	}
}

// deniedCaller asks for what is another's, or may do nothing.
type deniedCaller struct {
	name, region string
	keys         aws.Credentials
}

func deniedCallers(t *testing.T, s *servicetest.Server) (all []deniedCaller) {
	t.Helper()
	root, user := s.RootOf(t, otherAccount), s.UserOf(t, otherAccount, "stranger")
	for _, region := range []string{servicetest.Region, servicetest.Abroad} {
		all = append(all, deniedCaller{"nobody", region, s.Nobody},
			deniedCaller{"another account's root user", region, root},
			deniedCaller{"another account's user", region, user})
	}
	return all
}

// forms of a name: how a word of a request is written. What has no such form is written as it is.
var forms = []string{"id", "ARN", "ARN abroad", "alias", "alias ARN", "alias ARN abroad",
	"partial ARN", "wrong suffix"}

// The words of walk that name something, by what they name.
var (
	keyWords = []string{"KEY", "OTHER", "GOING", "SIGNER", "AUTHENTICATOR", "AGREER", "OPENER",
		"WAITING", "LONE", "COUPLE"}
	secretWords = []string{"SECRET", "MARKED", "CREDENTIALS", "ROTATED", "COPIED", "REPLICA"}
	otherWords  = []string{"ALIAS", "GRANT", "STORE", "CONNECTED", "PARAMETER", "PRIVATE",
		"SHARED"}
)

func namesIn(request string) (words []string) {
	for _, word := range slices.Concat(keyWords, secretWords, otherWords) {
		if strings.Contains(request, `"`+word+`"`) {
			words = append(words, word)
		}
	}
	return words
}

// specialWord is the word of a request for which stage makes a thing of its own, or nothing.
func specialWord(request string) string {
	for _, word := range slices.Concat(keyWords[3:], secretWords[2:], otherWords[1:]) {
		if strings.Contains(request, `"`+word+`"`) {
			return word
		}
	}
	return ""
}

// stageNames makes what requests with a special word ask for, and an alias for each key. A secret
// is named by its full ARN here.
func stageNames(t *testing.T, s *servicetest.Server, special string) map[string]string {
	t.Helper()
	words, _ := stageWords(t, s, special)
	names := map[string]string{}
	for i := 0; i < len(words); i += 2 {
		name := words[i+1]
		switch {
		case words[i] != "GOING" && slices.Contains(keyWords, words[i]): // no alias for one that goes
			createAlias(t, s.KMS(), aliasOf(name), &name)
		case slices.Contains(secretWords, words[i]):
			name = secretARN(t, s, name)
		}
		names[words[i]] = name
	}
	return names
}

func secretARN(t *testing.T, s *servicetest.Server, name string) string {
	t.Helper()
	a := s.Do(t, "secretsmanager.DescribeSecret", `{"SecretId":"`+name+`"}`)
	return a.Text("ARN")
}

func aliasOf(keyID string) string { return "alias/of-" + keyID }

// twin returns a name of the same form and length that nothing has.
func twin(name string) string {
	digits := func(n int) string {
		b := make([]byte, n/2+1)
		for i := range b {
			b[i] = byte(rand.Int())
		}
		return hex.EncodeToString(b)[:n]
	}
	switch i := strings.LastIndex(name, ":"); {
	case strings.HasPrefix(name, "arn:aws:ssm:"):
		return parameterARN("/w/p-" + uuid.NewString())
	case i >= 0: // a secret's ARN: name and suffix
		return name[:i+1] + name[i+1:i+3] + uuid.NewString() + "-" + digits(6)
	case strings.HasPrefix(name, "mrk-"):
		return "mrk-" + digits(32)
	case strings.HasPrefix(name, "cks-"):
		return "cks-" + digits(17)
	case strings.HasPrefix(name, "alias/"):
		return "alias/" + uuid.NewString()
	case strings.HasPrefix(name, "/"):
		return "/w/p-" + uuid.NewString()
	case len(name) == 64:
		return digits(64)
	}
	return uuid.NewString()
}

// written returns a name as a caller writes it in one of the forms, and what a refusal may call it.
func written(word, name, form string) (text, called string) {
	kms := func(region, resource string) string {
		return "arn:aws:kms:" + region + ":" + servicetest.Account + ":" + resource
	}
	switch {
	case word == "ALIAS":
		return name, kms(servicetest.Region, name)
	case slices.Contains(secretWords, word):
		text = writtenSecret(name, form)
		return text, text
	case word == "PARAMETER":
		return writtenParameter(name, form)
	case word == "PRIVATE", word == "SHARED":
		return name, name
	case !slices.Contains(keyWords, word):
		return name, ""
	}
	switch form {
	case "ARN":
		text = kms(servicetest.Region, "key/"+name)
	case "ARN abroad":
		text = kms(servicetest.Abroad, "key/"+name)
	case "alias":
		return aliasOf(name), kms(servicetest.Region, aliasOf(name))
	case "alias ARN":
		text = kms(servicetest.Region, aliasOf(name))
	case "alias ARN abroad":
		text = kms(servicetest.Abroad, aliasOf(name))
	default:
		return name, kms(servicetest.Region, "key/"+name)
	}
	return text, text
}

// writtenParameter returns a parameter as a caller writes it. A refusal has the ARN in either case,
// as AWS's have.
func writtenParameter(name, form string) (text, called string) {
	arn := parameterARN(name)
	switch form {
	case "ARN":
		return arn, arn
	case "ARN abroad":
		abroad := strings.Replace(arn, servicetest.Region, servicetest.Abroad, 1)
		return abroad, abroad
	}
	return name, arn
}

// byARN are the operations that take a parameter's ARN in the place of its name.
var byARN = map[string]bool{"GetParameter": true, "GetParameters": true,
	"GetParameterHistory": true}

func writtenSecret(arn, form string) string {
	bare := arn[:len(arn)-len("-abcdef")]
	switch form {
	case "ARN":
		return arn
	case "ARN abroad":
		return strings.Replace(arn, servicetest.Region, servicetest.Abroad, 1)
	case "partial ARN":
		return bare
	case "wrong suffix":
		return bare + "-aaaaaa"
	}
	return bare[strings.LastIndex(bare, ":")+1:]
}

// denial asks for one operation.
type denial struct {
	*servicetest.Server
	n       op.Info
	request string
	names   map[string]string // by word
	mark    servicetest.Mark
}

// alike compares the answers about what is there with those about twins, for each choice of the
// words whose things are not.
func (d *denial) alike(t *testing.T, c deniedCaller, form string, rest bool) {
	t.Helper()
	words := namesIn(d.request)
	there := d.ask(t, c, form, rest, nil)
	for choice := 1; choice < 1<<len(words); choice++ {
		var absent []string
		for i, word := range words {
			if choice>>i&1 == 1 {
				absent = append(absent, word)
			}
		}
		if got := d.ask(t, c, form, rest, absent); got != there {
			t.Errorf("%s in %s, by %s, REST %v, absent %v:\n%s\nThere:\n%s",
				c.name, c.region, form, rest, absent, got, there)
		}
	}
}

// ask returns the answer to the request, all of it, with the caller's own words masked.
func (d *denial) ask(t *testing.T, c deniedCaller, form string, rest bool, absent []string) string {
	t.Helper()
	fill, mask := []string{}, []string{}
	called := map[string]bool{}
	for word, name := range d.names {
		if word == "NEW" { // a name that nothing has
			_, by := written("ALIAS", "alias/"+name, form)
			called[by] = true
		}
		if !slices.Contains(namesIn(d.request), word) {
			fill = append(fill, word, name)
			continue
		}
		if slices.Contains(absent, word) {
			name = twin(name)
		}
		if word == "PARAMETER" && !byARN[d.n.Name] {
			form = "id"
		}
		text, by := written(word, name, form)
		fill, mask = append(fill, word, text), append(mask, text, word)
		if by != "" {
			by = strings.ReplaceAll(by, servicetest.Region, regionOf(text, c.region))
			mask, called[by] = append(mask, by, word), true
		}
	}
	document := strings.NewReplacer(fill...).Replace(d.request)
	q := callOf(t, d.n, document)
	if rest {
		q = restOf(t, d.n, d.n.Route, document)
	}
	q.As, q.Service, q.Region = c.keys, d.n.Service.Name, c.region
	a := d.Send(t, q)
	if a.Status/100 == 2 && !ofSeveral[d.n.Name] {
		t.Errorf("%s in %s, by %s: answered %d %s", c.name, c.region, form, a.Status, a.Body)
	}
	if c.name == "nobody" && c.region == servicetest.Region {
		d.refusal(t, a, form, called, absent)
	}
	return masked(a, mask)
}

// ofSeveral are the operations whose answers have what is absent from the caller's own account.
var ofSeveral = map[string]bool{"BatchGetSecretValue": true, "GetParameters": true,
	"DeleteParameters": true}

// regionOf is the Region that a refusal names: that of an ARN, or else the caller's.
func regionOf(text, caller string) string {
	if strings.HasPrefix(text, "arn:") {
		return servicetest.Region
	}
	return caller
}

// refusal looks at what nobody is told, and at what the trail keeps of it.
func (d *denial) refusal(t *testing.T, a servicetest.Answer, form string, called map[string]bool,
	absent []string) {
	t.Helper()
	if form == "id" || form == "ARN" {
		if a.Code() != "AccessDeniedException" {
			t.Errorf("by %s: answered %s", form, a.Body)
		}
	}
	_, on, named := strings.Cut(a.Message(), " on resource: ")
	if on, _, _ = strings.Cut(on, " because "); !named {
		return
	}
	if !called[on] {
		t.Errorf("by %s: the refusal is about %s, which is not what was asked for", form, on)
	}
	records := d.Records(t, d.mark, a.RequestID())
	if len(records) != 1 || len(records[0].ARNs()) == 0 {
		t.Fatalf("by %s: the refusal left %d records: %+v", form, len(records), records)
	}
	elsewhere := form == "wrong suffix" || form == "ARN abroad" // where nothing is
	if r := records[0]; len(absent) == 0 && !elsewhere && !d.real(r.ARNs()[0]) {
		t.Errorf("by %s: the trail says %s of what is there", form, r.Line)
	}
}

// real reports whether an ARN is that of a thing that is there, and no alias where a key was meant.
func (d *denial) real(arn string) bool {
	for _, word := range namesIn(d.request) {
		if name := d.names[word]; arn == name || strings.HasSuffix(arn, ":key/"+name) ||
			strings.HasSuffix(arn, ":"+name) || strings.HasSuffix(arn, ":parameter"+name) {
			return true
		}
	}
	return strings.Contains(arn, ":alias/new-")
}

// masked is all of an answer but for its time and its number, and for the caller's words.
func masked(a servicetest.Answer, words []string) string {
	header := a.Header.Clone()
	header.Del("Date")
	for name, values := range header {
		for i, v := range values {
			header[http.CanonicalHeaderKey(name)][i] = strings.ReplaceAll(v, a.RequestID(), "NUMBER")
		}
	}
	body := strings.ReplaceAll(string(a.Body), a.RequestID(), "NUMBER")
	return fmt.Sprintf("%d %v\n%s", a.Status, header, strings.NewReplacer(words...).Replace(body))
}

// TestDenied_KeyOfACiphertext_IsNotNamed: whoever leaves the KeyId out learns neither which key a
// ciphertext was made by nor whether it is there.
func TestDenied_KeyOfACiphertext_IsNotNamed(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	id := createKey(t, k).KeyId
	blob := encrypt(t, k, id, "x", nil)
	absent := slices.Clone(blob)
	absent[1] ^= 1 // of the key's id
	for name, action := range map[string]string{"Decrypt": "Decrypt", "ReEncrypt": "ReEncryptFrom"} {
		for what, blob := range map[string][]byte{"there": blob, "absent": absent} {
			document := fmt.Sprintf(`{"CiphertextBlob":%q,"DestinationKeyId":%q}`,
				base64.StdEncoding.EncodeToString(blob), *id)
			if name == "Decrypt" {
				document, _, _ = strings.Cut(document, ",")
				document += "}"
			}
			a := s.Send(t, servicetest.Request{Target: "TrentService." + name, As: s.Nobody,
				Body: []byte(document)})
			want := "User: " + servicetest.NobodyARN + " is not authorized to perform: kms:" + action +
				" on the resource associated with this ciphertext because no identity-based policy " +
				"allows the kms:" + action + " action"
			if a.Code() != "AccessDeniedException" || a.Message() != want {
				t.Errorf("%s of one whose key is %s: %s", name, what, a.Body)
			}
		}
	}
}

// TestDenied_UnreadableRow_IsAnsweredAsAbsent: that a row was edited is the business of those who
// may know that it is there.
func TestDenied_UnreadableRow_IsAnsweredAsAbsent(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	names := stageNames(t, s, "GRANT")
	names["STORE"] = stageStore(t, s, false, true)
	placed, _ := stageParameters(t, s, "PARAMETER", uuid.NewString())
	lone := multiRegionKey(t, s.KMS(), servicetest.Abroad).KeyId
	s.Restart(t, func() {
		for _, change := range []string{
			`kms_keys SET rev = rev + 7 WHERE id <> '` + names["KEY"] + `'`, `kms_aliases SET rev = rev + 7`,
			`kms_grants SET created = created + 1`, `kms_custom_key_stores SET rev = rev + 7`,
			`secrets SET rev = rev + 7`, `parameters SET rev = rev + 7`,
		} {
			must(database(t, s.Database).Exec(`UPDATE ` + change))(t)
		}
	})
	key, alias, store := twin(names["KEY"]), twin(names["ALIAS"]), twin(names["STORE"])
	secret, gone := writtenSecret(names["SECRET"], "id"), uuid.NewString()
	for _, c := range []struct{ target, document, there, absent string }{
		{"TrentService.DescribeKey", `{"KeyId":"NAME"}`, names["OTHER"], key},
		{"TrentService.Encrypt", `{"KeyId":"NAME","Plaintext":"eA=="}`, names["ALIAS"], alias},
		{"TrentService.DeleteAlias", `{"AliasName":"NAME"}`, names["ALIAS"], alias},
		{"TrentService.RevokeGrant", `{"KeyId":"` + names["KEY"] + `","GrantId":"NAME"}`, names["GRANT"],
			twin(names["GRANT"])},
		{"TrentService.ReplicateKey", `{"KeyId":"NAME","ReplicaRegion":"eu-central-1"}`, *lone,
			twin(*lone)},
		{"TrentService.DeleteCustomKeyStore", `{"CustomKeyStoreId":"NAME"}`, names["STORE"], store},
		{"TrentService.DescribeCustomKeyStores", `{"CustomKeyStoreId":"NAME"}`, names["STORE"], store},
		{"AmazonSSM.GetParameter", `{"Name":"/NAME"}`, placed[1][1:], twin(placed[1])[1:]},
		{"AmazonSSM.PutParameter", `{"Name":"/NAME","Value":"x","Type":"String"}`, placed[1][1:],
			twin(placed[1])[1:]},
		{"secretsmanager.GetSecretValue", `{"SecretId":"NAME"}`, secret, gone},
		{"secretsmanager.CreateSecret", `{"Name":"NAME","ClientRequestToken":"` + uuid.NewString() +
			`"}`, secret, gone},
	} {
		ask := func(name string, as aws.Credentials) servicetest.Answer {
			return s.Send(t, servicetest.Request{Target: c.target, As: as,
				Body: []byte(strings.ReplaceAll(c.document, "NAME", name))})
		}
		there, absent := ask(c.there, s.Nobody), ask(c.absent, s.Nobody)
		if there.Code() != "AccessDeniedException" ||
			strings.ReplaceAll(string(there.Body), c.there, "NAME") !=
				strings.ReplaceAll(string(absent.Body), c.absent, "NAME") {
			t.Errorf("%s: %s, and of what is absent: %s", c.target, there.Body, absent.Body)
		}
		if a := ask(c.there, s.Root); a.Status != 500 {
			t.Errorf("%s told its owner %d %s", c.target, a.Status, a.Body)
		}
	}
}
