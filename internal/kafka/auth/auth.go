package auth

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Settings says how to authenticate to the brokers; an empty mechanism means not at all.
type Settings struct {
	// Mechanism is one of Mechanisms, in any case.
	Mechanism string
	Username  string
	Password  string
	// Reread returns the current password, if it can change. It is called for each
	// connection, so that a renewed password needs no restart. Optional.
	Reread func() (string, error)
	// OAuthTokenURL is where OAUTHBEARER gets its tokens, with Username and Password as
	// client id and secret. Without it Password is the token.
	OAuthTokenURL string
	OAuthScopes   []string
	// OAuthExtensions are sent with the token, such as Confluent Cloud's logicalCluster.
	OAuthExtensions map[string]string
	// AWS is for AWS_MSK_IAM.
	AWS AWS
}

// Mechanisms lists the values of Settings.Mechanism.
const Mechanisms = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"

// The names of the mechanisms.
const (
	mechPlain    = "PLAIN"
	mechScram256 = "SCRAM-SHA-256"
	mechScram512 = "SCRAM-SHA-512"
	mechOAuth    = "OAUTHBEARER"
	mechIAM      = "AWS_MSK_IAM"
	mechKerberos = "GSSAPI"
)

// Name is the mechanism's name in the protocol.
func (s *Settings) Name() string { return strings.ToUpper(strings.TrimSpace(s.Mechanism)) }

// NeedsTLS reports whether the mechanism is offered on encrypted connections only.
func (s *Settings) NeedsTLS() bool { return s.Name() == mechIAM }

// SendsSecret reports whether the mechanism sends a secret in plain text, which must not
// travel unencrypted.
func (s *Settings) SendsSecret() bool { return s.Name() == mechPlain || s.Name() == mechOAuth }

// Advice names the settings to check when brokers refuse the credentials.
func (s *Settings) Advice() string {
	switch s.Name() {
	case "":
		return fmt.Sprintf("the listener may want credentials, see %s", setting.SASLMechanism)
	case mechIAM:
		return fmt.Sprintf("see %s, %s, where the AWS credentials come from, and that the policy of their identity allows kafka-cluster:Connect", setting.AWSRegion, setting.AWSRoleARN)
	case mechOAuth:
		return fmt.Sprintf("see %s, %s, %s and %s", setting.SASLTokenURL, setting.SASLPassword, setting.SASLScopes, setting.SASLExtensions)
	}
	return fmt.Sprintf("see %s, %s and %s", setting.SASLMechanism, setting.SASLUsername, setting.SASLPassword)
}

// New returns the client's mechanism; nil for none. web is how tokens are requested.
func (s *Settings) New(brokers []string, web *tls.Config) (sasl.Mechanism, error) {
	redact.Credentials(s.Username, s.Password)
	if err := s.check(); err != nil {
		return nil, err
	}
	own := *s // the caller may change its settings
	s = &own
	switch s.Name() {
	case mechPlain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			return plain.Auth{User: s.Username, Pass: s.password()}, nil
		}), nil
	case mechScram256:
		return scram.Sha256(s.scram), nil
	case mechScram512:
		return scram.Sha512(s.scram), nil
	case mechOAuth:
		return s.oauth(web), nil
	case mechIAM:
		return s.AWS.mechanism(brokers)
	}
	return nil, nil
}

// check refuses settings that do not fit together.
func (s *Settings) check() error {
	name := s.Name()
	switch name {
	case "":
		if s.Username != "" || s.Password != "" {
			return fmt.Errorf("%s or %s is set without %s: want %s", setting.SASLUsername, setting.SASLPassword, setting.SASLMechanism, Mechanisms)
		}
		return nil
	case mechPlain, mechScram256, mechScram512, mechOAuth:
	case mechIAM:
		if s.Username != "" || s.Password != "" {
			return fmt.Errorf("%s %s takes neither %s nor %s: its credentials are AWS's (environment, profile, web identity, instance role)", setting.SASLMechanism, name, setting.SASLUsername, setting.SASLPassword)
		}
		return nil
	case mechKerberos:
		return fmt.Errorf("%s %s: Kerberos is not supported, want %s", setting.SASLMechanism, name, Mechanisms)
	default:
		return fmt.Errorf("%s %s is unknown: want %s", setting.SASLMechanism, redact.Quote(s.Mechanism), Mechanisms)
	}
	if s.Password == "" || s.Username == "" && (name != mechOAuth || s.OAuthTokenURL != "") {
		return fmt.Errorf("%s %s needs %s and %s", setting.SASLMechanism, name, setting.SASLUsername, setting.SASLPassword)
	}
	if strings.ContainsRune(s.Username+s.Password, 0) {
		return fmt.Errorf("%s or %s holds a NUL, which SASL has no way to send", setting.SASLUsername, setting.SASLPassword)
	}
	if name == mechOAuth {
		return checkExtensions(s.OAuthExtensions)
	}
	return nil
}

func (s *Settings) scram(context.Context) (scram.Auth, error) {
	return scram.Auth{User: s.Username, Pass: s.password()}, nil
}

// password returns the current password: the previous one, if it cannot be read again.
func (s *Settings) password() string {
	if s.Reread != nil {
		if now, err := s.Reread(); err == nil && now != "" {
			redact.Credentials(s.Username, now)
			return now
		}
	}
	return s.Password
}
