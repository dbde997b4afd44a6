package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
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
	// credentialsEarly is how long before their end credentials are renewed.
	credentialsEarly = 5 * time.Minute
	// credentialsTimeout bounds what a connection waits for them, and answerTimeout
	// a single answer: an instance's role is looked for on every machine that has no
	// other credentials, and most are no instance.
	credentialsTimeout, answerTimeout = 20 * time.Second, 5 * time.Second
)

// mechanism returns AWS_MSK_IAM. Nothing is asked for before the first connection.
func (a *AWS) mechanism(brokers []string) (sasl.Mechanism, error) {
	hint := ""
	for _, broker := range brokers {
		host, _, err := net.SplitHostPort(broker)
		if err != nil {
			host = broker
		}
		there := regionOf(host)
		hint = cmp.Or(hint, there)
		if a.Region != "" && there != "" && a.Region != there {
			return nil, fmt.Errorf("%s: %s is in %s, and %s is given: want the cluster's own region, or none",
				setting.AWSRegion, redact.Quote(host), there, redact.Quote(a.Region))
		}
	}
	if a.RoleARN != "" && !strings.HasPrefix(a.RoleARN, "arn:") {
		return nil, fmt.Errorf("%s: %s is no ARN, want arn:aws:iam::ACCOUNT:role/NAME", setting.AWSRoleARN, redact.Quote(a.RoleARN))
	}
	if a.STSEndpoint != "" {
		if u, err := url.Parse(a.STSEndpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%s: %s is no URL, want https://host", setting.AWSSTSEndpoint, redact.Quote(a.STSEndpoint))
		}
	}
	return &iam{aws: *a, hint: hint, signer: v4.NewSigner()}, nil
}

// iam is the mechanism AWS_MSK_IAM: the client signs a request to connect, for that
// broker and now, and sends it as JSON.
type iam struct {
	aws    AWS
	hint   string // the region that the brokers' names say
	signer *v4.Signer

	mu     sync.Mutex
	config *aws.Config
	last   aws.Credentials // that were had last
	ends   time.Time       // when they really do; zero for never
}

// Name implements sasl.Mechanism.
func (*iam) Name() string { return mechIAM }

// Authenticate implements sasl.Mechanism.
func (m *iam) Authenticate(ctx context.Context, address string) (sasl.Session, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	config, err := m.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	region := cmp.Or(m.aws.Region, regionOf(host))
	if region == "" && m.aws.STSRegion == "" { // which is not the cluster's
		region = config.Region
	}
	if region == "" {
		return nil, nil, fmt.Errorf("%s: the region cannot be told from the broker's name %s, and neither AWS_REGION nor the profile says it: want the cluster's", setting.AWSRegion, redact.Quote(host))
	}
	credentials, err := m.credentials(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	request, err := sign(ctx, m.signer, credentials, host, region, time.Now())
	if err != nil {
		return nil, nil, fmt.Errorf("the request to connect cannot be signed: %w", redact.Wrap(err))
	}
	return iamSession{}, request, nil
}

// load reads the SDK's settings, once they can be read.
func (m *iam) load(ctx context.Context) (*aws.Config, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.config != nil {
		return m.config, nil
	}
	a := &m.aws
	early := func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = credentialsEarly }
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithCredentialsCacheOptions(early),
		// The SDK's own client, since AWS_CA_BUNDLE works with no other.
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(answerTimeout)),
		awsconfig.WithDefaultRegion(m.hint),
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
		return nil, m.why(err)
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
	m.config = &config
	return m.config, nil
}

// credentials returns those of now. The cache asks before they end, once for all
// connections; where that fails, those from before hold until they really end.
func (m *iam) credentials(ctx context.Context, config *aws.Config) (aws.Credentials, error) {
	if config.Credentials == nil {
		return aws.Credentials{}, errors.New("there are no AWS credentials: none of environment, shared files, web identity and instance role has any")
	}
	got, err := config.Credentials.Retrieve(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		if m.last.HasKeys() && (m.ends.IsZero() || time.Now().Before(m.ends)) {
			return m.last, nil
		}
		return aws.Credentials{}, m.why(err)
	}
	if got.AccessKeyID != m.last.AccessKeyID || got.SessionToken != m.last.SessionToken {
		redact.Secret(got.SecretAccessKey)
		redact.Secret(got.SessionToken)
		m.last, m.ends = got, time.Time{}
		if got.CanExpire {
			m.ends = got.Expires.Add(credentialsEarly)
		}
	}
	return got, nil
}

// why says which setting the want of credentials is about.
func (m *iam) why(err error) error {
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
	if m.aws.STSEndpoint != "" && strings.Contains(text, "STS") {
		return fmt.Errorf("%s cannot be asked: %w", setting.AWSSTSEndpoint, redact.Wrap(err))
	}
	return fmt.Errorf("there are no AWS credentials: none of environment, shared files, web identity and instance role has any that can be used (%s, %s): %w",
		setting.AWSProfile, setting.AWSRoleARN, redact.Wrap(err))
}

const iamService = "kafka-cluster"

// nothing is the SHA-256 of no bytes: the request has no body.
var nothing = func() string { h := sha256.Sum256(nil); return hex.EncodeToString(h[:]) }()

// sign returns the request to connect: a URL that is signed for some minutes, taken
// apart into JSON with its keys in lower case.
func sign(ctx context.Context, signer *v4.Signer, c aws.Credentials, host, region string, now time.Time) ([]byte, error) {
	query := url.Values{"Action": {iamService + ":Connect"}, "X-Amz-Expires": {"300"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+hostPart(host)+"/?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	signed, _, err := signer.PresignHTTP(ctx, c, r, nothing, iamService, region, now)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(signed)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{"version": "2020_10_22", "host": host, "user-agent": "amazon-capi"}
	for key, values := range u.Query() {
		fields[strings.ToLower(key)] = values[0]
	}
	return json.Marshal(fields)
}

// hostPart is a host as a URL has it.
func hostPart(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

type iamSession struct{}

// Challenge implements sasl.Session. The broker answers with JSON that says nothing
// that is needed.
func (iamSession) Challenge(answer []byte) (bool, []byte, error) {
	if len(answer) == 0 {
		return false, nil, errors.New("the broker's answer to AWS_MSK_IAM is empty")
	}
	return true, nil, nil
}

// regionOf is the region that a broker's host name says; empty for none.
func regionOf(host string) string {
	for _, suffix := range []string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov"} {
		if name, ok := strings.CutSuffix(strings.ToLower(host), suffix); ok {
			if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
				return name[dot+1:]
			}
		}
	}
	return ""
}
