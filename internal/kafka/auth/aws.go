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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// mechanism returns AWS_MSK_IAM. It requests nothing before the first connection.
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
			// Not the name itself: MSK's are so long that they would be described as values
			// that may be secrets.
			return nil, fmt.Errorf("%s: a broker's name says that it is in %s, and %s is given: want the cluster's own region, or none",
				setting.AWSRegion, there, redact.Quote(a.Region))
		}
	}
	chain, err := NewChain(*a, hint)
	if err != nil {
		return nil, err
	}
	return &iam{Chain: chain, signer: v4.NewSigner()}, nil
}

// iam is the mechanism AWS_MSK_IAM: the client signs a request to connect, for one broker
// and the current time, and sends it as JSON.
type iam struct {
	*Chain
	signer *v4.Signer
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
	credentials, err := m.retrieve(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	request, err := sign(ctx, m.signer, credentials, host, region, time.Now())
	if err != nil {
		return nil, nil, fmt.Errorf("the request to connect cannot be signed: %w", redact.Wrap(err))
	}
	return iamSession{}, request, nil
}

const iamService = "kafka-cluster"

// nothing is the SHA-256 of no bytes: the request has no body.
var nothing = func() string { h := sha256.Sum256(nil); return hex.EncodeToString(h[:]) }()

// sign returns the request to connect: a URL that is signed for some minutes, converted
// to JSON with its keys in lower case.
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

// hostPart returns a host as URLs spell it.
func hostPart(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

type iamSession struct{}

// Challenge implements sasl.Session. The broker's JSON answer is not needed.
func (iamSession) Challenge(answer []byte) (bool, []byte, error) {
	if len(answer) == 0 {
		return false, nil, errors.New("the broker's answer to AWS_MSK_IAM is empty")
	}
	return true, nil, nil
}

// regionOf returns the region in a broker's host name; empty for none.
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
