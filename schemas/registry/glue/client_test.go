package glue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// fake stands in for Glue. It takes requests that are signed with its keys, and answers
// as it is told.
type fake struct {
	t        *testing.T
	keys     aws.Credentials
	versions map[string]version
	names    map[string]bool
	answer   func(w http.ResponseWriter) bool // in place of all that follows

	mu    sync.Mutex
	asked []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		f.t.Error(err)
	}
	operation := strings.TrimPrefix(req.Header.Get("X-Amz-Target"), "AWSGlue.")
	f.asked = append(f.asked, operation)
	if f.answer != nil && f.answer(w) {
		return
	}
	if !f.signed(req, body) {
		refuse(w, http.StatusBadRequest, "InvalidSignatureException")
		return
	}
	var q struct {
		SchemaVersionID  string                                    `json:"SchemaVersionId"`
		SchemaID         struct{ SchemaName, RegistryName string } `json:"SchemaId"`
		SchemaName       string
		SchemaDefinition string
		DataFormat       string
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Error(err)
	}
	name := q.SchemaName + q.SchemaID.SchemaName
	switch {
	case operation == "GetSchemaVersion":
		v, ok := f.versions[q.SchemaVersionID]
		if !ok {
			refuse(w, http.StatusBadRequest, "EntityNotFoundException")
			return
		}
		_ = json.NewEncoder(w).Encode(v)
		return
	case operation == "RegisterSchemaVersion" && !f.names[name]:
		refuse(w, http.StatusBadRequest, "com.amazonaws.glue#EntityNotFoundException:http://internal")
		return
	case operation == "CreateSchema" && f.names[name]:
		refuse(w, http.StatusBadRequest, "AlreadyExistsException")
		return
	case operation == "CreateSchema" && q.DataFormat != "AVRO":
		f.t.Errorf("created as %q", q.DataFormat)
	}
	f.names[name] = true
	uuid := fmt.Sprintf("%032x", len(q.SchemaDefinition))
	f.versions[uuid] = version{uuid, q.SchemaDefinition, "AVRO", "AVAILABLE"}
	_ = json.NewEncoder(w).Encode(map[string]string{"SchemaVersionId": uuid, "Status": "AVAILABLE"})
}

// signed reports whether the request is signed with the fake's keys.
func (f *fake) signed(req *http.Request, body []byte) bool {
	given := req.Header.Get("Authorization")
	_, names, _ := strings.Cut(given, "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	if !strings.Contains(names, "content-type;host;x-amz-date") || !strings.Contains(names, "x-amz-target") || req.Header.Get("X-Amz-Security-Token") != f.keys.SessionToken {
		return false
	}
	return authorization(req, body, strings.Split(names, ";"), f.keys, "eu-west-1", "glue") == given
}

