package program_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

func TestInspect(t *testing.T) {
	in, err := program.Inspect(`{"type":"record","name":"E","fields":[
		{"name":"event_id","type":"string"},
		{"name":"name_of_event","aliases":["event_name"],"type":"string"},
		{"name":"click_id","type":"null"},
		{"name":"warehouse","type":"string"},
		{"name":"custom_data","type":["null",{"type":"record","name":"C","fields":[{"name":"value","type":["null","double"]},{"name":"aisle","type":"int"}]}]}]}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"event_id", "event_name", "custom_data.value"}, in.Reads); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"warehouse"}, in.Ignores); d != "" {
		t.Error(d)
	}
	if !slices.Contains(in.Lacks, "click_id") || len(in.Reads)+len(in.Lacks) != len(event.Fields) {
		t.Errorf("lacks %q", in.Lacks)
	}
}

func TestInspectOurOwn(t *testing.T) {
	text, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if in, err := program.Inspect(text, nil); err != nil || len(in.Lacks)+len(in.Ignores) > 0 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestInspectRefuses(t *testing.T) {
	for text, code := range map[string]verdict.Code{
		`no schema`: verdict.CodeBadSchema,
		`"string"`:  verdict.CodeNotTrackLayer,
		`{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"}]}`: verdict.CodeNotTrackLayer,
	} {
		_, err := program.Inspect(text, nil)
		var bad *program.Error
		if !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
}
