package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestWhatIsOursIsNotMasked: ids of schemas, places, offsets, addresses, counts.
func TestWhatIsOursIsNotMasked(t *testing.T) {
	for _, s := range []string{
		"schema id 1234567890: the value ends within the record",
		"tracklayer.events, partition 3, offset 9223372036854775807",
		"dial 192.168.10.25:9092: connection refused",
		"topic orders[12]@18200000123",
		"no answer within 30s, 12345678 bytes of 100000000",
		"the access token lasts until 10:15:30 UTC",
		"nothing follows amzn1.ads1.ma1.: want the whole id",
		"it ends within amzn1.adm.ds1.evnt1, with which such ids begin",
	} {
		if got := Own(s); got != s {
			t.Errorf("Own(%q) = %q", s, got)
		}
	}
	for in, want := range map[string]string{
		"sent jane@example.com":                "sent [email]",
		"hash " + sha:                          "hash [hash]",
		"account amzn1.ads1.ma1.a: gone":       "account [amazon-id] gone",
		"AEBE52E7-03EE-455A-B3C4-E57283966239": "[uuid]",
		"a\x1b[31mb\u202ec\nd":                 "abc d",
	} {
		if got := Own(in); got != want {
			t.Errorf("Own(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestErrorKeepsOurSideOfAConnection(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(192, 168, 10, 25), Port: 9092}
	for want, err := range map[string]error{
		"dial tcp 192.168.10.25:9092: connection refused":           &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: errors.New("connection refused")},
		"unable to dial: dial tcp 192.168.10.25:9092: said [email]": fmt.Errorf("unable to dial: %w", &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: errors.New("said jane@example.com")}),
		"lookup broker-1234567.example: no such host":               &net.DNSError{Name: "broker-1234567.example", Err: "no such host", IsNotFound: true},
		"open /etc/capi/1234567890.yaml: no such file":              &os.PathError{Op: "open", Path: "/etc/capi/1234567890.yaml", Err: errors.New("no such file")},
		"open [email]: no such file":                                &os.PathError{Op: "open", Path: "jane@example.com", Err: errors.New("no such file")},
		"call [number] now":                                         errors.New("call +1 555 123 4567 now"),
	} {
		if got := Error(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestParsersDoNotQuoteWhatTheyRead: each is given a file that holds a secret.
func TestParsersDoNotQuoteWhatTheyRead(t *testing.T) {
	const secret = "correct-horse"
	var node yaml.Node
	_, number := strconv.Atoi(secret)
	_, records := csv.NewReader(strings.NewReader("a,\"" + secret + "\"x\n")).ReadAll()
	for name, err := range map[string]error{
		"strconv": number,
		"csv":     records,
		"json":    json.Unmarshal([]byte(secret), new(any)),
		"yaml":    yaml.Load([]byte("a: *"+secret+"\n"), &node),
		"yaml 2":  yaml.Load([]byte(secret+": 1\n"+secret+": 2\n"), new(map[string]int)),
		"quoted":  fmt.Errorf("bad %q, '%s' and `%s`", secret+"\"", secret, secret),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if got := Parser(err); strings.Contains(got, "horse") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestQuote(t *testing.T) {
	for s, shown := range map[string]bool{
		"yess": true, "Order Completed": true, "eu-shops": true, "2026-04-23": true, "events-v2": true, "": true,
		"amzn1.oa2-cs.v1.abc": false, "jane@example.com": false, "Atzr|IwEBI": false, "hX3k9Qz71pLm": false,
		"x\u202ey": false, "+1 555 123 4567": false, sha: false,
	} {
		if got := Quote(s); (got == strconv.Quote(s)) != shown {
			t.Errorf("Quote(%q) = %s", s, got)
		}
	}
}

// TestWriterKnowsSecrets writes lines as a logger does that was given a text nobody
// has redacted.
func TestWriterKnowsSecrets(t *testing.T) {
	const secret = `s3cr"et\pässword`
	Credentials("jane", secret)
	var b bytes.Buffer
	w := Writer(&b)
	quoted, _ := json.Marshal(secret)
	for _, form := range []string{secret, strings.ToUpper(secret[:8]) + secret[8:], string(quoted), base64.StdEncoding.EncodeToString([]byte("jane:" + secret)), "s3cr%22et%5Cp%C3%A4ssword"} {
		b.Reset()
		line := `{"level":"warn","offset":18200000123,"reason":"got ` + form + ` there"}` + "\n"
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
		if !strings.Contains(b.String(), "[secret]") || strings.Contains(b.String(), form) || !strings.Contains(b.String(), "18200000123") {
			t.Errorf("%q was written as %q", line, b.String())
		}
	}
	b.Reset()
	fmt.Fprint(w, "a\u202eb\U000e0041c\ttab\n")
	if b.String() != "abc\ttab\n" {
		t.Errorf("%q", b.String())
	}
	line := []byte(`{"level":"info","event_id":"ord_10492_purchase","offset":18200000123,"message":"sent"}` + "\n")
	if n := testing.AllocsPerRun(10, func() { guarded(line) }); n > 1 {
		t.Errorf("a line that stays as it is costs %v allocations", n)
	}
}

// TestSecretsOfEveryLength: short ones count where they stand alone, and what is a
// word of a mask is none.
func TestSecretsOfEveryLength(t *testing.T) {
	Secret("tiny")
	Secret("secret")
	Secret("abc")
	if got := Text("password tiny, not destiny; abc"); got != "password [secret], not destiny; abc" {
		t.Error(got)
	}
	Secret("k3y9")
	Secret("pw-17")
	if got := Text("Basic azN5OQ==, azN5OQ, cHctMTc= and 6b337939; not azN5OQx"); got != "Basic [secret]==, [secret], [secret]= and [secret]; not azN5OQx" {
		t.Error(got)
	}
	const long = "Kd82jsLw0zX7pq1mNb45"
	Secret(long)
	if got := Text("token " + long[:14] + "… refused"); strings.Contains(got, long[:12]) {
		t.Errorf("the beginning of a secret is shown: %q", got)
	}
	URLCredentials("http://a:pa5sw0rd-1@one:8081,https://t0ken-xyz9@two")
	if got := Text("said pa5sw0rd-1 and t0ken-xyz9"); got != "said [secret] and [secret]" {
		t.Error(got)
	}
	if got := Text(Text("[secret] [email] [token]")); got != "[secret] [email] [token]" {
		t.Error(got)
	}
}

func TestSecretsAreBounded(t *testing.T) {
	var s secretSet
	for i := range maxSecrets + 100 {
		s.add(fmt.Sprintf("token-number-%d", i))
	}
	if len(s.known) != maxSecrets || len(s.order) != maxSecrets {
		t.Errorf("%d secrets are kept", len(s.order))
	}
	for _, i := range []int{0, maxSecrets/2 - 1, maxSecrets + 99} { // settings, and the latest
		if !s.has(fmt.Sprintf("x token-number-%d y", i)) {
			t.Errorf("secret %d was forgotten", i)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	line := []byte(`{"level":"info","event_id":"ord_10492_purchase","offset":18200000123,"message":"sent","events":500}` + "\n")
	for i := range 100 {
		Secret(fmt.Sprintf("Atza|IwEBIJed%dGXjDqsU", i))
	}
	b.SetBytes(int64(len(line)))
	for range b.N {
		guarded(line)
	}
}

func BenchmarkMessage(b *testing.B) {
	for name, s := range map[string]string{"sentence": "userInfo.hashedEmail 86e0b9e56c17 is not a SHA-256 hash", "16 KB": strings.Repeat(`{"a":"jane@example.com"} `, 650)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for range b.N {
				Message(s)
			}
		})
	}
}
