//go:build kafka

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestARealRegistry: the embedded one takes any schema and knows no
// compatibility; what is said here of errors has to hold where users are.
func TestARealRegistry(t *testing.T) {
	_, url := servers(t)
	reg, err := registry.New(registry.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	subject := schemas.Subject(fmt.Sprintf("e2e.registry.%08x", rand.Uint32()))

	if s, err := reg.Check(t.Context(), subject, schemas.Texts()); err != nil || s.Exists {
		t.Fatalf("a subject that is not there: %+v, %v", s, err)
	}
	first, err := reg.Register(t.Context(), subject, schemas.Texts())
	if err != nil {
		t.Fatal(err)
	}
	again, err := reg.Register(t.Context(), subject, schemas.Texts())
	if err != nil || fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("registered again: %v, %v; want %v", again, err, first)
	}
	s, err := reg.Check(t.Context(), subject, schemas.Texts())
	if err != nil || !s.Exists || !s.Compatible || len(s.Foreign) != 0 {
		t.Errorf("after registering: %+v, %v", s, err)
	}
	for _, v := range s.Versions {
		if !v.Registered {
			t.Errorf("version %d is not found though it was registered", v.Version)
		}
		if ws, err := reg.SchemaByID(t.Context(), uint32(v.ID)); err != nil || ws.Text == "" {
			t.Errorf("schema of id %d: %v", v.ID, err)
		}
	}

	// An id nobody has is bad data and not an outage.
	var bad *avro.SchemaError
	if _, err := reg.SchemaByID(t.Context(), 1_999_999_999); !errors.As(err, &bad) || !bad.Unknown {
		t.Errorf("an unknown id: %v, want %s", err, verdict.CodeUnknownSchema)
	}
	// And a schema that breaks compatibility is refused.
	const broken = `{"type":"record","name":"TrackLayerEvent","namespace":"com.tracklayer.events","fields":[{"name":"event_id","type":"int"}]}`
	var refused *registry.RefusedError
	if id, err := reg.RegisterAvro(t.Context(), subject, broken); !errors.As(err, &refused) {
		t.Errorf("an incompatible schema: id %d, %v; want it refused", id, err)
	}
	// A wrong path is somebody else's 404.
	wrong, err := registry.New(registry.Options{URL: url + "/wrong"})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err := wrong.SchemaByID(t.Context(), 1); !errors.Is(err, registry.ErrAway) {
		t.Errorf("a wrong URL: %v; want the registry to be away, or every event would be bad data", err)
	}
}