func refuse(w http.ResponseWriter, status int, name string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"Message":"s3cret jane@example.com"}`, name)
}

func start(t *testing.T) (*fake, *Client) {
	t.Helper()
	f := &fake{
		t: t, keys: aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cret", SessionToken: "session"},
		versions: make(map[string]version), names: make(map[string]bool),
	}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	c, err := New(Options{Region: "eu-west-1", Endpoint: srv.URL, Credentials: func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cret", SessionToken: "session"}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return f, c
}

const uuid = "5e7f40ce-ba13-8394-ab4a-c4e82c0ededd"

func TestVersions(t *testing.T) {
	f, c := start(t)
	f.versions[uuid] = version{uuid, `"string"`, "AVRO", "AVAILABLE"}
	if s, err := c.SchemaVersion(t.Context(), uuid); err != nil || s.Text != `"string"` || s.Type != "AVRO" {
		t.Errorf("%+v, %v", s, err)
	}
	f.versions[uuid] = version{uuid, `{}`, "JSON", "AVAILABLE"}
	if s, err := c.SchemaVersion(t.Context(), uuid); err != nil || s.Type != "JSON" {
		t.Errorf("%+v, %v", s, err)
	}
	_, err := c.SchemaVersion(t.Context(), strings.Repeat("a", 36))
	if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || !bad.Unknown || !strings.Contains(bad.Message, "eu-west-1") {
		t.Errorf("unknown: %v", err)
	}
}

func TestRegister(t *testing.T) {
	f, c := start(t)
	first, err := c.RegisterVersion(t.Context(), "events-value", `"string"`)
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	second, err := c.RegisterVersion(t.Context(), "events-value", `"int"`)
	if err != nil || second == first {
		t.Errorf("%q, %v", second, err)
	}
	again, err := c.RegisterVersion(t.Context(), "events-value", `"string"`)
	if err != nil || again != first {
		t.Errorf("%q, %v, want %q again", again, err, first)
	}
	if got := strings.Join(f.asked, " "); got != "RegisterSchemaVersion CreateSchema RegisterSchemaVersion RegisterSchemaVersion" {
		t.Errorf("asked %s", got)
	}
	f.answer = func(w http.ResponseWriter) bool {
		fmt.Fprint(w, `{"SchemaVersionId":"x","Status":"FAILURE"}`)
		return true
	}
	if _, err := c.RegisterVersion(t.Context(), "events-value", `"long"`); !strings.Contains(fmt.Sprint(err), "not compatible") {
		t.Errorf("a failure: %v", err)
	}
}

// TestGlueIsAwayInManyWays: none of them says anything about the record, and none shows
// a secret or what Glue said.
func TestGlueIsAwayInManyWays(t *testing.T) {
	f, c := start(t)
	for name, a := range map[string]struct {
		answer func(w http.ResponseWriter)
		says   string
	}{
		"no rights":        {func(w http.ResponseWriter) { refuse(w, 400, "AccessDeniedException") }, "let this identity do glue:GetSchemaVersion"},
		"expired":          {func(w http.ResponseWriter) { refuse(w, 400, "ExpiredTokenException") }, "check the AWS credentials"},
		"unknown key":      {func(w http.ResponseWriter) { refuse(w, 400, "UnrecognizedClientException") }, "check the AWS credentials"},
		"throttled":        {func(w http.ResponseWriter) { refuse(w, 400, "ThrottlingException") }, "400 ThrottlingException"},
		"invalid":          {func(w http.ResponseWriter) { refuse(w, 400, "InvalidInputException") }, "400 InvalidInputException"},
		"a wrong path":     {func(w http.ResponseWriter) { w.WriteHeader(404) }, "it answers 404"},
		"not found by 404": {func(w http.ResponseWriter) { refuse(w, 404, "EntityNotFoundException") }, "404 EntityNotFoundException"},
		"broken":           {func(w http.ResponseWriter) { refuse(w, 500, "InternalServiceException") }, "500 InternalServiceException"},
		"a proxy":          {func(w http.ResponseWriter) { w.WriteHeader(502); fmt.Fprint(w, "<html>s3cret") }, "it answers 502"},
		"a redirect":       {func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(307) }, "redirect (307)"},
		"no JSON":          {func(w http.ResponseWriter) { fmt.Fprint(w, "hello") }, "not Glue's"},
		"no schema":        {func(w http.ResponseWriter) { fmt.Fprint(w, "{}") }, "no schema"},
		"cut off": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"SchemaDefinition":`)
		}, "cut off"},
	} {
		f.answer = func(w http.ResponseWriter) bool { a.answer(w); return true }
		_, err := c.SchemaVersion(t.Context(), uuid)
		if !errors.Is(err, registry.ErrAway) || !strings.Contains(err.Error(), a.says) {
			t.Errorf("%s: %v, want %q", name, err, a.says)
		}
		for _, hidden := range []string{"s3cret", "jane", "session", uuid} {
			if strings.Contains(fmt.Sprint(err), hidden) {
				t.Errorf("%s: %v has %s", name, err, hidden)
			}
		}
	}
	f.answer = func(w http.ResponseWriter) bool {
		fmt.Fprintf(w, `{"SchemaDefinition":"%s"}`, strings.Repeat("x", maxAnswer))
		return true
	}
	_, err := c.SchemaVersion(t.Context(), uuid)
	if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || bad.Unknown {
		t.Errorf("too large: %v", err)
	}
	f.answer, f.keys = nil, aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "another", SessionToken: "session"}
	if _, err := c.SchemaVersion(t.Context(), uuid); !errors.Is(err, registry.ErrAway) || !strings.Contains(err.Error(), "InvalidSignatureException") {
		t.Errorf("signed with another key: %v", err)
	}
}

