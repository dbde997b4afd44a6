package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/internal/bearer"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// TestABearerTokenAndItsHeaders: what Confluent Cloud is asked with, and no password
// beside it.
func TestABearerTokenAndItsHeaders(t *testing.T) {
	fake := fakeRegistry(t)
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	var seen http.Header
	fake.Intercept(func(_ http.ResponseWriter, req *http.Request) bool { seen = req.Header; return false })
	token := "first"
	reg := open(t, Options{
		URL: fake.URL(), Username: "client", Password: "s3cret", Cluster: "lsrc-1", IdentityPool: "pool-2",
		Bearer: bearer.Fixed(token, func() (string, error) { return token, nil }),
	})
	for _, token = range []string{"first", "second"} {
		if _, err := reg.SchemaByID(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if seen.Get("Authorization") != "Bearer "+token || seen.Get("Target-Sr-Cluster") != "lsrc-1" || seen.Get("Confluent-Identity-Pool-Id") != "pool-2" {
			t.Errorf("asked with %v", seen)
		}
	}
	if _, err := reg.Register(t.Context(), "x-value", []string{`"string"`}); err != nil || seen.Get("Authorization") != "Bearer second" {
		t.Errorf("registered with %v: %v", seen, err)
	}
	if _, err := open(t, Options{URL: fake.URL()}).SchemaByID(t.Context(), 1); err != nil || seen.Get("Authorization") != "" || seen.Get("Target-Sr-Cluster") != "" {
		t.Errorf("without: %v, %v", seen, err)
	}
}

// TestATokenThatTheRegistryRefuses: it is asked once more with another token, if there is
// one, and an answer of no is never one about the record.
func TestATokenThatTheRegistryRefuses(t *testing.T) {
	valid, asked := "", 0
	url := served(t, func(w http.ResponseWriter, req *http.Request) {
		asked++
		if req.Header.Get("Authorization") != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error_code":40101,"message":"no"}`)
			return
		}
		fmt.Fprint(w, `{"schema":"\"string\""}`)
	})
	reads, renewed := 0, "old"
	reg := open(t, Options{URL: url, Bearer: bearer.Fixed("old", func() (string, error) {
		if reads++; reads > 1 {
			return renewed, nil
		}
		return "old", nil
	})})
	valid, renewed = "new", "new"
	if _, err := reg.SchemaByID(t.Context(), 1); err != nil || asked != 2 {
		t.Errorf("renewed: %v, asked %d times", err, asked)
	}
	asked, valid = 0, "another"
	_, err := reg.SchemaByID(t.Context(), 1)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "check the registry's token") || asked != 1 {
		t.Errorf("refused: %v, asked %d times", err, asked)
	}
}

// TestNoTokenHolds: the token endpoint is away, and the registry is not asked without.
func TestNoTokenHolds(t *testing.T) {
	asked := false
	url := served(t, func(http.ResponseWriter, *http.Request) { asked = true })
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "s3cret")
	}))
	t.Cleanup(endpoint.Close)
	reg := open(t, Options{URL: url + "," + url, Bearer: bearer.ClientCredentials(bearer.Credentials{
		URL: endpoint.URL, ClientID: "me", Secret: func() (string, error) { return "s3cret", nil }, Named: bearer.Settings{URL: "the-url"},
	})})
	_, err := reg.SchemaByID(t.Context(), 1)
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "--the-url answers 502") || strings.Contains(err.Error(), "s3cret") || asked {
		t.Errorf("%v, asked %v", err, asked)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reg.SchemaByID(gone, 1); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrAway) {
		t.Errorf("given up: %v", err)
	}
}

// TestACopyThatLearnsLate: one URL says that there is no such schema, and another has
// it. Nobody having it is a no; nobody answering is none.
func TestACopyThatLearnsLate(t *testing.T) {
	var asked [3]atomic.Int32
	copyOf := func(i int, status int, body string) string {
		return served(t, func(w http.ResponseWriter, _ *http.Request) {
			asked[i].Add(1)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	late := copyOf(0, 404, `{"error_code":40403,"message":"Schema not found"}`)
	knows := copyOf(1, 200, `{"schema":"\"string\""}`)
	away := copyOf(2, 503, ``)

	reg := open(t, Options{URL: strings.Join([]string{away, late, knows}, ",")})
	for range 2 { // the first time all are asked, then whoever knew
		if s, err := reg.SchemaByID(t.Context(), 1); err != nil || s.Text == "" {
			t.Errorf("%v, %v", s, err)
		}
	}
	if asked[0].Load() != 1 || asked[1].Load() != 2 || asked[2].Load() != 1 {
		t.Errorf("asked %d, %d and %d times: whoever knew is asked first the next time", asked[0].Load(), asked[1].Load(), asked[2].Load())
	}
	for _, urls := range []string{late, late + "," + late, late + "," + away, away + "," + late} {
		_, err := open(t, Options{URL: urls}).SchemaByID(t.Context(), 1)
		if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || !bad.Unknown {
			t.Errorf("%s: %v", urls, err)
		}
	}
	if _, err := open(t, Options{URL: away + "," + away}).SchemaByID(t.Context(), 1); !errors.Is(err, ErrAway) {
		t.Errorf("away: %v", err)
	}
}
