package sigv4_test

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"claviger/identity/sigv4"
)

// A handler authenticates a request before it reads any of it.
func Example() {
	secrets := map[string]string{"AKIAIOSFODNN7EXAMPLE": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	rules := sigv4.Rules{Service: "kms", Regions: []string{"eu-central-1"}, PathIgnored: true}

	authenticate := func(r *http.Request, now time.Time) (accessKey string, err error) {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
		if err != nil {
			return "", err
		}
		p, err := sigv4.Parse(r, now, rules)
		if err != nil {
			return "", err
		}
		c := p.Credential
		secret, ok := secrets[c.AccessKeyID]
		if !ok {
			return "", sigv4.ErrUnknownKey
		}
		return c.AccessKeyID, p.Verify(r, body,
			sigv4.DeriveKey([]byte(secret), c.Date, c.Region, c.Service))
	}

	r, _ := http.NewRequest("POST", "https://kms.eu-central-1.example.com/", http.NoBody)
	_, err := authenticate(r, time.Now())
	fmt.Println(err)
	// Output: MissingAuthenticationTokenException: Missing Authentication Token
}
