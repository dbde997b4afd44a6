package check

import (
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/sink"
)

const areaConfig = "configuration"

// Given is how a configuration was given, apart from its values.
type Given struct {
	Args       []string // of the command line
	SecretArgs []string // names of the flags that hold secrets
	ConfigFile string   // of --config; empty for none
	Warnings   []string // warnings while secrets were read
}

// Config looks for settings that are allowed but rarely intended.
func Config(c *pipeline.Config, g Given) (l report.List) {
	secrets(&l, g)
	transport(&l, c)
	delivery(&l, c)
	limits(&l, c)
	if len(l) == 0 {
		l.Fine(areaConfig, "", "nothing stands out")
	}
	return l
}

func secrets(l *report.List, g Given) {
	for _, name := range g.SecretArgs {
		for _, arg := range g.Args {
			if arg == "--"+name || strings.HasPrefix(arg, "--"+name+"=") {
				l.Look(areaConfig, "--"+name, "Give it by --"+name+"-file or in the environment, and change the secret if strangers share the machine.",
					"a secret on the command line, where every user of the machine can read it")
				break
			}
		}
	}
	for _, w := range g.Warnings {
		l.Look(areaConfig, "", "Let only the program's user read the file, and change the secret if others could.", "%s", w)
	}
	if g.ConfigFile == "" {
		return
	}
	text, err := textfile.Read(g.ConfigFile)
	info, statErr := os.Stat(g.ConfigFile)
	if err != nil || statErr != nil || info.Mode().Perm()&0o007 == 0 {
		return
	}
	for _, name := range g.SecretArgs {
		if strings.HasPrefix(string(text), name+":") || strings.Contains(string(text), "\n"+name+":") {
			l.Look(areaConfig, "--config", "Keep secrets in files of their own (NAME-file), or let only the program's user read this one.",
				"%s holds %s and may be read by everybody on this machine", g.ConfigFile, name)
		}
	}
}

// transport looks for secrets and events that would travel unencrypted.
func transport(l *report.List, c *pipeline.Config) {
	if c.AmazonURL != "" && inTheClear(c.AmazonURL) {
		l.Look(areaConfig, "--amazon-url", "Use https for anything but a sandbox.", "access tokens and events travel unencrypted")
	}
	if c.Registry.Password != "" || c.Registry.Bearer != nil {
		for u := range strings.SplitSeq(c.Registry.URL, ",") {
			if inTheClear(strings.TrimSpace(u)) {
				l.Look(areaConfig, "--registry", "Use https.", "the registry's password or token travels unencrypted")
				break
			}
		}
	}
	if tls, err := c.Kafka.TLS.Config(); err == nil && tls == nil && c.Kafka.SASL.Mechanism != "" && !c.Kafka.SASL.NeedsTLS() {
		what := "events and their identifiers travel unencrypted"
		if c.Kafka.SASL.SendsSecret() {
			what = "the password, events and their identifiers travel unencrypted"
		}
		l.Look(areaConfig, "--sasl-mechanism", "Add --tls.", "%s", what)
	}
	if c.Kafka.TLS.AnyHost {
		l.Look(areaConfig, "--tls-any-host", "Have the brokers' certificates made for the names in --brokers, and leave it out.",
			"whoever has any certificate of a trusted CA can pass for a broker")
	}
	if len(c.Kafka.Brokers) == 1 && !loopback(hostOf(c.Kafka.Brokers[0])) {
		l.Look(areaConfig, "--brokers", "Name two or three brokers, or an address that stands for all.",
			"one broker only: while it is away the program cannot start")
	}
}

// inTheClear reports whether a URL leaves the machine without encryption.
func inTheClear(raw string) bool {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && !loopback(u.Hostname())
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// delivery looks at settings that decide how events end.
func delivery(l *report.List, c *pipeline.Config) {
	if c.OnExhausted == sink.DeadLetterExhausted {
		l.Look(areaConfig, "--on-exhausted", "Use hold, unless later events matter more than these; redrive the letters after each outage.",
			"an outage of Amazon makes dead letters of events that have nothing wrong with them")
	}
	if c.AuthHold < 0 {
		l.Look(areaConfig, "--auth-hold", "Give a profile the time in which somebody can fix its access.",
			"the first 403 makes dead letters of a profile's events")
	}
	if c.Guard.Off() && c.ResumeFile != "" {
		l.Look(areaConfig, "--dead-letter-guard-resume", "Turn the guard on with --dead-letter-guard on, or leave the file out.",
			"the file resumes nothing: --dead-letter-guard is off, and holds nothing")
	}
	if c.ReceiptsTopic == "" {
		l.Look(areaConfig, "--receipts-topic", "Name a topic.", "no receipts: what happened to the events cannot be reconciled later")
	}
	if c.Start == consumer.StartLatest {
		l.Look(areaConfig, "--start", "Use earliest, unless what is in the topic now has been delivered by other means.",
			"what was published before the group's first commit is never sent")
	}
	if c.Profile && c.Listen != "" && !loopback(hostOf(c.Listen)) {
		l.Look(areaConfig, "--pprof", "Serve them on 127.0.0.1 with --listen, or only while they are needed.",
			"whoever reaches %s can have the process profiled, without a password", c.Listen)
	}
	if c.Listen == "" {
		l.Look(areaConfig, "--listen", "Name an address.", "no metrics and no health: an orchestrator cannot tell whether it works")
	}
}

// kubernetesGrace is the default time for a pod to end.
const kubernetesGrace = 30 * time.Second

// limits looks for settings that conflict.
func limits(l *report.List, c *pipeline.Config) {
	if c.Drain > kubernetesGrace-2*time.Second {
		l.Look(areaConfig, "--drain", "Set terminationGracePeriodSeconds above it, or make it shorter.",
			"%s is longer than the 30s that Kubernetes gives a pod to end; what is cut off is sent again", c.Drain)
	}
	if c.MaxInFlightEvents < c.BatchEvents {
		l.Look(areaConfig, "--max-in-flight-events", "Raise it to several times --batch-events.",
			"%d is fewer than the %d of a batch: no request is ever full", c.MaxInFlightEvents, c.BatchEvents)
	}
	if c.MaxInFlightBytes < int64(2*c.BatchBytes) {
		l.Look(areaConfig, "--max-in-flight-bytes", "Raise it to many times --batch-bytes.",
			"%s hold hardly a request of %d", count.Of(c.MaxInFlightBytes, "byte"), c.BatchBytes)
	}
	if classic := c.GroupProtocol == consumer.ProtocolClassic; classic && c.SessionTimeout < 6*time.Second || classic && c.SessionTimeout > 30*time.Minute {
		l.Look(areaConfig, "--session-timeout", "Keep between 6s and 30m, unless the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms say otherwise.",
			"%s is outside what brokers allow by default, and they refuse the member", c.SessionTimeout)
	}
	if c.Linger > c.SessionTimeout {
		l.Look(areaConfig, "--linger", "A second or a few; longer makes conversions late and batches no better.", "events wait %s for others", c.Linger)
	}
}
