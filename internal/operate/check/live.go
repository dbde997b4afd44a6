package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const (
	areaBrokers  = "brokers"
	areaGroup    = "group"
	areaRegistry = "registry"
)

// askTimeout bounds each question to a server: long for one that works, short for
// somebody who waits.
const askTimeout = 10 * time.Second

// Live asks the servers of a configuration. It changes nothing anywhere: topics are
// described and not written, and profiles are sent a request without an event.
type Live struct {
	Config   *pipeline.Config
	Profiles []string
	// Progress, if it is set, is told what is tried next.
	Progress func(what string)
}

// Run asks all of them, one after the other, and goes on when one is away. It ends
// early when ctx does.
func (v *Live) Run(ctx context.Context) report.List {
	var l report.List
	for _, step := range []struct {
		what string
		ask  func(context.Context, *report.List)
	}{
		{"brokers and topics", v.kafka},
		{"registry", v.registry},
		{"tokens and profiles", v.accounts},
	} {
		if ctx.Err() != nil {
			break
		}
		v.tell(step.what)
		step.ask(ctx, &l)
	}
	return l
}

func (v *Live) tell(what string) {
	if v.Progress != nil {
		v.Progress(what)
	}
}

// kafka asks the brokers about themselves, the topics and the group.
func (v *Live) kafka(ctx context.Context, l *report.List) {
	v.connected(ctx, l, func(client *kgo.Client, admin *kadm.Client, brokers int) {
		v.topics(ctx, l, client, admin, brokers)
		v.erasures(ctx, l, client, admin, brokers)
		v.group(ctx, l, admin)
	})
}

// connected asks the brokers about themselves, and goes on if they answer.
func (v *Live) connected(ctx context.Context, l *report.List, then func(client *kgo.Client, admin *kadm.Client, brokers int)) {
	subject := strings.Join(v.Config.Kafka.Brokers, ",")
	client, err := v.Config.Kafka.Connect(kgo.RetryTimeout(askTimeout/2), kgo.RequestRetries(2))
	if err != nil {
		l.Act(areaBrokers, subject, "", "%v", err)
		return
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	meta, err := admin.BrokerMetadata(asked)
	cancel()
	if err != nil {
		l.Act(areaBrokers, subject, brokersAdvice(v.Config, err), "cannot be asked: %s", foreign(err))
		return
	}
	l.Fine(areaBrokers, subject, "%d answer, cluster %s", len(meta.Brokers), redact.Line(redact.Own(meta.Cluster), 64))
	then(client, admin, len(meta.Brokers))
}

// brokersAdvice names the settings that an error is about.
func brokersAdvice(c *pipeline.Config, err error) string {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "sasl"), strings.Contains(text, "authentication"):
		return "Check the credentials against the brokers' users: " + c.Kafka.SASL.Advice() + "."
	case strings.Contains(text, "certificate"), strings.Contains(text, "tls"), strings.Contains(text, "x509"):
		return "Check --tls, --tls-ca, --tls-cert and --tls-key: the brokers' certificate must be signed by a CA that is trusted, for the name in --brokers."
	case strings.Contains(text, "eof"), strings.Contains(text, "connection reset"):
		// Some brokers hang up on a wrong password, too.
		return "The listener may want TLS or SASL where none is set, or the other way round, or other credentials: check --tls, --sasl-mechanism and --sasl-password."
	case strings.Contains(text, "no such host"), strings.Contains(text, "lookup"):
		return "Check the names in --brokers, and those that the brokers advertise."
	}
	return "Check --brokers, firewalls, and that the brokers advertise addresses that can be reached from here."
}

// foreign is what an error of the brokers' client says, which can be theirs.
func foreign(err error) string { return redact.Line(redact.Error(err), 300) }

// short is an error's text as one line of bounded length.
func short(err error) string { return redact.Line(redact.Own(err.Error()), 300) }

func (v *Live) group(ctx context.Context, l *report.List, admin *kadm.Client) {
	name := v.Config.Group
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	v.protocol(ctx, l, admin)
	g, err := describeGroup(ctx, admin, name)
	switch {
	case denied(err):
		l.Act(areaGroup, name, grantAdvice("READ, DESCRIBE", "group", name), "may not be joined")
		return
	case err != nil:
		l.Look(areaGroup, name, "Try again; if it lasts, look at the brokers' group coordinator.", "cannot be described: %s", foreign(err))
		return
	}
	if missing := lacking(g.Operations, kadm.OpRead); missing != "" {
		l.Act(areaGroup, name, grantAdvice(missing, "group", name), "may not be joined: %s is not granted", missing)
		return
	}
	switch g.State {
	case "":
		where := "oldest record"
		if v.Config.Start == consumer.StartLatest {
			where = "end of the topic"
		}
		for _, topic := range v.Config.Topics {
			others, _, err := kafka.Readers(ctx, admin, topic, name)
			if err == nil && len(others) > 0 {
				of := "the topic"
				if len(v.Config.Topics) > 1 {
					of = "topic " + topic
				}
				l.Look(areaGroup, name, "Check --group for a typing error, unless a second delivery of the whole topic is meant.",
					"new: it begins at the %s, although other groups have read %s: %s", where, of, kafka.Named(others))
				return
			}
		}
		l.Fine(areaGroup, name, "new: it begins at the %s", where)
	case "Empty":
		l.Fine(areaGroup, name, "no members now; it goes on where it was")
	default:
		protocol := consumer.ProtocolClassic
		if g.Consumer {
			protocol = consumer.ProtocolConsumer
		}
		l.Fine(areaGroup, name, "%s, %s, %s protocol", redact.Line(redact.Text(strings.ToLower(g.State)), 64), count.Of(g.Members, "member"), protocol)
	}
}

