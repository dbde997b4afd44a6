package transform

import (
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestRoomsImportNoOther holds the transform to what it may know: the event, and neither
// where it came from nor where it goes.
func TestRoomsImportNoOther(t *testing.T) {
	testkit.RoomsImport(t, map[string][]string{
		".":         {"schemas", "transform/address", "transform/condition", "transform/iso", "transform/phone", "internal/ascii", "internal/count", "internal/redact", "internal/setting", "internal/verdict", "internal/yamlfile"},
		"condition": {"schemas", "internal/redact"},
		"address":   {},
		"iso":       {"internal/ascii"},
		"phone":     {"internal/ascii"},
	})
}
