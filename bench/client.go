package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"claviger/bench/served"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// client signs requests as an SDK does, ahead of the measurement: what is measured is the server.
type client struct {
	addr        string
	region      string
	credentials aws.Credentials
}

// newClient reads the credentials that dev wrote.
func newClient(dir, addr string) (*client, error) {
	c, err := served.ReadCredentials(dir)
	return &client{addr: addr, region: c.Region,
		credentials: aws.Credentials{AccessKeyID: c.ID, SecretAccessKey: c.Secret}}, err
}

// request returns a signed AWS JSON 1.1 request as it goes over the wire.
func (c *client) request(service, target, body string) []byte {
	return c.sign(service, body, map[string]string{
		"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target})
}

// sign returns a signed request as it goes over the wire.
func (c *client) sign(service, body string, header map[string]string) []byte {
	r, err := http.NewRequest("POST", "http://"+c.addr+"/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent",
		"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/kms#1.62.4")
	r.Header.Set("Amz-Sdk-Invocation-Id", "2f1b4d1e-6a7a-4d4e-9d0e-0f6f2d9a1c11")
	r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), c.credentials, r,
		hex.EncodeToString(hash[:]), service, c.region, time.Now()); err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// call makes one request and decodes its answer.
func (c *client) call(service, target, body string, out any) error {
	answer, err := c.answer(target, c.request(service, target, body))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// answer sends a request over a connection of its own and returns what comes back. Another status
// than 200 is an error, which names what was asked.
func (c *client) answer(asked string, request []byte) ([]byte, error) {
	conn, err := dial(c.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	status, answer, err := conn.exchange(request, true)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", asked, status, answer)
	}
	return answer, err
}

// connection is a keep-alive connection of the lightest client that speaks enough HTTP.
type connection struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 16<<10)}, nil
}

// exchange sends a request and reads its answer to the end.
func (c *connection) exchange(request []byte, keep bool) (status int, body []byte, err error) {
	if _, err = c.Write(request); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		switch {
		case first:
			status, _ = strconv.Atoi(string(line[9:12]))
		case len(line) == 2:
			if !keep {
				_, err = c.r.Discard(length)
				return status, nil, err
			}
			body = make([]byte, length)
			_, err = io.ReadFull(c.r, body)
			return status, body, err
		case len(line) > 16 && (line[0] == 'C' || line[0] == 'c') &&
			bytes.EqualFold(line[:15], []byte("Content-Length:")):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(line[15:])))
		}
	}
}
