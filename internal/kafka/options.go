package kafka

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzerolog"

	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// Settings are how to reach the brokers.
type Settings struct {
	// Brokers are the seeds, host:port; a port of 9092 is added when missing.
	Brokers []string
	// ClientID names this process in the brokers' logs and quotas.
	ClientID string
	TLS      TLSSettings
	SASL     SASLSettings
	// Dial opens the connections, unless TLS does; nil for the operating system's.
	Dial web.Dial
}

// SASLSettings are how to authenticate to the brokers.
type SASLSettings = auth.Settings

// Mechanisms lists the values of SASLSettings.Mechanism.
const Mechanisms = auth.Mechanisms

// Options returns the client options for the settings. Errors name the flag.
func (s *Settings) Options(log zerolog.Logger) ([]kgo.Opt, error) {
	brokers, err := s.seeds()
	if err != nil {
		return nil, err
	}
	clientID := s.ClientID
	if clientID == "" {
		clientID = "amazon-capi"
	}
	// At info level the client logs much that interests only its developers; from
	// warnings up it is worth an operator's time.
	clientLog := log.With().Str("stage", "kafka").Logger()
	if clientLog.GetLevel() == zerolog.InfoLevel {
		clientLog = clientLog.Level(zerolog.WarnLevel)
	}
	// While brokers are unavailable, the client logs every attempt of every connection.
	// The conditions tell the operator once; a handful of the client's lines a minute add
	// the detail without burying the log.
	clientLog = clientLog.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Minute})
	logger := &clientLogger{Logger: quiet{kzerolog.New(&clientLog)}, advice: s.SASL.Advice()}
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ClientID(clientID),
		kgo.SoftwareNameAndVersion("amazon-capi", "v1"),
		kgo.WithLogger(logger),
		kgo.WithHooks(logger),
	}
	tlsSettings := s.TLS
	tlsSettings.Enabled = tlsSettings.Enabled || s.SASL.NeedsTLS()
	dial, err := tlsSettings.dialer()
	if err != nil {
		return nil, err
	}
	if dial == nil {
		dial = s.Dial
	}
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	opts = append(opts, kgo.Dialer(newRedial(dial).DialContext))
	web, err := tlsSettings.Web()
	if err != nil {
		return nil, err
	}
	mechanism, err := s.SASL.New(brokers, web)
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

func (s *Settings) seeds() ([]string, error) {
	var seeds []string
	for _, b := range s.Brokers {
		b = strings.TrimSpace(b)
		redact.URLCredentials(b)
		if b == "" {
			continue
		}
		if strings.Contains(b, "://") {
			return nil, fmt.Errorf("%s: %s is a URL, want host:port", setting.Brokers, redact.Quote(b))
		}
		host, port, err := net.SplitHostPort(b)
		if err != nil {
			host, port = strings.Trim(b, "[]"), "9092"
		}
		if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 || strings.ContainsAny(host, " /@") {
			return nil, fmt.Errorf("%s: %s is not an address, want host:port", setting.Brokers, redact.Quote(b))
		}
		seeds = append(seeds, net.JoinHostPort(host, port))
	}
	if len(seeds) == 0 {
		return nil, fmt.Errorf("%s: no broker given, want host:port, several separated by commas", setting.Brokers)
	}
	return seeds, nil
}
