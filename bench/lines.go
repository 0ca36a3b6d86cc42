package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// work is what the requests of the lines are about.
type work struct {
	key, blob      string
	p256, rsa, mac string // further keys
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
	return w, nil
}

// sign is a Sign request over a digest.
func sign(key, algorithm string) string {
	return document(map[string]string{"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": "DIGEST", "Message": plaintext})
}

// prepareSecret makes one secret of 1 KiB.
func prepareSecret(c *client) error {
	return c.call("secretsmanager", "secretsmanager.CreateSecret", document(map[string]string{
		"Name": "bench", "ClientRequestToken": token("create", 0, 0), "SecretString": strings.Repeat("s", 1024)}), nil)
}

func (w *work) encrypt() string {
	return document(map[string]string{"KeyId": w.key, "Plaintext": plaintext})
}

func document(members map[string]string) string {
	b, _ := json.Marshal(members)
	return string(b)
}

func token(what string, client, n int) string {
	return fmt.Sprintf("%-8s-%08d-%016d", what, client, n)[:34]
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
	always := func(r []byte) func(int, int) []byte { return func(int, int) []byte { return r } }
	same := func(c *client, target, body string) func(int) func(int, int) []byte {
		return func(int) func(int, int) []byte {
			return always(c.request(strings.ToLower(strings.Replace(strings.Split(target, ".")[0], "TrentService", "kms", 1)), target, body))
		}
	}
	if strings.Contains("GetSecretValue", b.only) {
		if err := prepareSecret(c); err != nil {
			return err
		}
	}
	fmt.Println("| operation | clients | ops/s | p50 | p99 | server CPU/op | token calls/op | commits/op | to the floor |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, l := range []struct {
		name  string
		floor func(clients int) func(int, int) []byte
		of    func(clients int) func(int, int) []byte
	}{
		{"Encrypt 32 B", same(&fc, "TrentService.Encrypt", w.encrypt()), same(c, "TrentService.Encrypt", w.encrypt())},
		{"Decrypt 32 B", same(&fc, "TrentService.Decrypt", document(map[string]string{"CiphertextBlob": floorSealed.CiphertextBlob})),
			same(c, "TrentService.Decrypt", document(map[string]string{"CiphertextBlob": w.blob}))},
		{"GenerateDataKey AES_256", nil, same(c, "TrentService.GenerateDataKey", document(map[string]string{"KeyId": w.key, "KeySpec": "AES_256"}))},
		{"Sign ECDSA P-256", nil, same(c, "TrentService.Sign", sign(w.p256, "ECDSA_SHA_256"))},
		{"Sign RSA-2048 PSS", nil, same(c, "TrentService.Sign", sign(w.rsa, "RSASSA_PSS_SHA_256"))},
		{"GenerateMac HMAC-SHA-256", nil, same(c, "TrentService.GenerateMac", document(map[string]string{"KeyId": w.mac, "MacAlgorithm": "HMAC_SHA_256", "Message": plaintext}))},
		{"GetSecretValue 1 KiB", nil, same(c, "secretsmanager.GetSecretValue", document(map[string]string{"SecretId": "bench"}))},
		{"PutSecretValue 1 KiB", nil, func(clients int) func(int, int) []byte { return b.puts(c, clients) }},
	} {
		if !strings.Contains(l.name, b.only) {
			continue
		}
		for _, clients := range []int{1, 16, 64} {
			var under figures
			if l.floor != nil {
				if under, err = load(f, clients, b.span, l.floor(clients)); err != nil {
					return err
				}
				row("floor: "+l.name, clients, under, "")
			}
			over, err := load(s, clients, b.span, l.of(clients))
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			ratio := ""
			if l.floor != nil {
				ratio = fmt.Sprintf("%.2f", over.rate/under.rate)
			}
			row(l.name, clients, over, ratio)
		}
	}
	return nil
}

func row(name string, clients int, f figures, ratio string) {
	fmt.Printf("| %s | %d | %.0f | %d µs | %d µs | %d µs | %.2f | %.2f | %s |\n", name, clients, f.rate,
		f.p50.Microseconds(), f.p99.Microseconds(), f.cpu.Microseconds(), f.tokenCalls, f.commits, ratio)
}

// puts prepares as many different PutSecretValue requests as may be sent, to a secret of each client's own.
func (b *bench) puts(c *client, clients int) func(int, int) []byte {
	const rate = 8000 // a second, more than is reached
	each := rate * int(b.span/time.Millisecond) / 1000 / clients
	requests := make([][][]byte, clients)
	puts++
	for i := range requests {
		name := fmt.Sprintf("bench-%d-%d", puts, i)
		if err := c.call("secretsmanager", "secretsmanager.CreateSecret", document(map[string]string{"Name": name, "ClientRequestToken": token("create", i, puts)}), nil); err != nil {
			panic(err)
		}
		for n := range each {
			requests[i] = append(requests[i], c.request("secretsmanager", "secretsmanager.PutSecretValue", document(map[string]string{
				"SecretId": name, "ClientRequestToken": token("put", i, n), "SecretString": strings.Repeat("p", 1024)})))
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
		{"secretsmanager", "secretsmanager.CreateSecret", `{"Name":"crowd/%[1]d","ClientRequestToken":"crowd-%032[1]d","SecretString":"value %[1]d"}`},
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
	fmt.Printf("\nwith %d keys and %d secrets:\n- resident memory after making them: %d MiB\n", b.crowd, b.crowd, s.resident()>>20)
	s.stop()
	begin := time.Now()
	again, err := start(ctx, exec.Command(b.binary, "dev", "--dir", b.dir, "--listen", "127.0.0.1:0"))
	if err != nil {
		return err
	}
	defer again.stop()
	fmt.Printf("- start to ready: %d ms\n", time.Since(begin).Milliseconds())
	c.addr = again.addr
	_, err = load(again, 16, time.Hour, func(client, n int) []byte {
		if i := client + 16*n; i < b.crowd {
			return c.request("secretsmanager", "secretsmanager.GetSecretValue", fmt.Sprintf(`{"SecretId":"crowd/%d"}`, i))
		}
		return nil
	})
	fmt.Printf("- resident memory after a new start and one read of each secret: %d MiB\n", again.resident()>>20)
	return err
}
