package registry

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

func TestParseContext(t *testing.T) {
	for name, want := range map[string]string{
		"": "", ".": "", ":.:": "", "team": ":.team:", ".team": ":.team:", ":.team:": ":.team:", ".lsrc-1_a.b": ":.lsrc-1_a.b:",
	} {
		if got, err := ParseContext(name); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"..", "../x", "a/b", "a b", "a:b", ":.team:orders", "*", "a?b", "é"} {
		if got, err := ParseContext(name); err == nil || !strings.Contains(err.Error(), ".team") {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
	if _, err := New(Options{URL: "http://localhost", Context: "a b"}); err == nil {
		t.Error("a client of it is made")
	}
}

// TestAContextHasIdsOfItsOwn: the same id is another schema in another context, and what
// a schema refers to is in its context unless the reference says another.
func TestAContextHasIdsOfItsOwn(t *testing.T) {
	var asked []string
	url := served(t, func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.URL.Path)
		switch req.URL.Path {
		case "/base/schemas/ids/7":
			fmt.Fprint(w, `{"schema":"\"int\""}`)
		case "/base/contexts/.team/schemas/ids/7":
			fmt.Fprint(w, `{"schema":"\"string\"","references":[{"name":"A","subject":"a","version":1},{"name":"B","subject":":.shared:b","version":2}]}`)
		case "/base/subjects/:.team:a/versions/1":
			fmt.Fprint(w, `{"schema":"\"bytes\"","references":[{"name":"C","subject":"c","version":3}]}`)
		case "/base/subjects/:.team:c/versions/3", "/base/subjects/:.shared:d/versions/1":
			fmt.Fprint(w, `{"schema":"\"long\""}`)
		case "/base/subjects/:.shared:b/versions/2":
			fmt.Fprint(w, `{"schema":"\"float\"","references":[{"name":"D","subject":"d","version":1}]}`)
		case "/base/schemas/guids/abababab-abab-abab-abab-abababababab":
			fmt.Fprint(w, `{"schema":"\"double\"","subject":"in-the-default-context"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":40403,"message":"not found"}`)
		}
	})
	if s, err := open(t, Options{URL: url + "/base"}).SchemaByID(t.Context(), 7); err != nil || s.Text != `"int"` {
		t.Errorf("the default context: %v, %v", s, err)
	}
	asked = nil
	team := open(t, Options{URL: url + "/base", Context: "team"})
	s, err := team.SchemaByID(t.Context(), 7)
	if err != nil || s.Text != `"string"` || !slices.Equal(s.References, []string{`"long"`, `"bytes"`, `"long"`, `"float"`}) {
		t.Errorf("%+v, %v, asked %q", s, err, asked)
	}
	if s, err := team.SchemaOf(t.Context(), guid(t, strings.Repeat("ab", 16))); err != nil || s.Text != `"double"` {
		t.Errorf("a GUID: %v, %v", s, err)
	}
	if _, err := team.SchemaByID(t.Context(), 8); !isUnknown(err) {
		t.Errorf("an id that the context does not have: %v", err)
	}
}

func isUnknown(err error) bool {
	bad, ok := errors.AsType[*avro.SchemaError](err)
	return ok && bad.Unknown
}

// TestSubjectsAreOfTheContext: what is registered is found there and nowhere else.
func TestSubjectsAreOfTheContext(t *testing.T) {
	fake := fakeRegistry(t)
	team, other := open(t, Options{URL: fake.URL(), Context: ".team"}), open(t, Options{URL: fake.URL()})
	schemas := []string{`{"type":"record","name":"R","fields":[]}`}
	done, err := team.Register(t.Context(), "events-value", schemas)
	if err != nil || len(done) != 1 {
		t.Fatalf("%v, %v", done, err)
	}
	if s, err := team.SchemaByID(t.Context(), uint32(done[0].ID)); err != nil || s.Text == "" {
		t.Errorf("%v, %v", s, err)
	}
	status, err := team.Check(t.Context(), "events-value", schemas)
	if err != nil || !status.Exists || !status.Compatible || status.Subject != ":.team:events-value" || !status.Versions[0].Registered {
		t.Errorf("%+v, %v", status, err)
	}
	if id, err := team.SchemaID(t.Context(), "it", "events-value", schemas[0]); err != nil || id != uint32(done[0].ID) {
		t.Errorf("id %d, %v", id, err)
	}
	if id, err := team.RegisterAvro(t.Context(), "more-value", schemas[0]); err != nil || id == 0 {
		t.Errorf("id %d, %v", id, err)
	}
	if status, err := other.Check(t.Context(), "events-value", schemas); err != nil || status.Exists {
		t.Errorf("in the default context: %+v, %v", status, err)
	}
	if status, err := other.Check(t.Context(), ":.team:events-value", schemas); err != nil || !status.Exists {
		t.Errorf("by its whole name: %+v, %v", status, err)
	}
	if s, err := team.SchemaOf(t.Context(), guid(t, strings.ReplaceAll(done[0].GUID, "-", ""))); err != nil || s.Text == "" {
		t.Errorf("by GUID %s: %v, %v", done[0].GUID, s, err)
	}
	fake.SeedSchema("elsewhere", 1, 99, sr.Schema{Schema: `"string"`})
	if _, err := team.SchemaByID(t.Context(), 99); !isUnknown(err) {
		t.Errorf("an id of the default context: %v", err)
	}
}
