package redact

import (
	"strings"
	"testing"
)

// strangers are what brokers, registries, proxies, clients and Amazon say that names
// nobody: it is read by whoever has to fix something, and comes through unchanged.
var strangers = []string{
	"Schema being registered is incompatible with an earlier schema for subject \"tracklayer.events-value\"; error code: 409",
	"Subject 'tracklayer.events-value' not found.; error code: 40401",
	"Broker: Not leader for partition; topic orders.v2, partition 12",
	"The coordinator is not available. (COORDINATOR_NOT_AVAILABLE, code 15)",
	"unionConverterToAnyCodec: encoding nil value for non nillable union",
	"panic expected from threeToFourDoesPanic()",
	"ProducerBatchMaxBytesFn is not set, see kgo.FetchMaxPartitionBytes",
	"org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [tracklayer.events]",
	"org.springframework.web.client.HttpClientErrorException$UnprocessableEntity: 422",
	"java.lang.IllegalArgumentException: eventActionSource must be one of WEBSITE, APP",
	"io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException",
	"com.amazon.advertising.conversions.InvalidUserInfoException at ConversionEventValidator.validateHashedEmail",
	"x509: certificate is valid for kafka-0.kafka.svc.cluster.local, not kafka-1.kafka.svc.cluster.local",
	"tls: failed to verify certificate: x509: certificate signed by unknown authority",
	"upstream connect error or disconnect/reset before headers. reset reason: connection termination",
	"HTTP/1.1 503 Service Unavailable: no healthy upstream (envoy 1.31.2)",
	"nginx/1.25.3: 413 Request Entity Too Large, limit 104857 bytes",
	"squid/6.6: Access Denied by rule CONNECT advertising-api.amazon.com:443",
	"invalid character 'x' looking for beginning of value",
	"invalid character U+FEFF at line 1, column 1",
	"unexpected character U+0040 in the name of a field",
	"got U+0000 where a digit was expected",
	"Rate exceeded: 10 requests per second, retry after 1.5s",
	"the request signature we calculated does not match; check the clock (2026-04-23T10:15:30Z, skew 00:05:12)",
	"events[17].userInfo.hashedEmail must match ^[a-f0-9]{64}$",
	"value.currencyCode: EURO is not one of ISO 4217",
	"timestamp 2026-04-23T10:15:30.123+02:00 lies more than 21 days back",
	"countryCode UK is not known, did you mean GB?",
	"access_token expired, grant_type refresh_token",
	"invalid_grant: the refresh token is expired or revoked",
	"failed to read jwks from https://login.example.invalid/.well-known/jwks.json",
	"fail fail fail fail fail fail fail fail",
	"no leader among kafka1,kafka2,kafka3,kafka4,kafka5",
	"record 12 of batch 345 has 6 fields, want 7 (schema version 3)",
	"go1.26.3 linux/amd64, librdkafka v2.3.0, kafka 3.9.1, Python/3.12",
	"heap 512MiB of 1GiB, 12 goroutines, GOGC=50",
	"lookup broker.eu-central-1.amazonaws.com on 10.0.0.2:53: no such host",
	"dial tcp [2001:db8::1]:9092: connect: no route to host",
	"Please look at the field and mail it again when all of them are there",
	"a b c d e f are letters, be a bad face, dead beef cafe",
	"each of these words can be read in base32 or hex: facade decade added faded",
	"the code is at most 10 characters long; a code at a time",
	"größe und straße, l'été à Orléans, указанное значение не подходит, 値が無効です",
	"expected one of: GRANTED, DENIED (was granted_by_default)",
	"UnknownTopicOrPartition IncompatibleSubscriptionException OffsetOutOfRange LeaderNotAvailable",
}

// TestWhatNamesNobodyIsRead: it comes through as it is.
func TestWhatNamesNobodyIsRead(t *testing.T) {
	Secret(composedSecret)
	for _, s := range strangers {
		if got := Message(s); got != s {
			t.Errorf("%q\nbecame %q", s, got)
		}
	}
}

// TestDigestsAreNoWords: few random words look like names in camel case.
func TestDigestsAreNoWords(t *testing.T) {
	for word, want := range map[string]bool{
		"unionConverterToAnyCodec": true, "ProducerBatchMaxBytesFn": true, "UnprocessableEntityHTTP": true, "HTTPClientErrorException": true,
		"IwEBIJedGXjDqsUvMxykqOMg": false, "aAbBcCdDeEfFgGhHiIjJkK": false, "ABCDEFGHabcdefgh": false, strings.Repeat("aB", 20): false, "abcDefG1": false,
	} {
		if isCamelCase(word) != want {
			t.Errorf("%s: %v, want %v", word, !want, want)
		}
	}
}
