package glue

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const amzDate = "20060102T150405Z"

// authorization is AWS's Signature Version 4 by hand, of a request to path / without a
// query.
func authorization(req *http.Request, body []byte, names []string, c aws.Credentials, region, service string) string {
	sum := func(b string) string { h := sha256.Sum256([]byte(b)); return hex.EncodeToString(h[:]) }
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	canonical := req.Method + "\n/\n\n"
	for _, name := range names {
		value := strings.TrimSpace(req.Header.Get(name))
		switch name {
		case "host":
			value = req.Host
		case "content-length":
			value = strconv.Itoa(len(body))
		}
		canonical += name + ":" + value + "\n"
	}
	signed := strings.Join(names, ";")
	canonical += "\n" + signed + "\n" + sum(string(body))
	at := req.Header.Get("X-Amz-Date")
	parts := []string{at[:8], region, service, "aws4_request"}
	scope := strings.Join(parts, "/")
	key := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range parts {
		key = mac(key, part)
	}
	signature := mac(key, "AWS4-HMAC-SHA256\n"+at+"\n"+scope+"\n"+sum(canonical))
	return "AWS4-HMAC-SHA256 Credential=" + c.AccessKeyID + "/" + scope + ", SignedHeaders=" + signed + ", Signature=" + hex.EncodeToString(signature)
}

// TestSignaturesOfAWS: AWS publishes requests and their signatures.
func TestSignaturesOfAWS(t *testing.T) {
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC).Format(amzDate)
	c := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	for method, signature := range map[string]string{
		http.MethodGet:  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		http.MethodPost: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	} {
		req := httptest.NewRequest(method, "https://example.amazonaws.com/", nil)
		req.Header.Set("X-Amz-Date", at)
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + signature
		if got := authorization(req, nil, []string{"host", "x-amz-date"}, c, "us-east-1", "service"); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}
