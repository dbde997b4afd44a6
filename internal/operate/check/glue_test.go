package check

import (
	"context"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// answers stands in for Glue.
type answers struct {
	registry.Versions
	err error
}

func (a answers) SchemaVersion(context.Context, string) (avro.Schema, error) {
	return avro.Schema{}, a.err
}

func TestGlueIsTried(t *testing.T) {
	away := registry.Away("a version", "https://glue.example", 400, "it answers 400 AccessDeniedException", nil)
	for name, c := range map[string]struct {
		err   error
		level report.Level
		says  string
	}{
		"there is none": {&avro.SchemaError{Unknown: true, Message: "none"}, report.Fine, "it answers"},
		"there is one":  {nil, report.Fine, "it answers"},
		"no rights":     {away, report.Act, "AccessDeniedException"},
	} {
		var l report.List
		glue(t.Context(), &l, answers{err: c.err})
		found := messages(l, c.level)
		if len(l) != 1 || len(found) != 1 || !strings.Contains(found[0], c.says) {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
