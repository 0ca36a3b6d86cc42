package torture

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// The clients are AWS's, as the account's root user, and never try again by themselves: what the
// server said first is what counts.

func (s *server) keys() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(s.id, s.secret, "")
}

func (s *server) kms() *kms.Client {
	return kms.New(kms.Options{BaseEndpoint: &s.url, Region: region, Credentials: s.keys(),
		HTTPClient: s.client, Retryer: aws.NopRetryer{}})
}

func (s *server) secrets() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{BaseEndpoint: &s.url, Region: region,
		Credentials: s.keys(), HTTPClient: s.client, Retryer: aws.NopRetryer{}})
}

func (s *server) parameters() *ssm.Client {
	return ssm.New(ssm.Options{BaseEndpoint: &s.url, Region: region, Credentials: s.keys(),
		HTTPClient: s.client, Retryer: aws.NopRetryer{}})
}

func (s *server) iam() *iam.Client {
	return iam.New(iam.Options{BaseEndpoint: &s.url, Region: region, Credentials: s.keys(),
		HTTPClient: s.client, Retryer: aws.NopRetryer{}})
}
