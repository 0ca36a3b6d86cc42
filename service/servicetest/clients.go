package servicetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// ClientOption says who a client is and where it calls.
type ClientOption func(*client)

// client is what the SDK's clients have in common.
type client struct {
	credentials aws.CredentialsProvider
	region      string
}

// AsNobody makes a client of the user who may do nothing.
func (s *Server) AsNobody() ClientOption { return As(s.Nobody) }

// As makes a client that signs with an access key, or with the temporary credentials of a session.
func As(keys aws.Credentials) ClientOption {
	return With(credentials.StaticCredentialsProvider{Value: keys})
}

// With makes a client that signs with what a provider of the SDK's finds.
func With(p aws.CredentialsProvider) ClientOption { return func(c *client) { c.credentials = p } }

// WithRegion makes a client that calls in another Region.
func WithRegion(region string) ClientOption { return func(c *client) { c.region = region } }

func (s *Server) client(options []ClientOption) client {
	c := client{region: Region}
	As(s.Root)(&c)
	for _, o := range options {
		o(&c)
	}
	return c
}

// KMS returns the SDK's client of KMS. It tries everything once: a retry would hide what a test
// wants to see.
func (s *Server) KMS(options ...ClientOption) *kms.Client {
	c := s.client(options)
	return kms.New(kms.Options{BaseEndpoint: &s.URL, Region: c.region, Credentials: c.credentials,
		HTTPClient:   s.front.Client(),
		HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

// SecretsManager returns the SDK's client of Secrets Manager. It tries everything once.
func (s *Server) SecretsManager(options ...ClientOption) *secretsmanager.Client {
	c := s.client(options)
	return secretsmanager.New(secretsmanager.Options{BaseEndpoint: &s.URL, Region: c.region,
		Credentials: c.credentials, HTTPClient: s.front.Client(),
		HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

// ParameterStore returns the SDK's client of Systems Manager. It tries everything once.
func (s *Server) ParameterStore(options ...ClientOption) *ssm.Client {
	c := s.client(options)
	return ssm.New(ssm.Options{BaseEndpoint: &s.URL, Region: c.region, Credentials: c.credentials,
		HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1,
		Retryer: aws.NopRetryer{}})
}

// CloudTrail returns the SDK's client of CloudTrail. It tries everything once.
func (s *Server) CloudTrail(options ...ClientOption) *cloudtrail.Client {
	c := s.client(options)
	return cloudtrail.New(cloudtrail.Options{BaseEndpoint: &s.URL, Region: c.region,
		Credentials: c.credentials, HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock},
		RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

// EventBridge returns the SDK's client of EventBridge. It tries everything once.
func (s *Server) EventBridge(options ...ClientOption) *eventbridge.Client {
	c := s.client(options)
	return eventbridge.New(eventbridge.Options{BaseEndpoint: &s.URL, Region: c.region,
		Credentials: c.credentials, HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock},
		RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
}

// STS returns the SDK's client of STS. It tries everything once.
func (s *Server) STS(options ...ClientOption) *sts.Client {
	c := s.client(options)
	return sts.New(sts.Options{BaseEndpoint: &s.URL, Region: c.region, Credentials: c.credentials,
		HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1,
		Retryer: aws.NopRetryer{}})
}

// IAM returns the SDK's client of IAM. It tries everything once.
func (s *Server) IAM(options ...ClientOption) *iam.Client {
	c := s.client(options)
	return iam.New(iam.Options{BaseEndpoint: &s.URL, Region: c.region, Credentials: c.credentials,
		HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1,
		Retryer: aws.NopRetryer{}})
}

// SNS returns the SDK's client of SNS. It tries everything once.
func (s *Server) SNS(options ...ClientOption) *sns.Client {
	c := s.client(options)
	return sns.New(sns.Options{BaseEndpoint: &s.URL, Region: c.region, Credentials: c.credentials,
		HTTPClient: s.front.Client(), HTTPSignerV4: signer{s.Clock}, RetryMaxAttempts: 1,
		Retryer: aws.NopRetryer{}})
}

// signer is the SDK's own, at the time of the service's clock.
type signer struct{ clock *Clock }

// SignHTTP implements the HTTPSignerV4 of the SDK's clients.
func (s signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request,
	hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, c, r, hash, service, region, s.clock.Now(), options...)
}

// wholeBodies sends bodies that nobody closes meanwhile. The SDK closes its own as soon as an
// answer begins. If net/http is just looking whether there is more of it, it takes that for an
// error, and closes the connection while the answer is read.
type wholeBodies struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (w wholeBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return w.Transport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	whole := r.WithContext(r.Context())
	whole.Body = io.NopCloser(bytes.NewReader(body))
	return w.Transport.RoundTrip(whole)
}