func TestGlueThatHangsOrIsGone(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	credentials := func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cret"}, nil
	}
	c, err := New(Options{Region: "eu-west-1", Endpoint: srv.URL, Credentials: credentials, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SchemaVersion(t.Context(), uuid); !errors.Is(err, registry.ErrAway) || !strings.Contains(err.Error(), "no whole answer within 50ms") {
		t.Errorf("hangs: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.SchemaVersion(ctx, uuid); !errors.Is(err, context.Canceled) || !errors.Is(err, registry.ErrAway) {
		t.Errorf("given up: %v", err)
	}
	c.o.Credentials = func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("none") }
	if _, err := c.SchemaVersion(t.Context(), uuid); !errors.Is(err, registry.ErrAway) || !strings.Contains(err.Error(), "no AWS credentials") {
		t.Errorf("without credentials: %v", err)
	}
}

func TestWrongOptions(t *testing.T) {
	for _, o := range []Options{
		{}, {Region: "Europe"}, {Region: "eu-west-1.evil.example/"}, {Region: "eu-west-1", Endpoint: "glue.example"},
		{Region: "eu-west-1", Endpoint: "https://me:s3cret@glue.example"}, {Region: "eu-west-1", Endpoint: "ftp://glue.example"},
		{Region: "eu-west-1", Endpoint: "https://glue.example/path"}, {Region: "eu-west-1", Endpoint: "https://"},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "want one such as") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for region, url := range map[string]string{
		"eu-west-1": "https://glue.eu-west-1.amazonaws.com", "cn-north-1": "https://glue.cn-north-1.amazonaws.com.cn", "us-gov-west-1": "https://glue.us-gov-west-1.amazonaws.com",
	} {
		if c, err := New(Options{Region: region}); err != nil || c.url != url {
			t.Errorf("%s: %+v, %v", region, c, err)
		}
	}
}

// TestWhatANameHas: a lookup changes nothing, and a version that Glue refused or deletes
// is none.
func TestWhatANameHas(t *testing.T) {
	f, c := start(t)
	script := func(answers ...string) {
		f.answer = func(w http.ResponseWriter) bool {
			if len(answers) == 0 {
				t.Error("asked once more")
				return false
			}
			if strings.HasSuffix(answers[0], "Exception") {
				refuse(w, http.StatusBadRequest, answers[0])
			} else {
				fmt.Fprint(w, answers[0])
			}
			answers = answers[1:]
			return true
		}
	}
	for _, tc := range []struct{ answer, uuid, fault string }{
		{`{"SchemaVersionId":"x","Status":"AVAILABLE"}`, "x", ""},
		{`{"SchemaVersionId":"x","Status":"FAILURE"}`, "", ""},
		{`{"SchemaVersionId":"x","Status":"DELETING"}`, "", ""},
		{`EntityNotFoundException`, "", ""},
		{`AccessDeniedException`, "", "glue:GetSchemaByDefinition"},
		{`{}`, "", "check the endpoint"},
	} {
		script(tc.answer)
		got, err := c.VersionOf(t.Context(), "events", `"string"`)
		if got != tc.uuid || (err == nil) != (tc.fault == "") || err != nil && !(strings.Contains(err.Error(), tc.fault) && errors.Is(err, registry.ErrAway)) {
			t.Errorf("%s: %q, %v", tc.answer, got, err)
		}
	}
	script(`{"Compatibility":"FULL"}`)
	if level, exists, err := c.Compatibility(t.Context(), "events"); level != "FULL" || !exists || err != nil {
		t.Errorf("%q, %t, %v", level, exists, err)
	}
	script(`EntityNotFoundException`)
	if level, exists, err := c.Compatibility(t.Context(), "events"); level != "" || exists || err != nil {
		t.Errorf("%q, %t, %v", level, exists, err)
	}
	script(`AccessDeniedException`)
	if _, exists, err := c.Compatibility(t.Context(), "events"); exists || !strings.Contains(fmt.Sprint(err), "glue:GetSchema") {
		t.Errorf("%t, %v", exists, err)
	}
	// Glue compares a version with those before it after it has answered.
	const waits, taken = `{"SchemaVersionId":"x","Status":"PENDING"}`, `{"SchemaVersionId":"x","Status":"AVAILABLE"}`
	script(waits, waits, taken)
	if got, err := c.RegisterVersion(t.Context(), "events", `"string"`); got != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	script(waits, `{"SchemaVersionId":"x","Status":"FAILURE"}`)
	if _, err := c.RegisterVersion(t.Context(), "events", `"string"`); !strings.Contains(fmt.Sprint(err), "not compatible") {
		t.Errorf("%v", err)
	}
	script(waits)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.RegisterVersion(ctx, "events", `"string"`); !errors.Is(err, registry.ErrAway) {
		t.Errorf("%v", err)
	}
}
