package redact

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// ours are sentences of this program as operators see them, with the numbers that
// they are read for: ids of schemas, places, times, versions, ports, counts.
var ours = []string{
	"schema id 1234567890: the value ends within the record",
	"schema id 2147483647 is not known to the registry",
	"the schema cannot be read: union has 1234567 branches",
	"tracklayer.events, partition 3, offset 9223372036854775807",
	"tracklayer.events[12]@18200000123",
	"topic orders.eu-central-1.v2, partitions 0 to 127",
	"partitions [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31]",
	"map[tracklayer.events:[10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30]]",
	"partitions 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28",
	"offsets 18200000123, 18200000124, 18200000125, 18200000126",
	"dial 192.168.10.25:9092: connection refused",
	"dial tcp 10.100.200.255:65535: i/o timeout",
	"dial tcp [fd12:3456:789a:bcde::1]:9092: connection refused",
	"broker 1001 at kafka-1001.kafka.svc.cluster.local:9092 does not answer",
	"no answer within 30s, 12345678 bytes of 100000000",
	"no answer within 1m30.5s",
	"the access token lasts until 10:15:30 UTC",
	"the access token lasts until 2026-04-23T10:15:30.123456789Z",
	"well since 2026-04-23 10:15:30, for 36h12m5.123456s",
	"occurred_at 2026-04-23T10:15:30+02:00 is 1234567 ms in the future",
	"timestamp 1777000000000 is before 1776000000000",
	"version 1.24.0-20260423101530-cf2de7c40915 of go1.26.3 linux/amd64",
	"commit cf2de7c",
	"commit cf2de7ce015c5938",
	"leader epoch 2147483647 was 2147483646",
	"generation 123456, member amazon-capi-7d9f8b6c5d-x2k4q",
	"instance id amazon-capi-0",
	"pod amazon-capi-7d9f8b6c5d-x2k4q on node ip-10-100-200-255.eu-central-1.compute.internal",
	"profile 1234567890: 30000 events wait since 10:15:30",
	"profile 12345678901234567890 is refused (403)",
	"[profile]:bcdghj is refused (403)",
	"[number]:bcdg was sent before",
	"status 422 INVALID_USER_INFO at events[17].userInfo.hashedEmail",
	"status 207: 499 of 500 events accepted, 1 refused",
	"request id 4442587FB7D0A2F9",
	"request id QX8N0B3D9EWT2ZBVR4S5",
	"request capi-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"5000000 events in 1234.56 s, 4050.01/s, median 12.345 ms",
	"raise max.message.bytes of topic tracklayer.events.dead, which is 1048588, to 10485880 or more",
	"file /etc/amazon-capi/2026-04-23/accounts-1234567.yaml, line 12, column 34",
	"/var/lib/capi/checkpoint-18200000123.json: read 1048576 of 10485760 bytes",
	"accounts.yaml:123: profile 1234567890 is named twice, first on line 12",
	"mapping.yaml:12: rule 34 has no name",
	"the file has 1234567 lines and 12345678 characters",
	"lag 123456789, oldest 2026-04-23T10:15:30Z",
	"committed offset 18200000123 is beyond the end 18200000122",
	"checksum 0x1a2b3c4d of 65536 bytes",
	"want digits, got a value of 1234567 characters",
	"want 1 to 64 of A-Z a-z 0-9 . _ -",
	"want 1 or more, got -1234567890",
	"1.234567 is not a whole number",
	"amount 1234567890123.45 has more than 12 digits before the point",
	"a decimal of 38 digits, 99999999999999999999999999999999999999, is too large",
	"value 170141183460469231731687303715884105727 is beyond a 64-bit number",
	"subject tracklayer.events-value, version 1234567",
	"subject com.example.Conversion_v2, version 12",
	"field custom_data.attributes[1234].value",
	"custom_data.value: 12.345,67 is not a number",
	"event ord_10492_purchase was accepted at 2026-04-23T10:15:30Z",
	"event ord-2026-04-23-000123456",
	"event 450789469 is a duplicate of 450789468",
	"event test_lead_20260423T101530Z_k3jd9s",
	"event 507f1f77bcf86cd799439011",
	"event 01ARZ3NDEKTSV4RRFFQ69G5FAV",
	"seed 1234567890123456789",
	"--max-in-flight-bytes: 1073741824 is too many, want at most 536870912",
	"--retention 8760h0m0s",
	"--amazon-url: want https://advertising-api.amazon.com",
	"--brokers kafka-0:9092,kafka-1:9092,kafka-2:9092",
	"http://registry:8081/subjects/tracklayer.events-value/versions/1234567",
	"https://advertising-api-eu.amazon.com:443 answers with a redirect (301), which is not followed",
	"x509: certificate has expired: current time 2026-04-23T10:15:30Z is after 2026-04-22T10:15:30Z",
	"SASL_SSL with SCRAM-SHA-512, 4096 iterations",
	"TLS 1.3, TLS_AES_128_GCM_SHA256",
	"api key 18 (ApiVersions) v4, correlation id 1234567890",
	"error code 40403: schema not found",
	"producer id 1234567890123, epoch 32767",
	"transactional id amazon-capi-redrive-12",
	"[::1]:9092 and [fe80::1%eth0]:9092",
	"127.0.0.1:8080 is in use",
	"memory 1073741824 of 2147483648 bytes, 12345 goroutines",
	"GOMEMLIMIT=1932735283",
	"ISO 3166-1 alpha-2, ISO 4217, RFC 3339, E.164",
	"Purchase (OFF_AMAZON_PURCHASES) from WEBSITE",
	"2026-04-23..2026-05-23: 31 days, 744 hours",
	"1h 234 events, 2h 3456789 events, 3h 45678901 events",
	"10 % of 1234567 events (123456) have no click id",
	"batch of 500 events, 1234567 bytes, split at 250",
	"backs off for 1.234567891s, try 12 of 100",
	"the breaker opened 1234567 ms ago",
	"header amazon-capi.redrives: 1000",
	"__connect.errors.offset 9223372036854775807",
	"letter tracklayer.events.dead[3]@1234567890 of tracklayer.events[12]@9876543210",
	"group amazon-capi-replay-20260423101530",
	"UTC+02:00 and UTC-11:30",
	"2026-04-23T10:15:30Z 2026-04-23T10:15:31Z 2026-04-23T10:15:32Z",
	"0.000001234567 s per event",
	"1e-06 to 1.7976931348623157e+308",
	"line 1234567: 12 columns, want 7",
	"goroutine 1234567 [running]",
	"sink.(*lane).run, schemas.(*Decoder).Decode, runtime.gopanic",
}

// TestOurSentencesComeThroughUnchanged, from a condition or a mistake to a page, and
// through the guard of the log.
func TestOurSentencesComeThroughUnchanged(t *testing.T) {
	Credentials("capi", "Hunter2-Pw")
	for _, s := range ours {
		if got := Own(s); got != s {
			t.Errorf("Own(%q) = %q", s, got)
		}
		if got := guarded([]byte(s)); got != nil {
			t.Errorf("the log has %q for %q", got, s)
		}
	}
	if len(ours) < 100 {
		t.Errorf("only %d sentences", len(ours))
	}
}

// TestAddressesThatAreDialledAreShown: what stands in the error's own fields.
func TestAddressesThatAreDialledAreShown(t *testing.T) {
	for _, ip := range []string{"192.168.10.25", "203.0.113.255", "fd12:3456:789a:bcde:1234:5678:9abc:def0", "2001:db8::1"} {
		addr := &net.TCPAddr{IP: net.ParseIP(ip), Port: 65535}
		err := fmt.Errorf("unable to open: %w", &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: fmt.Errorf("said jane@example.com")})
		if got := Error(err); !strings.Contains(got, addr.String()) || strings.Contains(got, "jane") {
			t.Errorf("%q", got)
		}
	}
}
