package registry

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

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
// stores. A fault that passes is doubted each time, for each schema.
func TestTextsThatAreNoSchemasAreBelievedInTheEnd(t *testing.T) {
	for name, answers := range map[string][]struct {
		after time.Duration
		about string
		good  bool
		want  bool // it is believed
	}{
		"for long": {{0, "a", false, false}, {time.Minute, "a", false, false}, {doubtFor - time.Minute, "a", false, true}, {time.Second, "a", false, true},
			{30 * time.Minute, "a", false, true}, {doubtAgain - 1, "a", false, true}, {doubtAgain, "a", false, false}, {doubtFor, "a", false, true}},
		"a second fault within the hour": {{0, "a", false, false}, {doubtFor + 1, "a", false, false}, {doubtFor - 1, "a", false, false}, {1, "a", false, true}},
		"good in between":                {{0, "a", false, false}, {time.Minute, "a", true, true}, {doubtFor - time.Minute, "a", false, false}, {doubtFor, "a", false, true}},
		"good after it was believed":     {{0, "a", false, false}, {doubtFor, "a", false, true}, {0, "a", true, true}, {time.Minute, "a", false, false}},
		"good for another":               {{0, "a", false, false}, {doubtFor, "b", true, true}, {0, "a", false, true}},
		"of another":                     {{0, "a", false, false}, {doubtFor, "a", false, true}, {time.Second, "b", false, false}, {doubtFor, "b", false, true}},
	} {
		var d doubts
		now := time.Now()
		for i, c := range answers {
			now = now.Add(c.after)
			got := c.good
			if c.good {
				d.end(c.about)
			} else {
				got, _ = d.believe(c.about, now)
			}
			if got != c.want {
				t.Errorf("%s: %d: believed %v, want %v", name, i, got, c.want)
			}
		}
	}
	// Then it is a schema that cannot be read.
	var good atomic.Bool
	reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, _ *http.Request) {
		if good.Load() {
			fmt.Fprint(w, `{"schema":"\"int\""}`)
			return
		}
		fmt.Fprint(w, `{"schema":"{"}`)
	})})
	const question = "/schemas/ids/12"
	reg.doubts.believe(question, time.Now().Add(-doubtFor))
	reg.doubts.believe(question, time.Now().Add(-time.Minute))
	s, err := reg.SchemaByID(t.Context(), 12)
	if _, _, bad := avro.ParseSchema(&s); err != nil || bad == nil {
		t.Errorf("%v, %v", err, bad)
	}
	if _, err := reg.SchemaByID(t.Context(), 13); !errors.Is(err, ErrAway) {
		t.Errorf("another id's text is believed at once: %v", err)
	}
	good.Store(true)
	if _, err := reg.SchemaByID(t.Context(), 12); err != nil || reg.doubts.of[question] != nil {
		t.Errorf("a good answer does not end the doubt: %v", err)
	}
}

// TestDoubtsAreBounded: any number of such texts takes little memory, and what is asked
// for again and again is still believed in the end.
func TestDoubtsAreBounded(t *testing.T) {
	var d doubts
	now := time.Now()
	for i := range 10 * maxDoubts {
		now = now.Add(time.Second)
		if believed, _ := d.believe("a", now); believed != (i >= int(doubtFor/time.Second)) {
			t.Fatalf("%d: believed %v", i, believed)
		}
		d.believe(fmt.Sprint(i), now)
	}
	if len(d.of) > maxDoubts {
		t.Errorf("%d are remembered", len(d.of))
	}
}

// TestASubjectByAnotherNameIsBelievedInTheEnd: a registry may have aliases of subjects, or
// spell them in another way. It is logged once, and one wait is enough for all that a
// schema refers to. Another version stays an answer about something else.
func TestASubjectByAnotherNameIsBelievedInTheEnd(t *testing.T) {
	var log bytes.Buffer
	var version atomic.Int32
	version.Store(1)
	reg := open(t, Options{Log: zerolog.New(&log), URL: served(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/ids/"):
			fmt.Fprint(w, `{"schema":"\"string\"","references":[{"name":"c","subject":"C","version":1},{"name":"a","subject":"a","version":1},{"name":"b","subject":"b","version":1}]}`)
		case strings.Contains(r.URL.Path, "/subjects/C/"):
			fmt.Fprint(w, `{"subject":"c","version":1,"schema":"\"int\""}`)
		case strings.Contains(r.URL.Path, "/subjects/a/"):
			fmt.Fprint(w, `{"subject":"a","version":1,"schema":"\"int\""}`)
		default:
			fmt.Fprintf(w, `{"subject":"b-of-team","version":%d,"schema":"\"int\""}`, version.Load())
		}
	})})
	const question = "schema id 12 and what it refers to"
	if _, err := reg.SchemaByID(t.Context(), 12); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "another subject") {
		t.Fatalf("at first: %v", err)
	}
	if reg.doubts.of[question] == nil {
		t.Fatal("it is not in doubt")
	}
	reg.doubts.of[question].first = time.Now().Add(-doubtFor)
	for range 3 {
		if s, err := reg.SchemaByID(t.Context(), 12); err != nil || len(s.References) != 3 {
			t.Fatalf("after %s: %+v, %v", doubtFor, s, err)
		}
	}
	if n := strings.Count(log.String(), "is believed"); n != 1 || !strings.Contains(log.String(), question) {
		t.Errorf("logged %d times, want once: %s", n, log.String())
	}
	version.Store(2)
	if _, err := reg.SchemaByID(t.Context(), 12); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
}

// TestAnAliasIsBelievedAtOnce: a registry that is configured to know a subject by another
// name, as Confluent's can be, gives the subject itself. Records do not wait for that, not
// even after a restart; but they do if the alias is of another subject than the answer's.
func TestAnAliasIsBelievedAtOnce(t *testing.T) {
	for config, believed := range map[string]bool{
		`{"alias":"c-of-team","compatibilityLevel":"FULL"}`: true,
		`{"alias":":.team:c-of-team"}`:                      true,
		`{"alias":"d"}`:                                     false,
		`{"alias":""}`:                                      false,
		`{"compatibilityLevel":"FULL"}`:                     false,
		`{"alias":7}`:                                       false,
		``:                                                  false,
	} {
		reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/schemas/ids/12":
				fmt.Fprint(w, `{"schema":"\"string\"","references":[{"name":"c","subject":"c/d","version":1}]}`)
			case "/subjects/c/d/versions/1":
				fmt.Fprint(w, `{"subject":"c-of-team","version":1,"schema":"\"int\""}`)
			case "/config/c/d":
				if config == "" {
					w.WriteHeader(http.StatusForbidden)
				}
				fmt.Fprint(w, config)
			default:
				t.Errorf("asked for %s", r.URL.Path)
			}
		})})
		s, err := reg.SchemaByID(t.Context(), 12)
		if believed && (err != nil || len(s.References) != 1 || len(reg.doubts.of) > 0) {
			t.Errorf("%s: %+v, %v", config, s, err)
		}
		if !believed && (!errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "another subject")) {
			t.Errorf("%s: %+v, %v", config, s, err)
		}
	}
}
