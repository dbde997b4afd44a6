package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// judge says what the program makes of a sample, stage by stage and one event
// at a time: the same decoder, transform, encoding and sandbox Amazon as in a
// run, without the machinery between them.
type judge struct {
	t           *testing.T
	now         time.Time
	ids         IDs
	encoder     *Encoder
	decoder     *schemas.Decoder
	transformer *transform.Transformer
	contract    amazon.Contract
	amazon      *sandbox.Amazon
	token       string

	warnings, sent int
}

func newJudge(t *testing.T, now time.Time, o transform.Options) *judge {
	t.Helper()
	j := &judge{t: t, now: now, ids: LocalIDs()}
	var err error
	if j.encoder, err = NewEncoder(); err != nil {
		t.Fatal(err)
	}
	if j.transformer, err = transform.New(o); err != nil {
		t.Fatal(err)
	}
	if j.contract, err = amazon.ContractByName(amazon.ContractNames()[0]); err != nil {
		t.Fatal(err)
	}
	if j.amazon, err = sandbox.NewAmazon(sandbox.Options{Now: func() time.Time { return now }}); err != nil {
		t.Fatal(err)
	}
	j.decoder = schemas.NewDecoder(j.ids)
	j.token = j.askToken()
	return j
}

func (j *judge) askToken() string {
	a := sandbox.DefaultAccount()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}}
	r := httptest.NewRequest(http.MethodPost, sandbox.TokenPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	j.amazon.ServeHTTP(w, r)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || token.AccessToken == "" {
		j.t.Fatalf("no token: status %d", w.Code)
	}
	return token.AccessToken
}

// class returns the sample's class and, where a rule of ours decided, its code.
func (j *judge) class(s *Sample) (verdict.Class, string) {
	j.t.Helper()
	value, err := j.encoder.Value(j.ids, s)
	if err != nil {
		j.t.Fatalf("encoding %q: %v", s.EventID(), err)
	}
	var ev schemas.Event
	if err := j.decoder.Decode(context.Background(), value, &ev); err != nil {
		var bad *schemas.DecodeError
		if !errors.As(err, &bad) {
			j.t.Fatalf("decoding %q: %v", s.EventID(), err)
		}
		return verdict.Decode, bad.Code.String()
	}
	var c transform.Conversion
	if reason, ok := j.transformer.Transform(&ev, j.now, &c); !ok {
		return reason.Class, reason.Code
	}
	if why := amazon.Refusal(j.contract, &c, j.now); why != nil {
		return why.Class, why.Code
	}
	j.sent++
	if c.Warnings != 0 {
		j.warnings++
	}
	return j.send(&c), ""
}

func (j *judge) send(c *transform.Conversion) verdict.Class {
	f := j.contract.Frame()
	body := append(j.contract.AppendEvent([]byte(f.Open), c), f.Close...)
	r := httptest.NewRequest(http.MethodPost, j.contract.Path(), bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+j.token)
	r.Header.Set("Amazon-Advertising-API-ClientId", sandbox.DefaultAccount().ClientID)
	r.Header.Set("Amazon-Advertising-API-Scope", c.ProfileID)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	j.amazon.ServeHTTP(w, r)
	switch w.Code {
	case http.StatusOK:
		return verdict.Accepted
	case http.StatusUnauthorized, http.StatusForbidden:
		return verdict.Auth
	}
	return verdict.Rejected
}
