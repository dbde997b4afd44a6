package check

import (
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/kafka/clientprops"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// properties says what became of Kafka's own settings, and never their values.
func properties(l *report.List, from *config.From) {
	if len(from.Taken) > 0 {
		l.Fine(areaConfig, setting.KafkaProperties.String(), "taken: %s", listed(from.Taken))
	}
	if len(from.Unused) > 0 {
		l.Fine(areaConfig, setting.KafkaProperties.String(), "not taken, since the setting is given under its own name: %s", listed(from.Unused))
	}
	for _, n := range from.Notes {
		l.Fine(areaConfig, setting.KafkaProperties.String(), "passed over: %s (%s): %s", n.Property, n.Where, n.Why)
	}
	for _, t := range append(from.Taken, from.Unused...) {
		if t.Where == "-X" && clientprops.Secret(t.Property) {
			l.Look(areaConfig, "-X", "Give it in a file of properties, or by the setting's own file, and change the secret if strangers share the machine.",
				"%s is a secret on the command line, where every user of the machine can read it", t.Property)
		}
	}
}

// listed lists properties with the settings that they are.
func listed(taken []clientprops.Taken) string {
	parts := make([]string, len(taken))
	for i, t := range taken {
		parts[i] = fmt.Sprintf("%s from %s (%s)", t.Setting, t.Property, t.Where)
	}
	return strings.Join(parts, ", ")
}
