package schemas

import (
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestRoomsImportNoOther holds the decoder's rooms to what each may know: what reads a
// record knows no registry, and what an event has knows nothing of how it is read.
func TestRoomsImportNoOther(t *testing.T) {
	testkit.RoomsImport(t, map[string][]string{
		".":             {"schemas/avro", "schemas/decimal", "schemas/event", "schemas/framing", "schemas/program", "schemas/registry", "internal/count", "internal/crash", "internal/instant", "internal/redact", "internal/verdict"},
		"program":       {"schemas/avro", "schemas/decimal", "schemas/event", "internal/ascii", "internal/instant", "internal/redact", "internal/verdict"},
		"event":         {"schemas/decimal", "internal/redact", "internal/verdict"},
		"decimal":       {"schemas/avro"},
		"avro":          {"internal/count", "internal/textfile"},
		"framing":       {"schemas/avro", "internal/count"},
		"registry":      {"schemas/avro", "schemas/framing", "internal/bearer", "internal/redact", "internal/setting", "internal/web"},
		"registry/glue": {"schemas/avro", "schemas/registry", "internal/redact", "internal/wait", "internal/web"},
		"receipt":       {"schemas/avro", "schemas/framing", "internal/count", "internal/redact", "internal/verdict"},
	})
}
