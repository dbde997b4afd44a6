package check

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a cluster with all that a good configuration needs.
func world(t *testing.T, amazon sandbox.Options) *pipeline.Config {
	t.Helper()
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{Amazon: amazon})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	config := good()
	account := sandbox.DefaultAccount()
	config.Kafka = kafka.Settings{Brokers: c.Brokers()}
	config.Registry = registry.Options{URL: c.RegistryURL()}
	config.AmazonURL, config.TokenURL = c.AmazonURL(), c.TokenURL()
	config.ClientID, config.ClientSecret, config.RefreshToken = account.ClientID, account.ClientSecret, account.RefreshToken
	registry, err := registry.New(config.Registry)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	if _, err := registry.Register(t.Context(), schemas.Subject(config.Topics[0]), schemas.Texts()); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Register(t.Context(), registry, schemas.Subject(config.ReceiptsTopic)); err != nil {
		t.Fatal(err)
	}
	week := map[string]string{"retention.ms": "604800000", "max.message.bytes": "1000000"}
	create(t, c.Brokers(), config.Topics[0], week)
	create(t, c.Brokers(), config.DeadLetterTopic, map[string]string{"retention.ms": "-1", "max.message.bytes": "1100000"})
	create(t, c.Brokers(), config.ReceiptsTopic, week)
	return config
}

func create(t *testing.T, brokers []string, topic string, configs map[string]string, opts ...kgo.Opt) {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(brokers...))...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	values := make(map[string]*string)
	for k, v := range configs {
		values[k] = &v
	}
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), 3, -1, values, topic); err != nil {
		t.Fatal(err)
	}
}

// alter changes a setting of a topic.
func alter(t *testing.T, c *pipeline.Config, topic, key, value string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if _, err := kadm.NewClient(cl).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: &value}}, topic); err != nil {
		t.Fatal(err)
	}
}

func TestLiveAllWell(t *testing.T) {
	c := world(t, sandbox.Options{})
	var told []string
	l := wellFormed((&Live{Config: c, Profiles: []string{"1", "2"}, Progress: func(what string) { told = append(told, what) }}).Run(t.Context()))
	if l.Count(report.Fine) != len(l) || len(l) != 11 {
		t.Errorf("%+v", l)
	}
	for i, area := range []string{"brokers", "topics", "topics", "topics", "group", "group", "registry", "registry", "token", "profile", "profile"} {
		if i < len(l) && l[i].Area != area {
			t.Errorf("finding %d is of %s, want %s", i, l[i].Area, area)
		}
	}
	if len(told) != 5 {
		t.Errorf("told of %q", told)
	}
}

