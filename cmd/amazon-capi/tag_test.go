package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

func TestTagPrintsHowIDsAreShown(t *testing.T) {
	defer redact.SetEventIDs(redact.MaskIDs, nil)
	run := func(want int, args ...string) string {
		t.Helper()
		r := command(t, "", append([]string{"tag"}, args...)...)
		if r.code != want {
			t.Fatalf("%v: exit code %d\n%s", args, r.code, r.stderr)
		}
		return r.stdout + r.stderr
	}
	ids := []string{"1234567890", "jane.doe@example.com", "AEBE52E7-03EE-455A-B3C4-E57283966239"}
	plain := run(exitOK, ids...)
	for _, id := range ids {
		if !strings.Contains(plain, redact.Profile(id, false)) || !strings.Contains(plain, redact.EventID(id)) || strings.Contains(plain, id) {
			t.Errorf("%s", plain)
		}
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("a key of these processes"), 0o600); err != nil {
		t.Fatal(err)
	}
	keyed := run(exitOK, "1234567890", "--event-ids", "hash", "--event-ids-key-file", key)
	if strings.Contains(plain, strings.Fields(keyed)[len(strings.Fields(keyed))-1]) || !strings.Contains(keyed, "ev-") || !strings.Contains(keyed, redact.Profile("1234567890", false)) {
		t.Errorf("the key makes no difference:\n%s", keyed)
	}
	runExamples(t, "tag", "/run/secrets/event-id-key", key)
	if got := run(exitUsage); !strings.Contains(got, "no id is given") {
		t.Error(got)
	}
}
