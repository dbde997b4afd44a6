package dlq

import (
	"errors"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

func TestRedriveOptionsCheck(t *testing.T) {
	good := RedriveOptions{Letters: "e.dlq", Group: "g", Source: "e", Quarantine: "e.dlq.quarantine", MaxRedrives: 3}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(o *RedriveOptions){
		"--topic and --dead-letter-topic: both are needed": func(o *RedriveOptions) { o.Source = "" },
		`want three different topics, got "e", "e" and`:    func(o *RedriveOptions) { o.Letters = "e" },
		"three different topics":                           func(o *RedriveOptions) { o.Quarantine = "e" },
		"--redrive-group: it has no name":                  func(o *RedriveOptions) { o.Group = "" },
		"--max-redrives: 0 is too few":                     func(o *RedriveOptions) { o.MaxRedrives = 0 },
		"--rate: -1 is not a rate":                         func(o *RedriveOptions) { o.Rate = -1 },
	} {
		o := good
		change(&o)
		if _, _, err := Decide(t.Context(), o); !errors.As(err, new(*setting.Mistake)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a mistake with %q", err, want)
		}
	}
}
