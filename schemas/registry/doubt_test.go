package registry

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// TestAnAnswerAboutSomethingElse: an answer that says that it is about another schema
// than was asked for says nothing about the records; one that does not say is taken.
func TestAnAnswerAboutSomethingElse(t *testing.T) {
	of := strings.Repeat("ab", 16)
	for body, want := range map[string]string{
		`{"schema":"\"string\""}`:                                                       "",
		`{"schema":"\"string\"","id":12}`:                                               "",
		`{"schema":"\"string\"","id":"twelve"}`:                                         "",
		`{"schema":"\"string\"","id":13}`:                                               "about schema id 13",
		`{"schema":"\"string\"","id":12,"guid":"x"}`:                                    "",
		`{"schema":"syntax = \"proto3\"","schemaType":"PROTOBUF"}`:                      "",
		`{"schema":"{\"type\":\"reco"}`:                                                 "not JSON",
		`{"schema":"<html>"}`:                                                           "not JSON",
		`{"schema":"\"string\"","references":[{"name":"a","subject":"b","version":2}]}`: "about version 3",
		`{"schema":"\"string\"","references":[{"name":"a","subject":"c","version":1}]}`: "about another subject",
		`{"schema":"\"string\"","references":[{"name":"a","subject":"d","version":1}]}`: "",
	} {
		reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/ids/12"):
				fmt.Fprint(w, body)
			case strings.Contains(r.URL.Path, "/subjects/b/"):
				fmt.Fprint(w, `{"subject":"b","version":3,"schema":"\"int\""}`)
			case strings.Contains(r.URL.Path, "/subjects/d/"):
				fmt.Fprint(w, `{"subject":":.team:d","version":"1","schema":"\"int\""}`)
			default:
				fmt.Fprint(w, `{"subject":"x","version":1,"schema":"\"int\""}`)
			}
		})})
		_, err := reg.SchemaByID(t.Context(), 12)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrAway) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"schema":"\"string\"","guid":"ABABABAB-abab-abab-abab-abababababab","id":7}`)
	})})
	if _, err := reg.SchemaOf(t.Context(), guid(t, of)); err != nil {
		t.Errorf("the GUID in capitals: %v", err)
	}
	if _, err := reg.SchemaOf(t.Context(), guid(t, strings.Repeat("cd", 16))); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "another GUID") {
		t.Errorf("another GUID: %v", err)
	}
	if _, err := reg.SchemaOf(t.Context(), framing.RefNumber(framing.ApicurioID, 9)); err != nil {
		t.Errorf("Apicurio's ids are not compared: %v", err)
	}
}

// TestTheNextRegistryIsAsked: a copy that answers about something else is passed over.
func TestTheNextRegistryIsAsked(t *testing.T) {
	answers := func(body string) string {
		return served(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	reg := open(t, Options{URL: answers(`{"schema":"\"int\"","id":3}`) + "," + answers(`{"schema":"{"}`) + "," + answers(`{"schema":"\"string\"","id":12}`)})
	if s, err := reg.SchemaByID(t.Context(), 12); err != nil || s.Text != `"string"` {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestTextsThatAreNoSchemasAreBelievedInTheEnd: for a registry that does not check what it
// stores. Records that name any number of such texts hold partitions for minutes in all.
func TestTextsThatAreNoSchemasAreBelievedInTheEnd(t *testing.T) {
	var d doubt
	now := time.Now()
	doubted := func(after time.Duration) bool {
		now = now.Add(after)
		return d.check(&schemaAnswer{Schema: "{"}, now) != nil
	}
	for i, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, true}, {doubtFor - time.Minute, false}, {time.Second, false}, {30 * time.Minute, false}, {doubtAgain - 1, false}, {doubtAgain, true}, {doubtFor, false}} {
		if got := doubted(c.after); got != c.want {
			t.Errorf("%d: doubted %v, want %v", i, got, c.want)
		}
	}
	if err := d.check(&schemaAnswer{Schema: `"int"`}, now); err != nil {
		t.Error(err)
	}
	// Then it is a schema that cannot be read.
	reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"schema":"{"}`) })})
	reg.doubt.first, reg.doubt.last = time.Now().Add(-doubtFor), time.Now()
	s, err := reg.SchemaByID(t.Context(), 12)
	if _, _, bad := avro.ParseSchema(&s); err != nil || bad == nil {
		t.Errorf("%v, %v", err, bad)
	}
}
