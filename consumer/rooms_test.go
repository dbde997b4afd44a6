package consumer

import (
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestRoomsImportNoOther holds the consumer and its rooms to what each may know: no
// stage, and nothing of what a record holds. The ledger asks nobody, and knows nobody.
func TestRoomsImportNoOther(t *testing.T) {
	testkit.RoomsImport(t, map[string][]string{
		".":          {"consumer/assignment", "consumer/pump", "consumer/commits", "consumer/parking", "consumer/ledger", "consumer/flow", "consumer/proof", "consumer/tally", "consumer/ends", "consumer/start", "consumer/topics", "internal/verdict", "internal/health", "internal/count", "internal/crash", "internal/faultpoint", "internal/redact", "internal/setting", "internal/slicepool", "internal/wait"},
		"assignment": {"consumer/ledger", "consumer/flow", "internal/verdict"},
		"parking":    {"consumer/assignment", "consumer/ledger", "consumer/flow", "internal/crash", "internal/faultpoint", "internal/verdict", "internal/health", "internal/redact", "internal/wait"},
		"commits":    {"consumer/assignment", "consumer/flow", "internal/crash", "internal/faultpoint", "internal/health", "internal/redact", "internal/wait"},
		"pump":       {"consumer/assignment", "consumer/flow", "consumer/parking", "consumer/tally", "consumer/ends", "consumer/topics", "internal/backoff", "internal/verdict", "internal/health", "internal/wait"},
		"ends":       {"consumer/assignment", "internal/redact", "internal/setting"},
		"topics":     {"consumer/assignment"},
		"start":      {"consumer/assignment", "consumer/commits", "consumer/topics", "internal/crash", "internal/redact", "internal/wait"},
		"ledger":     {"internal/verdict"},
		"flow":       {"consumer/ledger", "internal/slicepool"},
		"tally":      {"internal/verdict"},
		"proof":      {"consumer/ledger", "internal/crash", "internal/redact", "internal/wait"},
	})
}
