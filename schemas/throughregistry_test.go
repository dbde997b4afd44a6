package schemas

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func TestDecodeThroughARegistry(t *testing.T) {
	fake := srfake.New()
	t.Cleanup(fake.Close)
	reg := openRegistry(t, registry.Options{URL: fake.URL()})
	subject := Subject("tracklayer.events")
	done, err := reg.Register(context.Background(), subject, Texts())
	if err != nil {
		t.Fatal(err)
	}
	dec := NewDecoder(reg)
	for i, v := range Versions() {
		want := avrotest.ForVersion(v, avrotest.FullEvent())
		var got event.Event
		if err := dec.Decode(context.Background(), mustEncode(t, uint32(done[i].ID), v, want), &got); err != nil {
			t.Fatalf("version %d: %v", v, err)
		}
		if d := avrotest.Diff(want, &got); d != "" {
			t.Errorf("version %d (-want +got):\n%s", v, d)
		}
	}
	var ev event.Event
	wantCode(t, dec.Decode(context.Background(), avro.AppendHeader(nil, 4242), &ev), verdict.CodeUnknownSchema, "")
}

func TestOtherSchemaTypes(t *testing.T) {
	fake := srfake.New()
	t.Cleanup(fake.Close)
	fake.SeedSchema("j", 1, 1, sr.Schema{Type: sr.TypeJSON, Schema: `{}`})
	fake.SeedSchema("p", 1, 2, sr.Schema{Type: sr.TypeProtobuf, Schema: `syntax = "proto3";`})
	dec := NewDecoder(openRegistry(t, registry.Options{URL: fake.URL()}))
	for id := range uint32(2) {
		var ev event.Event
		wantCode(t, dec.Decode(context.Background(), avro.AppendHeader(nil, id+1), &ev), verdict.CodeNotAvro, "")
	}
	other := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"schema":"x","schemaType":"THRIFT"}`) })
	var ev event.Event
	err := NewDecoder(openRegistry(t, registry.Options{URL: other})).Decode(context.Background(), avro.AppendHeader(nil, 1), &ev)
	wantCode(t, err, verdict.CodeNotAvro, "")
}

// TestReferences has user_data in a subject of its own, with its address in
// another, used twice.
func TestReferences(t *testing.T) {
	fake := srfake.New()
	t.Cleanup(fake.Close)
	fake.SeedSchema("id", 1, 1, sr.Schema{Schema: `{"type":"fixed","name":"com.x.Country","size":2}`})
	fake.SeedSchema("user", 3, 2, sr.Schema{
		Schema:     `{"type":"record","name":"User","namespace":"com.x","fields":[{"name":"email","type":"string"},{"name":"country_code","type":"Country"}]}`,
		References: []sr.SchemaReference{{Name: "com.x.Country", Subject: "id", Version: 1}},
	})
	fake.SeedSchema("event", 1, 7, sr.Schema{
		Schema: avrotest.Record(`,{"name":"user_data","type":"com.x.User"},{"name":"origin","type":"com.x.Country"}`),
		References: []sr.SchemaReference{
			{Name: "com.x.User", Subject: "user", Version: 3}, {Name: "com.x.Country", Subject: "id", Version: 1}},
	})
	reg := openRegistry(t, registry.Options{URL: fake.URL()})
	var ev event.Event
	if err := NewDecoder(reg).Decode(context.Background(), avrotest.ValueOf(avrotest.Text("jane"), []byte("US"), []byte("CA")), &ev); err != nil {
		t.Fatal(err)
	}
	if ev.User.Email != "jane" || ev.User.CountryCode != "US" {
		t.Errorf("user %q of %q", ev.User.Email, ev.User.CountryCode)
	}
}

// TestALargeAnswerOfARegistryIsFinal: what a registry gives for an id it gives again.
// The same from what is not a registry says nothing about the record.
func TestALargeAnswerOfARegistryIsFinal(t *testing.T) {
	for contentType, final := range map[string]bool{
		"application/vnd.schemaregistry.v1+json": true, "application/json; charset=utf-8": true, "text/html": false, "application/octet-stream": false,
	} {
		url := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			fmt.Fprint(w, `{"schema":"`+strings.Repeat("x", 16<<20)+`"}`)
		})
		var ev event.Event
		err := NewDecoder(openRegistry(t, registry.Options{URL: url})).Decode(t.Context(), avro.AppendHeader(nil, 12), &ev)
		if got := errors.As(err, new(*DecodeError)); got != final || !final && !errors.Is(err, registry.ErrAway) {
			t.Errorf("%s: %v", contentType, err)
		}
	}
}

func openRegistry(t *testing.T, o registry.Options) *registry.Client {
	t.Helper()
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func answering(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}
