package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"claviger/bench/served"
)

// work is what the requests of the lines are about.
type work struct {
	key, blob      string
	p256, rsa, mac string // further keys
	byP256, byRSA  string // signatures by them
}

var plaintext = base64.StdEncoding.EncodeToString([]byte("thirty-two bytes of a data key!!"))

// prepare makes one key of each kind.
func prepare(c *client) (*work, error) {
	var key struct{ KeyMetadata struct{ KeyId string } }
	if err := c.call("kms", "TrentService.CreateKey", "{}", &key); err != nil {
		return nil, err
	}
	w := &work{key: key.KeyMetadata.KeyId}
	var sealed struct{ CiphertextBlob string }
	if err := c.call("kms", "TrentService.Encrypt", w.encrypt(), &sealed); err != nil {
		return nil, err
	}
	w.blob = sealed.CiphertextBlob
	for id, in := range map[*string]string{
		&w.p256: `{"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}`,
		&w.rsa:  `{"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}`,
		&w.mac:  `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`,
	} {
		if err := c.call("kms", "TrentService.CreateKey", in, &key); err != nil {
			return nil, err
		}
		*id = key.KeyMetadata.KeyId
	}
	var signed struct{ Signature string }
	for signature, in := range map[*string]string{&w.byP256: sign(w.p256, served.ECDSA256),
		&w.byRSA: sign(w.rsa, served.PSS256)} {
		if err := c.call("kms", "TrentService.Sign", in, &signed); err != nil {
			return nil, err
		}
		*signature = signed.Signature
	}
	return w, nil
}

// sign is a Sign request over a digest.
func sign(key, algorithm string) string {
	return document(members{"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": "DIGEST",
		"Message": plaintext})
}

// verify is a Verify request over a digest.
func verify(key, algorithm, signature string) string {
	return document(members{"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": "DIGEST",
		"Message": plaintext, "Signature": signature})
}

// prepareSecret makes one secret of 1 KiB, unless there is one.
func (b *bench) prepareSecret(c *client) error {
	if b.secret {
		return nil
	}
	b.secret = true
	return c.call("secretsmanager", "secretsmanager.CreateSecret", document(members{
		"Name": "bench", "ClientRequestToken": token("create", 0, 0),
		"SecretString": strings.Repeat("s", 1024)}), nil)
}

func (w *work) encrypt() string {
	return document(members{"KeyId": w.key, "Plaintext": plaintext})
}

// members is a request's document.
type members map[string]string

func document(m members) string {
	b, _ := json.Marshal(m)
	return string(b)
}

func token(what string, client, n int) string {
	return fmt.Sprintf("%-8s-%08d-%016d", what, client, n)[:34]
}

// line is one operation of the service, and what it is compared with.
type line struct {
	name     string
	bare     string // the name of the bare call; empty: the line's own
	floor    requests
	requests requests
}

// requests returns what each of some clients sends as its nth request; nil ends its part.
type requests func(clients int) func(client, n int) []byte

// same lets all clients send one request over and over.
func same(c *client, target, body string) requests {
	service := map[string]string{"TrentService": "kms", "secretsmanager": "secretsmanager",
		ssm: "ssm"}[strings.Split(target, ".")[0]]
	return func(int) func(int, int) []byte {
		r := c.request(service, target, body)
		return func(int, int) []byte { return r }
	}
}

// table is the lines about the service's operations.
func (b *bench) table(c, floor *client, w *work, floorBlob string) []line {
	kms := func(name, bare, operation, body string) line {
		return line{name, bare, nil, same(c, "TrentService."+operation, body)}
	}
	floored := func(name, bare, operation, body string) line {
		return line{name, bare, same(floor, "TrentService."+operation, body),
			same(c, "TrentService."+operation, body)}
	}
	decrypt := kms("Decrypt 32 B", "GCM open 32 B", "Decrypt",
		document(members{"CiphertextBlob": w.blob}))
	// under its own key
	decrypt.floor = same(floor, "TrentService.Decrypt", document(members{"CiphertextBlob": floorBlob}))
	return append([]line{
		floored("Encrypt 32 B", "GCM seal 32 B", "Encrypt", w.encrypt()),
		decrypt,
		kms("GenerateDataKey AES_256", "", "GenerateDataKey",
			document(members{"KeyId": w.key, "KeySpec": "AES_256"})),
		floored("Sign ECDSA P-256", "", "Sign", sign(w.p256, served.ECDSA256)),
		floored("Sign RSA-2048 PSS", "", "Sign", sign(w.rsa, served.PSS256)),
		kms("Verify ECDSA P-256", "", "Verify", verify(w.p256, served.ECDSA256, w.byP256)),
		kms("Verify RSA-2048 PSS", "", "Verify", verify(w.rsa, served.PSS256, w.byRSA)),
		floored("GenerateMac HMAC-SHA-256", "", "GenerateMac",
			document(members{"KeyId": w.mac, "MacAlgorithm": "HMAC_SHA_256", "Message": plaintext})),
		kms("GenerateDataKeyPair P-256", "", "GenerateDataKeyPair",
			document(members{"KeyId": w.key, "KeyPairSpec": "ECC_NIST_P256"})),
		{"GetSecretValue 1 KiB", "", nil,
			same(c, "secretsmanager.GetSecretValue", document(members{"SecretId": "bench"}))},
		{"PutSecretValue 1 KiB", "", nil,
			func(clients int) func(int, int) []byte { return b.puts(c, clients) }},
	}, parameterLines(c)...)
}

