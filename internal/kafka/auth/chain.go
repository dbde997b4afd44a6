package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// AWS says whose credentials AWS_MSK_IAM signs with, and for which region. What is
// empty is found as AWS's SDK finds it: environment, shared files, the web identity
// of a Kubernetes service account, the role of a container or instance.
type AWS struct {
	// Region is the cluster's. Without it the broker's host name says it, and the
	// SDK's setting only for names that do not.
	Region string
	// Profile is one of the shared files'.
	Profile string
	// RoleARN is a role to assume with the credentials that are found.
	RoleARN, RoleSession, RoleExternalID string
	// STSEndpoint is where roles are asked for, and STSRegion whose; the region's own
	// without them.
	STSEndpoint, STSRegion string
}

const (
	// credentialsEarly is how long before their expiry credentials are renewed.
	credentialsEarly = 5 * time.Minute
	// credentialsTimeout bounds what a connection waits for them, and answerTimeout
	// a single answer: an instance's role is looked for on every machine that has no
	// other credentials, and most machines are not an EC2 instance.
	credentialsTimeout, answerTimeout = 20 * time.Second, 5 * time.Second
)

// Chain finds AWS credentials and renews them. It is safe for concurrent use.
type Chain struct {
	aws  AWS
	hint string // a region, if nothing else names one

	mu     sync.Mutex
	config *aws.Config
	last   aws.Credentials // the last credentials
	ends   time.Time       // when they really expire; zero for never
}

// NewChain returns a Chain for a service in that region. It makes no request before
// credentials are needed.
func NewChain(a AWS, region string) (*Chain, error) {
	if a.RoleARN != "" && !strings.HasPrefix(a.RoleARN, "arn:") {
		return nil, fmt.Errorf("%s: %s is not an ARN, want arn:aws:iam::ACCOUNT:role/NAME", setting.AWSRoleARN, redact.Quote(a.RoleARN))
	}
	if a.STSEndpoint != "" {
		if _, err := web.ParseURL(a.STSEndpoint, web.URLUser|web.URLQuery); err != nil {
			return nil, fmt.Errorf("%s: %w: want one such as https://sts.eu-west-1.amazonaws.com", setting.AWSSTSEndpoint, err)
		}
	}
	return &Chain{aws: a, hint: region}, nil
}

// Credentials returns the current ones.
func (c *Chain) Credentials(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	config, err := c.load(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	return c.retrieve(ctx, config)
}

// load reads the SDK's settings, once they can be read.
func (c *Chain) load(ctx context.Context) (*aws.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config != nil {
		return c.config, nil
	}
	a := &c.aws
	early := func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = credentialsEarly }
	client := newSDKClient()
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithCredentialsCacheOptions(early),
		awsconfig.WithHTTPClient(client),
		// A container's credentials are the only ones for which the SDK takes another client.
		awsconfig.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = client }),
		awsconfig.WithLogger(newSDKLogger()),
		awsconfig.WithDefaultRegion(c.hint),
	}
	if a.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(a.Profile))
	}
	if region := cmp.Or(a.STSRegion, a.Region); region != "" {
		options = append(options, awsconfig.WithRegion(region))
	}
	if a.STSEndpoint != "" {
		options = append(options, awsconfig.WithBaseEndpoint(a.STSEndpoint))
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, c.why(err)
	}
	if a.RoleARN != "" {
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(config), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = cmp.Or(a.RoleSession, "amazon-capi")
			if a.RoleExternalID != "" {
				o.ExternalID = &a.RoleExternalID
			}
		})
		config.Credentials = aws.NewCredentialsCache(role, early)
	}
	c.config = &config
	return c.config, nil
}

// retrieve returns the current credentials. The cache renews them before they expire,
// once for all connections; if that fails, the previous ones are used until they really
// expire.
func (c *Chain) retrieve(ctx context.Context, config *aws.Config) (aws.Credentials, error) {
	if config.Credentials == nil {
		return aws.Credentials{}, errors.New("there are no AWS credentials: none of environment, shared files, web identity and instance role has any")
	}
	got, err := config.Credentials.Retrieve(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if c.last.HasKeys() && (c.ends.IsZero() || time.Now().Before(c.ends)) {
			return c.last, nil
		}
		return aws.Credentials{}, c.why(err)
	}
	if got.AccessKeyID != c.last.AccessKeyID || got.SessionToken != c.last.SessionToken {
		redact.Secret(got.SecretAccessKey)
		redact.Secret(got.SessionToken)
		c.last, c.ends = got, time.Time{}
		if got.CanExpire {
			c.ends = got.Expires.Add(credentialsEarly)
		}
	}
	return got, nil
}

// why names the setting that missing credentials are about. c.mu is held.
func (c *Chain) why(err error) error {
	rememberIdentity(c.config)
	text := err.Error()
	for _, one := range []struct {
		sign string
		key  setting.Key
		text string
	}{
		{"AccessDenied", setting.AWSRoleARN, "STS does not let this identity have the role"},
		{"ExpiredToken", setting.AWSProfile, "the AWS credentials, or the token of the web identity, have expired"},
		{"InvalidIdentityToken", setting.AWSRoleARN, "STS refuses the token of the web identity"},
		{"InvalidClientTokenId", setting.AWSProfile, "AWS does not know the access key"},
		{"SignatureDoesNotMatch", setting.AWSProfile, "the secret access key is wrong"},
		{"failed to get shared config profile", setting.AWSProfile, "there is no such profile"},
	} {
		if strings.Contains(text, one.sign) {
			return fmt.Errorf("%s (%s): %w", one.text, one.key, redact.Wrap(err))
		}
	}
	if c.aws.STSEndpoint != "" && strings.Contains(text, "STS") {
		return fmt.Errorf("%s cannot be asked: %w", setting.AWSSTSEndpoint, redact.Wrap(err))
	}
	return fmt.Errorf("there are no AWS credentials: none of environment, shared files, web identity and instance role has any that can be used (%s, %s): %w",
		setting.AWSProfile, setting.AWSRoleARN, redact.Wrap(err))
}