// protocol asks whether the brokers offer the protocol that members are to use.
func (v *Live) protocol(ctx context.Context, l *report.List, admin *kadm.Client) {
	const advice = "Use --group-protocol classic, or finish the brokers' upgrade to Kafka 4.0 (group.version=1, and consumer in group.coordinator.rebalance.protocols)."
	wanted := v.Config.GroupProtocol
	offered, err := kafka.Offers(ctx, admin)
	switch {
	case err != nil:
		l.Look(areaGroup, "--group-protocol", "Try again; if it lasts, look at the brokers.", "%s", foreign(err))
	case wanted == consumer.ProtocolConsumer && !offered:
		l.Act(areaGroup, "--group-protocol", advice, "the brokers do not offer the consumer protocol: members join in the classic one")
	case offered:
		l.Fine(areaGroup, "--group-protocol", "%s; the brokers offer classic and consumer", wanted)
	default:
		l.Fine(areaGroup, "--group-protocol", "%s; the brokers offer no other", wanted)
	}
}

// describeGroup waits for a coordinator that is not there yet: the first question
// about a group is what has a new cluster make the topic that they are kept in.
func describeGroup(ctx context.Context, admin *kadm.Client, name string) (kafka.Group, error) {
	for {
		g, err := kafka.DescribeGroup(ctx, admin, name)
		if !errors.Is(err, kerr.CoordinatorNotAvailable) && !errors.Is(err, kerr.CoordinatorLoadInProgress) && !errors.Is(err, kerr.NotCoordinator) {
			return g, err
		}
		if !wait.For(ctx, coordinatorPause) {
			return g, err
		}
	}
}

const coordinatorPause = 250 * time.Millisecond

// registry asks for the schemas of events and receipts.
func (v *Live) registry(ctx context.Context, l *report.List) {
	if g := v.Config.Registry.Glue; g != nil {
		glue(ctx, l, g)
	}
	registry, err := registry.New(v.Config.Registry)
	if err != nil {
		l.Act(areaRegistry, "", "", "%v", err)
		return
	}
	defer registry.Close()
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for _, topic := range v.Config.Topics {
		if !v.subject(asked, l, registry, schemas.Subject(topic)) {
			return
		}
	}
	v.receipts(asked, l, registry)
}

// subject asks for the schemas of one topic's events. It reports whether the registry
// answered.
func (v *Live) subject(ctx context.Context, l *report.List, client *registry.Client, of string) bool {
	subject := client.Name(of)
	status, err := client.Check(ctx, of, schemas.Texts())
	if err != nil {
		l.Act(areaRegistry, subject, v.registryAdvice(err), "%s", short(err))
		return false
	}
	const register = "Run amazon-capi schemas register, or have the producers' deployment do it."
	switch {
	case !status.Exists:
		l.Look(areaRegistry, subject, register, "nothing is registered: no event of the topic could be read")
	case !status.Compatible:
		l.Act(areaRegistry, subject, "See amazon-capi schemas check; producers that use the latest version cannot register it.",
			"the registry would not take our latest version: %s", redact.Line(strings.Join(status.Messages, "; "), 300))
	default:
		l.Fine(areaRegistry, subject, "%s, compatibility %s", versions(status), strings.ToLower(status.Level))
	}
	return true
}

func (v *Live) receipts(ctx context.Context, l *report.List, client *registry.Client) {
	if v.Config.ReceiptsTopic == "" {
		return
	}
	receipts := client.Name(schemas.Subject(v.Config.ReceiptsTopic))
	switch ref, err := receipt.Lookup(ctx, client, schemas.Subject(v.Config.ReceiptsTopic)); {
	case err != nil:
		l.Act(areaRegistry, receipts, v.registryAdvice(err), "%s", short(err))
	case ref.Kind == framing.None:
		l.Look(areaRegistry, receipts, "Run amazon-capi schemas register, unless run may register it by itself.", "the schema of receipts is not registered: nothing is sent before it is")
	default:
		l.Fine(areaRegistry, receipts, "receipts have %s", ref.Full())
	}
}

// glue asks for a version that does not exist: Glue answers that it has none only if it
// accepts the credentials and lets them read versions.
func glue(ctx context.Context, l *report.List, g registry.Versions) {
	asked, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_, err := g.SchemaVersion(asked, framing.RefUUID(framing.GlueVersion, [16]byte{}).UUID())
	if _, no := errors.AsType[*avro.SchemaError](err); no || err == nil {
		l.Fine(areaRegistry, "Glue", "it answers, and lets these credentials read versions")
		return
	}
	l.Act(areaRegistry, "Glue", "Check --glue-region, the AWS credentials and their right glue:GetSchemaVersion. Records with Glue's prefix wait while it is away.", "%s", short(err))
}

func versions(s registry.SubjectStatus) string {
	n := 0
	for _, v := range s.Versions {
		if v.Registered {
			n++
		}
	}
	text := fmt.Sprintf("%d of our %s", n, count.Of(len(s.Versions), "version"))
	if len(s.Foreign) > 0 {
		text += fmt.Sprintf(" and %d of others", len(s.Foreign))
	}
	return text
}

func (v *Live) registryAdvice(err error) string {
	if strings.TrimSpace(v.Config.Registry.URL) == "" {
		return "Check --glue-region, the AWS credentials and their rights glue:GetSchema and glue:GetSchemaByDefinition."
	}
	if strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "403") {
		return "Check --registry-username and --registry-password, or --registry-token with --registry-cluster and --registry-identity-pool, and that the user may read the subject."
	}
	return "Check --registry, and with https --registry-tls-ca or --tls-ca. Records with schemas not seen before wait while it is away."
}
