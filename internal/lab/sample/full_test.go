package sample

import (
	"encoding/json"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// leaves counts what is not an object.
func leaves(v any) (n int) {
	object, ok := v.(map[string]any)
	if !ok {
		return 1
	}
	for _, of := range object {
		n += leaves(of)
	}
	return n
}

// TestFullEvents: they are of the size that figures of throughput are told for,
// and lose nothing on the way.
func TestFullEvents(t *testing.T) {
	const n = 3000
	j := newJudge(t, afterwards, transform.Options{})
	bytes := 0
	for _, s := range take(t, 1, GeneratorOptions{Full: true, Profiles: 50}, n) {
		value, err := j.encoder.Value(j.ids, &s)
		if err != nil {
			t.Fatal(err)
		}
		bytes += len(value)
		if class, code := j.class(&s); class != verdict.Accepted {
			t.Fatalf("%s: %s %s", s.EventID(), class, code)
		}
		ev := *s.Event
		ev.Custom.Attributes = nil // a fifth have one
		var doc any
		if err := json.Unmarshal(schemas.EventJSON(&ev), &doc); err != nil {
			t.Fatal(err)
		}
		if got := leaves(doc); got != 20 {
			t.Fatalf("%s has %d fields", s.EventID(), got)
		}
		if u := &ev.User; u.Email == "" && u.HashedEmail == "" || u.Phone == "" || ev.ClickID == "" || !ev.Custom.Value.IsSet() {
			t.Fatalf("%s lacks something", s.EventID())
		}
	}
	if per := bytes / n; per < 260 || per > 285 {
		t.Errorf("%d bytes a record, want about 270", per)
	}
	if j.warnings > 0 {
		t.Errorf("%d of %d lost a field", j.warnings, n)
	}
}