func TestTopicSettings(t *testing.T) {
	c := world(t, sandbox.Options{})
	for name, tc := range map[string]struct {
		topic, key, value, back string
		level                   report.Level
		want                    string
	}{
		"a compacted source":    {c.Topics[0], "cleanup.policy", "compact", "delete", report.Look, "before it is delivered"},
		"compacted letters":     {c.DeadLetterTopic, "cleanup.policy", "compact,delete", "delete", report.Act, "the older is removed"},
		"compacted receipts":    {c.ReceiptsTopic, "cleanup.policy", "compact", "delete", report.Act, "last receipt of each profile"},
		"a source of an hour":   {c.Topics[0], "retention.ms", "3600000", "604800000", report.Look, "kept for 1h0m0s only"},
		"letters of two days":   {c.DeadLetterTopic, "retention.ms", "172800000", "-1", report.Look, "kept for 2 days only"},
		"a source by its bytes": {c.Topics[0], "retention.bytes", "1000000", "-1", report.Look, "retention.bytes is 1000000"},
		"small letters":         {c.DeadLetterTopic, "max.message.bytes", "1000000", "1100000", report.Look, "without their value"},
		"too many acks":         {c.ReceiptsTopic, "min.insync.replicas", "3", "1", report.Act, "nothing can ever be written"},
	} {
		alter(t, c, tc.topic, tc.key, tc.value)
		var l report.List
		(&Live{Config: c}).kafka(t.Context(), &l)
		wellFormed(l)
		alter(t, c, tc.topic, tc.key, tc.back)
		found := messages(l, tc.level)
		if len(found) != 1 || !strings.Contains(found[0], tc.want) || l.Count(report.Fine) != len(l)-1 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestTopicsThatAreMissing(t *testing.T) {
	c := world(t, sandbox.Options{})
	c.ReceiptsTopic = "elsewhere"
	var l report.List
	(&Live{Config: c}).kafka(t.Context(), &l)
	wellFormed(l)
	if found := messages(l, report.Act); len(found) != 1 || !strings.Contains(found[0], "does not exist") {
		t.Errorf("%+v", l)
	}
	c.CreateTopics, l = true, nil
	(&Live{Config: c}).kafka(t.Context(), &l)
	wellFormed(l)
	if l.Count(report.Act) != 0 || l.Count(report.Look) != 1 {
		t.Errorf("with --create-topics: %+v", l)
	}
}

func acl(resource kmsg.ACLResourceType, name string, ops ...kmsg.ACLOperation) (all []kfake.ACL) {
	for _, op := range ops {
		all = append(all, kfake.ACL{Resource: resource, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
	}
	return all
}

// TestWhatIsNotGranted: a user that may read where it should write is told which
// operation to grant, before the first dead letter waits for it.
func TestWhatIsNotGranted(t *testing.T) {
	topic, group := kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	var acls []kfake.ACL
	for _, a := range [][]kfake.ACL{
		acl(topic, "events", kmsg.ACLOperationRead, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs),
		acl(topic, "letters", kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs),
		acl(group, "amazon-capi", kmsg.ACLOperationDescribe),
	} {
		acls = append(acls, a...)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", "root", "root"), kfake.User("PLAIN", "app", "pw", acls...))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	c := good()
	c.Kafka = kafka.Settings{Brokers: cluster.ListenAddrs(), SASL: kafka.SASLSettings{Mechanism: "PLAIN", Username: "root", Password: "root"}}
	opts, err := (&kafka.Settings{Brokers: cluster.ListenAddrs(), SASL: c.Kafka.SASL}).Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"events", "letters", "receipts"} {
		create(t, cluster.ListenAddrs(), name, nil, opts...)
	}
	join(t, cluster.ListenAddrs(), opts)
	c.Kafka.SASL.Username, c.Kafka.SASL.Password = "app", "pw"
	var l report.List
	(&Live{Config: c}).kafka(t.Context(), &l)
	wellFormed(l)
	said := make(map[string]string)
	for _, f := range l {
		if f.Level == report.Act {
			said[f.Area+" "+f.Subject] += f.Advice
		}
	}
	for what, want := range map[string]string{
		"topics letters":    "Grant the program's user WRITE on topic letters.",
		"topics receipts":   "",
		"group amazon-capi": "Grant the program's user READ on group amazon-capi.",
	} {
		if got, ok := said[what]; !ok || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	if _, ok := said["topics events"]; ok {
		t.Errorf("the source is as it should be: %+v", l)
	}

	c.Kafka.SASL.Password, l = "s3cret", nil
	(&Live{Config: c}).kafka(t.Context(), &l)
	wellFormed(l)
	if len(l) != 1 || l[0].Level != report.Act || !strings.Contains(l[0].Advice, "--sasl-password") || strings.Contains(l[0].Message, "s3cret") {
		t.Errorf("a wrong password: %+v", l)
	}
}

// join leaves a group behind, for brokers tell what may be done to one only if it
// is there.
func join(t *testing.T, brokers []string, opts []kgo.Opt) {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(brokers...))...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	offsets := make(kadm.Offsets)
	offsets.AddOffset("events", 0, 0, -1)
	if err := kadm.NewClient(cl).CommitAllOffsets(t.Context(), "amazon-capi", offsets); err != nil {
		t.Fatal(err)
	}
}

// TestACoordinatorThatComesLater: a new cluster makes one when it is first asked.
func TestACoordinatorThatComesLater(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	asked := 0
	cluster.ControlKey(int16(kmsg.DescribeGroups), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if asked++; asked > 2 {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
		g := kmsg.NewDescribeGroupsResponseGroup()
		g.Group, g.ErrorCode = "amazon-capi", kerr.CoordinatorNotAvailable.Code
		resp.Groups = append(resp.Groups, g)
		return resp, nil, true
	})
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var l report.List
	(&Live{Config: good()}).group(t.Context(), &l, kadm.NewClient(cl))
	wellFormed(l)
	if len(l) != 2 || l.Count(report.Fine) != 2 || asked < 3 {
		t.Errorf("after %d questions: %+v", asked, l)
	}
}

func TestServersThatAreAway(t *testing.T) {
	c := good()
	c.Kafka.Brokers = []string{"127.0.0.1:1"}
	c.Registry.URL, c.AmazonURL, c.TokenURL = "http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1"
	l := wellFormed((&Live{Config: c, Profiles: []string{"1"}}).Run(t.Context()))
	if l.Count(report.Act) != 3 || len(l) != 3 {
		t.Errorf("%+v", l)
	}
	for _, f := range l {
		if f.Advice == "" || strings.Contains(f.Message, "secret") {
			t.Errorf("%+v", f)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if l := (&Live{Config: c}).Run(ctx); len(l) != 0 {
		t.Errorf("cancelled: %+v", l)
	}
}

func TestRegistryWithoutSchemas(t *testing.T) {
	c := world(t, sandbox.Options{})
	c.Topics, c.ReceiptsTopic = []string{"other"}, "others"
	var l report.List
	(&Live{Config: c}).registry(t.Context(), &l)
	wellFormed(l)
	if l.Count(report.Look) != 2 || len(l) != 2 {
		t.Errorf("%+v", l)
	}
}

// TestAccounts: what the guide's troubleshooting says must be said of the answers
// that it is about.
func TestAccounts(t *testing.T) {
	status := func(code int) sandbox.Options {
		return sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{{Do: sandbox.Status, Status: code, At: sandbox.AtEvents}}}}
	}
	for name, tc := range map[string]struct {
		options sandbox.Options
		profile string
		level   report.Level
		want    string
	}{
		"a profile that is let in":   {sandbox.Options{}, "1", report.Fine, "is let in (400"},
		"an expired token, once":     {sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{{Do: sandbox.Expire, Count: 1}}}}, "1", report.Fine, "is let in"},
		"401":                        {status(401), "1", report.Act, "--refresh-token"},
		"403":                        {sandbox.Options{}, sandbox.ForbiddenProfile, report.Act, "approved for production"},
		"422":                        {status(422), "1", report.Fine, "normalised"},
		"404":                        {status(404), "1", report.Act, "region"},
		"429":                        {status(429), "1", report.Look, "later"},
		"503":                        {status(503), "1", report.Look, "later"},
		"somebody else":              {sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{{Do: sandbox.HTML, Status: 200}}}}, "1", report.Act, "--amazon-url"},
		"an account without profile": {sandbox.Options{}, "", report.Look, "--profile"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := sandbox.NewAmazon(tc.options)
			if err != nil {
				t.Fatal(err)
			}
			url, err := a.Start("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			c, account := good(), sandbox.DefaultAccount()
			c.AmazonURL, c.TokenURL = url, url+sandbox.TokenPath
			c.ClientID, c.ClientSecret, c.RefreshToken = account.ClientID, account.ClientSecret, account.RefreshToken
			live := Live{Config: c}
			if tc.profile != "" {
				live.Profiles = []string{tc.profile}
			}
			var l report.List
			live.accounts(t.Context(), &l)
			wellFormed(l)
			if len(l) != 2 || l[0].Area != "token" || l[1].Level != tc.level || !strings.Contains(l[1].Message+" "+l[1].Advice, tc.want) {
				t.Errorf("%+v", l)
			}
			if a.Stats().Taken != 0 {
				t.Error("an event was sent")
			}

			c.RefreshToken = "Atzr|revoked"
			l = nil
			live.accounts(t.Context(), &l)
			wellFormed(l)
			if len(l) != 1 || l[0].Level != report.Act || !strings.Contains(l[0].Message, "--refresh-token") || strings.Contains(l[0].Message, "revoked|") {
				t.Errorf("a revoked token: %+v", l)
			}
		})
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Hour: "1h0m0s", 72 * time.Hour: "3 days", 7 * 24 * time.Hour: "7 days"} {
		if got := spell(d); got != want {
			t.Errorf("%s is spelt %s", d, got)
		}
	}
}

