package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	franzaws "github.com/twmb/franz-go/pkg/sasl/aws"
)

// signature is Signature Version 4 by hand, of what a client sent.
func signature(t *testing.T, fields map[string]string, secret, region string) string {
	t.Helper()
	names := map[string]string{
		"action": "Action", "x-amz-algorithm": "X-Amz-Algorithm", "x-amz-credential": "X-Amz-Credential", "x-amz-date": "X-Amz-Date",
		"x-amz-expires": "X-Amz-Expires", "x-amz-signedheaders": "X-Amz-SignedHeaders", "x-amz-security-token": "X-Amz-Security-Token",
	}
	query := url.Values{}
	for low, name := range names {
		if v, ok := fields[low]; ok {
			query.Set(name, v)
		}
	}
	sum := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	mac := func(key []byte, s string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(s))
		return h.Sum(nil)
	}
	request := "GET\n/\n" + strings.ReplaceAll(query.Encode(), "+", "%20") + "\nhost:" + fields["host"] + "\n\nhost\n" + sum("")
	date := fields["x-amz-date"]
	scope := date[:8] + "/" + region + "/kafka-cluster/aws4_request"
	key := mac(mac(mac(mac([]byte("AWS4"+secret), date[:8]), region), "kafka-cluster"), "aws4_request")
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+sum(request)))
}

// TestSign: a broker that reckons the signature itself gets the same, and so it does
// of what franz-go sends.
func TestSign(t *testing.T) {
	const host, secret = "b-1.cluster.abc.c2.kafka.eu-west-1.amazonaws.com", "se/cr+et"
	c := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: secret, SessionToken: "tok/en+=="}
	ours, err := sign(t.Context(), v4.NewSigner(), c, host, "eu-west-1", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	_, theirs, err := franzaws.Auth{AccessKey: "AKID", SecretKey: secret, SessionToken: "tok/en+=="}.AsManagedStreamingIAMMechanism().Authenticate(t.Context(), host+":9098")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]map[string]string{}
	for who, sent := range map[string][]byte{"ours": ours, "theirs": theirs} {
		var fields map[string]string
		if err := json.Unmarshal(sent, &fields); err != nil {
			t.Fatal(err)
		}
		if got, want := fields["x-amz-signature"], signature(t, fields, secret, "eu-west-1"); got != want {
			t.Errorf("%s: signature %s, want %s\n%s", who, got, want, sent)
		}
		keys[who] = fields
	}
	for k := range keys["theirs"] {
		if _, ok := keys["ours"][k]; !ok {
			t.Errorf("%s is not sent", k)
		}
	}
	if keys["ours"]["version"] != "2020_10_22" || keys["ours"]["host"] != host || keys["ours"]["action"] != "kafka-cluster:Connect" || keys["ours"]["x-amz-expires"] == "" {
		t.Errorf("%v", keys["ours"])
	}
}

func TestRegionOf(t *testing.T) {
	for host, want := range map[string]string{
		"b-1.c.abc.c2.kafka.us-east-1.amazonaws.com":           "us-east-1",
		"B-1.C.abc.c2.kafka.US-EAST-1.amazonaws.com":           "us-east-1",
		"b-1.c.abc.c2.kafka.cn-north-1.amazonaws.com.cn":       "cn-north-1",
		"boot-abc.c1.kafka-serverless.eu-west-3.amazonaws.com": "eu-west-3",
		"kafka.example.com":                                    "", "localhost": "", "amazonaws.com": "", "10.0.0.1": "",
	} {
		if got := regionOf(host); got != want {
			t.Errorf("%s is in %q, want %q", host, got, want)
		}
	}
}

// TestRegions: the setting, then the host, then what the SDK finds; what contradicts
// the host is refused before anything is connected.
func TestRegions(t *testing.T) {
	noAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret-key")
	const msk = "b-1.c.abc.c2.kafka.us-east-1.amazonaws.com:9098"
	for name, tc := range map[string]struct {
		aws          AWS
		env, address string
		want         string // region, or words of the error
	}{
		"host":                            {AWS{}, "", msk, "us-east-1"},
		"host over environment":           {AWS{}, "eu-west-1", msk, "us-east-1"},
		"environment":                     {AWS{}, "eu-west-1", "kafka.internal:9098", "eu-west-1"},
		"setting over environment":        {AWS{Region: "eu-west-2"}, "eu-west-1", "kafka.internal:9098", "eu-west-2"},
		"none":                            {AWS{}, "", "kafka.internal:9098", "--aws-region"},
		"STS's region is not a cluster's": {AWS{STSRegion: "eu-west-1"}, "", "kafka.internal:9098", "--aws-region"},
		"contradiction":                   {AWS{Region: "eu-west-2"}, "", msk, `a broker's name says that it is in us-east-1, and "eu-west-2" is given`},
		"no ARN":                          {AWS{RoleARN: "role"}, "", msk, "--aws-role-arn"},
		"no URL":                          {AWS{STSEndpoint: "sts"}, "", msk, "--aws-sts-endpoint"},
	} {
		t.Setenv("AWS_REGION", tc.env)
		m, err := (&Settings{Mechanism: "AWS_MSK_IAM", AWS: tc.aws}).New([]string{tc.address}, nil)
		var sent []byte
		if err == nil {
			_, sent, err = m.Authenticate(t.Context(), tc.address)
		}
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret-key") {
				t.Errorf("%s: %v, want %q", name, err, tc.want)
			}
			continue
		}
		if !strings.Contains(string(sent), "/"+tc.want+"/kafka-cluster/") {
			t.Errorf("%s: %s, want region %s", name, sent, tc.want)
		}
	}
}

// noAWS takes away what this machine has of AWS's settings.
func noAWS(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// TestNoCredentials: the error says where they were looked for.
func TestNoCredentials(t *testing.T) {
	noAWS(t)
	for name, tc := range map[string]struct {
		aws  AWS
		want string
	}{
		"none":       {AWS{}, "there are no AWS credentials"},
		"no profile": {AWS{Profile: "nobody"}, "--aws-profile"},
	} {
		m, err := (&Settings{Mechanism: "AWS_MSK_IAM", AWS: tc.aws}).New(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, _, err := m.Authenticate(ctx, "b-1.x.kafka.us-east-1.amazonaws.com:9098"); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// TestCredentialsHold: while STS is away, those from before are used until they
// really end, which is later than they are renewed.
func TestCredentialsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := false
		provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			if away {
				return aws.Credentials{}, errors.New("STS: InternalFailure")
			}
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret-key", CanExpire: true, Expires: time.Now().Add(time.Hour)}, nil
		})
		cached := aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = credentialsEarly })
		m := &iam{signer: v4.NewSigner(), Chain: &Chain{config: &aws.Config{Credentials: cached}}}
		authenticate := func() error {
			_, _, err := m.Authenticate(t.Context(), "b-1.x.kafka.us-east-1.amazonaws.com:9098")
			return err
		}
		if err := authenticate(); err != nil {
			t.Fatal(err)
		}
		away = true
		time.Sleep(57 * time.Minute)
		if err := authenticate(); err != nil {
			t.Errorf("before they end: %v", err)
		}
		time.Sleep(4 * time.Minute)
		if err := authenticate(); err == nil || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("after they ended: %v", err)
		}
		away = false
		if err := authenticate(); err != nil {
			t.Errorf("back again: %v", err)
		}
	})
}
