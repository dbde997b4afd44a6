package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

func guid(t *testing.T, text string) framing.Ref {
	t.Helper()
	ref, err := framing.ParseUUID(framing.GUID, text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestGUIDsAreAskedFor(t *testing.T) {
	fake := fakeRegistry(t)
	fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
	reg := open(t, Options{URL: fake.URL()})
	known, err := reg.status(t.Context(), "s", 1, `"string"`)
	if err != nil || known.GUID == "" {
		t.Fatalf("%+v, %v", known, err)
	}
	if s, err := reg.SchemaOf(t.Context(), guid(t, known.GUID)); err != nil || s.Text != `"string"` {
		t.Errorf("%v, %v", s, err)
	}
	_, err = reg.SchemaOf(t.Context(), guid(t, strings.Repeat("ab", 16)))
	if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || !bad.Unknown {
		t.Errorf("a GUID that is not there: %v", err)
	}
	// Apicurio's prefix does not say whose id it is: the registry's own are asked for.
	if s, err := reg.SchemaOf(t.Context(), framing.RefNumber(framing.ApicurioID, 1)); err != nil || s.Text != `"string"` {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := reg.SchemaOf(t.Context(), framing.RefUUID(framing.GlueVersion, [16]byte{1})); !strings.Contains(fmt.Sprint(err), "Glue registry") {
		t.Errorf("without Glue: %v", err)
	}
}

// TestARegistryWithoutGUIDsHolds: it answers as a wrong URL does, so that it says
// nothing about the record.
func TestARegistryWithoutGUIDsHolds(t *testing.T) {
	for _, body := range []string{"404 page not found", `{"error_code":404,"message":"HTTP 404 Not Found"}`, ""} {
		reg := open(t, Options{URL: served(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, body)
		})})
		_, err := reg.SchemaOf(t.Context(), guid(t, strings.Repeat("ab", 16)))
		if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "does not know GUIDs") || !strings.Contains(err.Error(), "ababab...") {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// TestApicuriosIdsAreAskedForInItsOwnAPI: global and content ids are numbers of two
// kinds, and its Confluent-compatible API knows one of them.
func TestApicuriosIdsAreAskedForInItsOwnAPI(t *testing.T) {
	url := served(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.RequestURI() {
		case "/registry/apis/registry/v2/ids/globalIds/7?dereference=true":
			fmt.Fprint(w, `{"type":"record","name":"G","fields":[]}`)
		case "/registry/apis/registry/v2/ids/contentIds/7?dereference=true":
			fmt.Fprint(w, `{"type":"record","name":"C","fields":[]}`)
		case "/registry/apis/registry/v2/ids/contentIds/8?dereference=true":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":404,"message":"No content with id 8","name":"ContentNotFoundException"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":404}`)
		}
	})
	reg := open(t, Options{URL: url + "/registry/apis/ccompat/v7"})
	for kind, name := range map[framing.Kind]string{framing.ApicurioGlobalID: `"G"`, framing.ApicurioContentID: `"C"`} {
		if s, err := reg.SchemaOf(context.Background(), framing.RefNumber(kind, 7)); err != nil || !strings.Contains(s.Text, name) {
			t.Errorf("%d: %v, %v", kind, s, err)
		}
	}
	_, err := reg.SchemaOf(context.Background(), framing.RefNumber(framing.ApicurioContentID, 8))
	if bad, ok := errors.AsType[*avro.SchemaError](err); !ok || !bad.Unknown {
		t.Errorf("an id that is not there: %v", err)
	}
	if _, err = reg.SchemaOf(context.Background(), framing.RefNumber(framing.ApicurioGlobalID, 8)); !errors.Is(err, ErrAway) {
		t.Errorf("a 404 that names no exception: %v", err)
	}
}
