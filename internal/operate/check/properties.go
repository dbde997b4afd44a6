package check

import (
	"slices"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/kafka/clientprops"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Properties says what happened to Kafka's own settings, and never their values. It is
// about a configuration that run refuses, too.
func Properties(from config.From) (l report.List) {
	for _, t := range from.Taken {
		l.Fine(areaConfig, t.Setting.String(), "from %s (%s)", t.Property, t.Where)
	}
	for _, t := range from.Unused {
		l.Fine(areaConfig, t.Setting.String(), "not from %s (%s): it is given under its own name", t.Property, t.Where)
	}
	for _, n := range from.Notes {
		l.Fine(areaConfig, n.Property, "skipped (%s): %s", n.Where, n.Why)
	}
	for _, t := range slices.Concat(from.Taken, from.Unused) {
		if t.Where == "-X" && clientprops.Secret(t.Property) {
			l.Look(areaConfig, "-X", "Give it in a file of properties, or by the setting's own file, and change the secret if strangers share the machine.",
				"%s is a secret on the command line, where every user of the machine can read it", t.Property)
		}
	}
	return l
}
