package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// reasons explain the brokers' errors about a topic that cannot be written to, and what
// to do. %[1]s is the topic, %[2]s the setting that names it.
var reasons = []struct {
	err  error
	text string
}{
	{kerr.UnknownTopicOrPartition, "it does not exist: check its name (%[2]s), create it, or start run with " + setting.CreateTopics.String()},
	{kerr.UnknownTopicID, "it was deleted and made again"},
	{kerr.TopicAuthorizationFailed, "we are not allowed to write to it: grant the client's principal WRITE and DESCRIBE on topic %[1]s"},
	{kerr.ClusterAuthorizationFailed, "we are not allowed to write idempotently: grant the client's principal IDEMPOTENT_WRITE on the cluster"},
	{kerr.SaslAuthenticationFailed, credentialsAdvice},
	{kerr.NotEnoughReplicas, "it has fewer in-sync replicas than its min.insync.replicas: bring the missing brokers back, or lower min.insync.replicas of topic %[1]s"},
	{kerr.NotEnoughReplicasAfterAppend, "it has fewer in-sync replicas than its min.insync.replicas: bring the missing brokers back, or lower min.insync.replicas of topic %[1]s"},
	{kerr.LeaderNotAvailable, "a partition has no leader: bring its brokers back"},
	{kerr.KafkaStorageError, "a broker cannot write to its disk (KAFKA_STORAGE_ERROR): see that broker's log"},
	{kerr.InvalidRecord, "the brokers refuse the record (INVALID_RECORD): a topic whose cleanup.policy is compact takes none without a key; set cleanup.policy=delete for topic %[1]s, and see that no schema is enforced on it"},
	{kerr.PolicyViolation, "a policy of the brokers refuses it (POLICY_VIOLATION): exempt topic %[1]s from it"},
	{kerr.InvalidTimestamp, "the brokers refuse the record's time (INVALID_TIMESTAMP): raise message.timestamp.before.max.ms and message.timestamp.after.max.ms of topic %[1]s"},
	{kerr.UnsupportedCompressionType, "the brokers do not know the compression; writing without it"},
	{kerr.InvalidTopicException, "Kafka does not allow its name: see %[2]s"},
	{kerr.MessageTooLarge, "it is larger than topic %[1]s takes: raise its max.message.bytes"},
	{kerr.RecordListTooLarge, "it is larger than a segment of topic %[1]s: raise its segment.bytes"},
	{kgo.ErrMaxBuffered, "the client's buffer is full"},
}

// credentialsAdvice is the advice for refused credentials if the mechanism is unknown.
var credentialsAdvice = fmt.Sprintf("the brokers refuse the credentials: see %s, %s and %s, or with AWS_MSK_IAM %s and where the AWS credentials come from",
	setting.SASLMechanism, setting.SASLUsername, setting.SASLPassword, setting.AWSRegion)

// Explained adds to an error the settings it is about, if brokers refuse the credentials
// or the mechanism, or a certificate is not trusted. Errors of requests by HTTP are left
// alone: a registry, Glue or Amazon gave them, and the brokers' settings change nothing.
func Explained(err error) error {
	switch {
	case err == nil || errors.As(err, new(*url.Error)) || strings.Contains(err.Error(), setting.Key("sasl-").String()) || strings.Contains(err.Error(), setting.Key("tls").String()):
		return err
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("%w: %s", err, credentialsAdvice)
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return fmt.Errorf("%w: the listener does not offer it: see %s, and the port in %s", err, setting.SASLMechanism, setting.Brokers)
	case errors.Is(err, io.EOF):
		// Some brokers answer nothing more to wrong credentials, or to a client without TLS.
		return fmt.Errorf("%w: the broker closed the connection: if that lasts, see the credentials (%s, %s, %s), and whether its listener wants TLS (%s)",
			err, setting.SASLMechanism, setting.SASLUsername, setting.SASLPassword, setting.Key("tls"))
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return fmt.Errorf("%w: see %s, and the names in %s", err, setting.TLSCA, setting.Brokers)
	}
	return err
}

// Reason explains why a topic cannot be written to. named is the setting that names the topic.
func Reason(err error, topic, named string) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return fmt.Sprintf(r.text, topic, named)
		}
	}
	return redact.Line(redact.Error(err), 200)
}

// TooLarge says that a topic does not take records of need bytes, and what to do. limit
// is its max.message.bytes, 0 if unknown.
func TooLarge(topic string, limit, need int) string {
	has := ""
	if limit > 0 {
		has = ", which is " + strconv.Itoa(limit)
	}
	return fmt.Sprintf("raise max.message.bytes of topic %s%s, to %d or more", topic, has, need)
}

// RecordBytes returns the maximum size of a batch with only this record.
func RecordBytes(r *kgo.Record) int {
	const batch, record, field = 61, 32, 5 // of what surrounds a batch, a record, and a length
	n := batch + record + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += 2*field + len(h.Key) + len(h.Value)
	}
	return n
}

// whyStuck finds out why the brokers of a topic do not acknowledge.
func whyStuck(ctx context.Context, admin *kadm.Client, topic string) string {
	topics, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return "they do not answer: " + Reason(err, topic, "")
	}
	t := topics[topic]
	if t.Err != nil {
		return Reason(t.Err, topic, "the flag that names it")
	}
	least := minReplicas(ctx, admin, topic)
	for _, n := range t.Partitions.Numbers() {
		p := t.Partitions[n]
		switch {
		case p.Leader < 0 || errors.Is(p.Err, kerr.LeaderNotAvailable):
			return fmt.Sprintf("partition %d has no leader: bring its brokers back", n)
		case len(p.ISR) < least:
			return fmt.Sprintf("partition %d has %s in sync, and min.insync.replicas of topic %s is %d: bring the missing brokers back, or lower it", n, count.Of(len(p.ISR), "replica"), topic, least)
		}
	}
	return ""
}

// minReplicas returns a topic's min.insync.replicas, 0 if unknown.
func minReplicas(ctx context.Context, admin *kadm.Client, topic string) int {
	n, err := topicNumber(ctx, admin, topic, "min.insync.replicas")
	if err != nil {
		return 0
	}
	return n
}

// messageLimit returns a topic's max.message.bytes.
func messageLimit(ctx context.Context, cl *kgo.Client, topic string) (int, error) {
	return topicNumber(ctx, kadm.NewClient(cl), topic, maxMessageBytes)
}

// topicNumber reads a setting of a topic that is a positive number.
func topicNumber(ctx context.Context, admin *kadm.Client, topic, key string) (int, error) {
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return 0, err
	}
	rc, err := configs.On(topic, nil)
	if err == nil {
		err = rc.Err
	}
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(rc.Configs, func(c kadm.Config) bool { return c.Key == key })
	if i < 0 {
		return 0, fmt.Errorf("topic %q has no %s", topic, key)
	}
	n, err := strconv.Atoi(rc.Configs[i].MaybeValue())
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s of topic %q is not a number above 0", key, topic)
	}
	return n, nil
}
