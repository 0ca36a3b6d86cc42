// Package remote asks a service for parameters, as any program with AWS's SDK does: with its
// credentials, its profiles and its environment. The service may be Claviger or AWS.
package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Options say which service is asked, and as whom. What is empty is in the environment or in a
// profile, by AWS's names.
type Options struct {
	Endpoint string // URL
	Region   string
	Profile  string
}

// Client asks one service.
type Client struct {
	Endpoint string // URL
	Region   string
	ssm      *ssm.Client
	config   aws.Config
}

// Config is what a client of any service is made of that asks the same as the same.
func (c *Client) Config() aws.Config { return c.config }

// What the options and the environment lack.
var (
	ErrEndpoint = errors.New("which service is asked? Say --endpoint-url URL, or set AWS_ENDPOINT_URL")
	ErrRegion   = errors.New("which Region is asked? Say --region REGION, or set AWS_REGION")
	ErrPlain    = errors.New("plain HTTP would carry the values for everybody to read: the endpoint " +
		"has to be HTTPS, or on loopback")
)

// stsVariable is where the SDK asks for the credentials of a role.
const stsVariable = "AWS_ENDPOINT_URL_STS"

// Open reads who asks whom. Nothing is sent yet but for the credentials of a role, if it takes one.
func Open(ctx context.Context, o Options) (*Client, error) {
	c, cfg, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(c.Endpoint)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, fmt.Errorf("the endpoint %q is no URL: https://HOST:PORT", c.Endpoint)
	}
	if at.Scheme == "http" && !onLoopback(at.Hostname()) {
		return nil, ErrPlain
	}
	if strings.HasSuffix(at.Hostname(), ".amazonaws.com") {
		return c, signs(ctx, cfg)
	}
	// Roles are known to the service that is asked. The SDK looks for STS before it has read
	// AWS_ENDPOINT_URL, and would send a token of this site to AWS.
	asked := sts.NewFromConfig(cfg).Options().BaseEndpoint
	if asked == nil {
		asked = &c.Endpoint
	}
	if err := os.Setenv(stsVariable, *asked); err != nil {
		return nil, err
	}
	if c, cfg, err = open(ctx, o); err != nil {
		return nil, err
	}
	return c, signs(ctx, cfg)
}

// signs finds out whether there are credentials.
func signs(ctx context.Context, cfg aws.Config) error {
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("there are no credentials to sign with. Set AWS_ACCESS_KEY_ID and "+
			"AWS_SECRET_ACCESS_KEY, or name a profile: %w", err)
	}
	return nil
}

// How often the SDK asks before it gives up, and how long it waits in between at most.
const (
	attempts   = 10 // unless AWS_MAX_ATTEMPTS or the profile says otherwise
	first      = 3  // the first page, so that a wrong endpoint is told soon
	mostOfWait = 5 * time.Second
	patience   = time.Minute // for one answer
)

func open(ctx context.Context, o Options) (*Client, aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(o.Region), config.WithSharedConfigProfile(o.Profile),
		// The role of the machine, if it is one of a cloud's, is nobody here.
		config.WithEC2IMDSClientEnableState(imds.ClientDisabled),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(patience)))
	if err != nil {
		return nil, cfg, err
	}
	if cfg.Region == "" {
		return nil, cfg, ErrRegion
	}
	client := ssm.NewFromConfig(cfg, func(s *ssm.Options) {
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
		s.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = cmp.Or(cfg.RetryMaxAttempts, attempts)
			o.MaxBackoff, o.RateLimiter = mostOfWait, ratelimit.None
		})
	})
	at := client.Options().BaseEndpoint
	if at == nil {
		return nil, cfg, ErrEndpoint
	}
	asked := cfg.Copy()
	asked.BaseEndpoint, asked.Retryer = at, func() aws.Retryer { return client.Options().Retryer }
	return &Client{Endpoint: *at, Region: cfg.Region, ssm: client, config: asked}, cfg, nil
}

func onLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