// TestGroupProtocols: what is asked for, what the brokers offer, and what the group's
// members use now.
func TestGroupProtocols(t *testing.T) {
	for name, tc := range map[string]struct {
		opts   []kfake.Opt
		wanted consumer.Protocol
		member kgo.Opt // nil for none
		level  report.Level
		want   string
	}{
		"classic of both":       {nil, consumer.ProtocolClassic, nil, report.Fine, "classic; the brokers offer classic and consumer"},
		"consumer of both":      {nil, consumer.ProtocolConsumer, nil, report.Fine, "consumer; the brokers offer classic and consumer"},
		"classic of one":        {[]kfake.Opt{kfake.MaxVersions(kversion.V3_6_0())}, consumer.ProtocolClassic, nil, report.Fine, "offer no other"},
		"consumer of one":       {[]kfake.Opt{kfake.MaxVersions(kversion.V3_7_0())}, consumer.ProtocolConsumer, nil, report.Act, "do not offer the consumer protocol"},
		"members of consumer":   {nil, consumer.ProtocolClassic, kgo.ServerSideBalancer(), report.Fine, "stable, 1 member, consumer protocol"},
		"members of classic":    {nil, consumer.ProtocolConsumer, kgo.DisableAutoCommit(), report.Fine, "stable, 1 member, classic protocol"},
		"classic of old broker": {[]kfake.Opt{kfake.MaxVersions(kversion.V3_6_0())}, consumer.ProtocolClassic, kgo.DisableAutoCommit(), report.Fine, "stable, 1 member, classic protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, err := kfake.NewCluster(append(tc.opts, kfake.NumBrokers(1), kfake.SeedTopics(1, "events"))...)
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			opts := []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}
			if tc.member != nil {
				member, err := kgo.NewClient(append(opts, kgo.ConsumerGroup("amazon-capi"), kgo.ConsumeTopics("events"), kgo.Balancers(kgo.StickyBalancer()), kgo.DisableAutoCommit(), tc.member)...)
				if err != nil {
					t.Fatal(err)
				}
				defer member.Close()
				for g := cluster.GroupInfo("amazon-capi"); g == nil || g.State != "Stable"; g = cluster.GroupInfo("amazon-capi") {
					if t.Context().Err() != nil {
						t.Fatal("the member does not join")
					}
					time.Sleep(5 * time.Millisecond)
				}
			}
			cl, err := kgo.NewClient(opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer cl.Close()
			c := good()
			c.GroupProtocol = tc.wanted
			var l report.List
			(&Live{Config: c}).group(t.Context(), &l, kadm.NewClient(cl))
			wellFormed(l)
			if len(l) != 2 || !slices.ContainsFunc(l, func(f report.Finding) bool { return f.Level == tc.level && strings.Contains(f.Message, tc.want) }) {
				t.Errorf("%+v; want %q", l, tc.want)
			}
		})
	}
}
