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

// oneVersion is a Glue that knows one schema of one name.
type oneVersion struct {
	name, text string
	err        error
}

const oneUUID = "01020300-0000-0000-0000-000000000000"

func (g oneVersion) SchemaVersion(_ context.Context, uuid string) (avro.Schema, error) {
	if uuid != oneUUID {
		return avro.Schema{}, &avro.SchemaError{Unknown: true, Message: "there is none"}
	}
	return avro.Schema{Type: "AVRO", Text: g.text}, g.err
}

func (g oneVersion) VersionOf(_ context.Context, name, schema string) (string, error) {
	if name != g.name || schema != g.text {
		return "", g.err
	}
	return oneUUID, g.err
}

func (g oneVersion) RegisterVersion(ctx context.Context, name, schema string) (string, error) {
	return g.VersionOf(ctx, name, schema)
}

func (g oneVersion) Compatibility(_ context.Context, name string) (string, bool, error) {
	return "BACKWARD", name == g.name, g.err
}

// TestGlueAlone: subjects are Glue's schemas of their topics, ids are unknown and never
// waited for, and a Glue that is away is a registry that is away.
func TestGlueAlone(t *testing.T) {
	g := oneVersion{name: "events", text: `"string"`}
	reg := open(t, Options{Glue: &g})
	version, err := framing.ParseUUID(framing.GlueVersion, oneUUID)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := reg.SchemaOf(t.Context(), version); err != nil || s.Text != g.text {
		t.Errorf("a version: %+v, %v", s, err)
	}
	for _, ref := range []framing.Ref{framing.RefID(7), framing.RefUUID(framing.GUID, [16]byte{1}), framing.RefNumber(framing.ApicurioID, 7), framing.RefNumber(framing.ApicurioGlobalID, 7)} {
		if _, err := reg.SchemaOf(t.Context(), ref); !isUnknown(err) || !strings.Contains(err.Error(), "--registry") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if ref, err := reg.Lookup(t.Context(), "it", "events-value", g.text); ref != version || err != nil {
		t.Errorf("looked up: %s, %v", ref, err)
	}
	if ref, err := reg.Lookup(t.Context(), "it", "others-value", g.text); ref.Kind != framing.None || err != nil {
		t.Errorf("looked up: %s, %v", ref, err)
	}
	if ref, err := reg.RegisterRef(t.Context(), "events-value", g.text); ref != version || err != nil {
		t.Errorf("registered: %s, %v", ref, err)
	}
	status, err := reg.Check(t.Context(), "events-value", []string{g.text, `"int"`})
	if err != nil || status.Subject != "events" || !status.Exists || !status.Compatible || !status.Untold || !status.Versions[0].Registered || status.Versions[1].Registered {
		t.Errorf("%+v, %v", status, err)
	}
	if status, err := reg.Check(t.Context(), "others-value", []string{g.text}); err != nil || status.Exists || status.Untold {
		t.Errorf("%+v, %v", status, err)
	}
	if _, err := reg.RegisterAvro(t.Context(), "events-value", g.text); err == nil || !strings.Contains(err.Error(), "no ids") {
		t.Errorf("an id: %v", err)
	}
	g.err = Away("it", "https://glue.example", 503, "it answers 503", nil)
	if _, err := reg.Check(t.Context(), "events-value", []string{g.text}); !errors.Is(err, ErrAway) {
		t.Errorf("away: %v", err)
	}
	if _, err := reg.Lookup(t.Context(), "it", "events-value", g.text); !errors.Is(err, ErrAway) {
		t.Errorf("away: %v", err)
	}
	for _, url := range []string{"", " "} {
		if _, err := New(Options{URL: url}); err == nil {
			t.Errorf("a client of %q, without Glue", url)
		}
	}
}