// lines measures floor and service side by side.
func (b *bench) lines(s *process, c *client, w *work) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f, err := start(context.Background(), exec.Command(self, "-floor", b.dir))
	if err != nil {
		return err
	}
	defer f.stop()
	fc := *c
	fc.addr = f.addr
	var floorSealed struct{ CiphertextBlob string }
	if err := fc.call("kms", "TrentService.Encrypt", w.encrypt(), &floorSealed); err != nil {
		return err
	}
	if strings.Contains("GetSecretValue 1 KiB", b.only) {
		if err := b.prepareSecret(c); err != nil {
			return err
		}
	}
	if err := prepareParameters(c); err != nil {
		return err
	}
	fmt.Println("| operation | clients | ops/s | p50 | p99 | CPU/op | token calls/op | commits/op | " +
		"to the floor | to the bare call |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, l := range b.table(c, &fc, w, floorSealed.CiphertextBlob) {
		if !strings.Contains(l.name, b.only) {
			continue
		}
		for _, clients := range crowds {
			if err := b.measure(l, clients, s, f); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
	}
	return nil
}

// measure prints one line of a number of clients, after those of its bare call
// and its floor if it has them.
func (b *bench) measure(l line, clients int, s, floor *process) error {
	name := cmp.Or(l.bare, l.name)
	bare, cpu, err := b.bareRate(name, clients)
	if err != nil {
		return err
	}
	if bare > 0 {
		fmt.Printf("| bare: %s | %d | %.0f | | | %.0f µs | | | | |\n", name, clients, bare, micros(cpu))
	}
	var under figures
	if l.floor != nil {
		if under, err = load(floor, clients, b.span, l.floor(clients)); err != nil {
			return err
		}
		row("floor: "+l.name, clients, under, "", ratio(under.rate, bare))
	}
	over, err := load(s, clients, b.span, l.requests(clients))
	if err != nil {
		return err
	}
	row(l.name, clients, over, ratio(over.rate, under.rate), ratio(over.rate, bare))
	return nil
}

// ratio is what part of a rate is left; nothing where that wasn't measured.
func ratio(left, of float64) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", left/of)
}

func row(name string, clients int, f figures, toFloor, toBare string) {
	fmt.Printf("| %s | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %s | %s |\n", name, clients,
		f.rate, f.p50.Microseconds(), f.p99.Microseconds(), f.cpu.Microseconds(), f.tokenCalls,
		f.commits, toFloor, toBare)
}

// puts prepares as many different PutSecretValue requests as may be sent, to a secret of each
// client's own.
func (b *bench) puts(c *client, clients int) func(int, int) []byte {
	const rate = 8000 // a second, more than is reached
	each := rate * int(b.span/time.Millisecond) / 1000 / clients
	requests := make([][][]byte, clients)
	puts++
	for i := range requests {
		name := fmt.Sprintf("bench-%d-%d", puts, i)
		secret := document(members{"Name": name, "ClientRequestToken": token("create", i, puts)})
		err := c.call("secretsmanager", "secretsmanager.CreateSecret", secret, nil)
		if err != nil {
			panic(err)
		}
		for n := range each {
			requests[i] = append(requests[i],
				c.request("secretsmanager", "secretsmanager.PutSecretValue", document(members{
					"SecretId": name, "ClientRequestToken": token("put", i, n),
					"SecretString": strings.Repeat("p", 1024)})))
		}
	}
	return func(client, n int) []byte {
		if n >= each {
			return nil
		}
		return requests[client][n]
	}
}

var puts int

// crowdLines measures memory and start with many keys and secrets.
func (b *bench) crowdLines(ctx context.Context, s *process, c *client) error {
	if b.crowd == 0 {
		return nil
	}
	for _, kind := range []struct{ service, target, document string }{
		{"kms", "TrentService.CreateKey", `{"Description":"%d"}`},
		{"secretsmanager", "secretsmanager.CreateSecret",
			`{"Name":"crowd/%[1]d","ClientRequestToken":"crowd-%032[1]d","SecretString":"value %[1]d"}`},
	} {
		_, err := load(s, 16, time.Hour, func(client, n int) []byte {
			if i := client + 16*n; i < b.crowd {
				return c.request(kind.service, kind.target, fmt.Sprintf(kind.document, i))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	fmt.Printf("\nwith %d keys and %d secrets:\n- resident memory after making them: %d MiB\n",
		b.crowd, b.crowd, s.resident()>>20)
	s.stop()
	again, err := b.serve(ctx)
	if err != nil {
		return err
	}
	defer again.stop()
	fmt.Printf("- start to ready: %d ms\n", again.took.Milliseconds())
	c.addr = again.addr
	_, err = load(again, 16, time.Hour, func(client, n int) []byte {
		if i := client + 16*n; i < b.crowd {
			return c.request("secretsmanager", "secretsmanager.GetSecretValue",
				fmt.Sprintf(`{"SecretId":"crowd/%d"}`, i))
		}
		return nil
	})
	fmt.Printf("- resident memory after a new start and one read of each secret: %d MiB\n",
		again.resident()>>20)
	return err
}
