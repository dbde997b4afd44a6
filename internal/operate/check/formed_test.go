package check

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

var (
	areas    = []string{areaAccounts, areaConfig, areaMapping, areaSchemas, areaBrokers, areaGroup, areaRegistry, areaToken, areaProfile, areaTopics}
	sentence = regexp.MustCompile(`^([A-Z]|run ).*(\.|without [^ ]+)$`)
	granted  = regexp.MustCompile(`^Grant the program's user [A-Z_]+(, [A-Z_]+)* on (topic|group) [^ ]+\.$`)
)

// wellFormed returns the findings as they are, and panics at one whose parts are not in
// their places. The tests see all their findings through it.
func wellFormed(l report.List) report.List {
	for _, f := range l {
		switch {
		case !slices.Contains(areas, f.Area), slices.Contains(areas, f.Subject):
			panic(fmt.Sprintf("no area, or one for a subject: %+v", f))
		case strings.Contains(f.Message, "%!"), strings.Contains(f.Subject, "; "), strings.HasSuffix(f.Subject, "."):
			panic(fmt.Sprintf("parts of a finding in each other's places: %+v", f))
		case f.Message == "", f.Message[0] >= 'A' && f.Message[0] <= 'Z' && strings.HasSuffix(f.Message, "."):
			panic(fmt.Sprintf("no message, or advice in its place: %+v", f))
		case f.Advice != "" && !sentence.MatchString(f.Advice):
			panic(fmt.Sprintf("advice that is no sentence: %+v", f))
		case strings.HasPrefix(f.Advice, "Grant") && !granted.MatchString(f.Advice):
			panic(fmt.Sprintf("advice that grants nothing: %+v", f))
		}
	}
	return l
}

// TestGroupsBeforeTheyRun: one that has stopped, one that nobody knows, and one whose
// coordinator cannot be asked.
func TestGroupsBeforeTheyRun(t *testing.T) {
	c := world(t, sandbox.Options{})
	groups := func() (said []string) {
		var l report.List
		(&Live{Config: c}).kafka(t.Context(), &l)
		for _, f := range wellFormed(l) {
			if f.Area == areaGroup && f.Subject == c.Group {
				said = append(said, fmt.Sprintf("%v: %s", f.Level, f.Message))
			}
		}
		return said
	}
	want := func(what string, texts ...string) {
		t.Helper()
		if got := groups(); !slices.Equal(got, texts) {
			t.Errorf("%s: %q, want %q", what, got, texts)
		}
	}
	want("new", "fine: new: it begins at the oldest record")
	cl, err := c.Kafka.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	opts, err := c.Kafka.Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	join(t, c.Kafka.Brokers, opts)
	want("stopped", "fine: no members now; it goes on where it was")
	c.Group = "amazon-cpai"
	want("misspelt", "look: new: it begins at the oldest record, although other groups have read the topic: amazon-capi")
	c.Topics = append(c.Topics, "more")
	want("misspelt, of two topics", "look: new: it begins at the oldest record, although other groups have read topic events: amazon-capi")
}

// TestCoordinatorsThatCannotBeAsked are no reason to stop, and are said.
func TestCoordinatorsThatCannotBeAsked(t *testing.T) {
	for _, tc := range []struct {
		err  *kerr.Error
		want string
	}{
		{kerr.GroupAuthorizationFailed, "act: may not be joined"},
		{kerr.InvalidGroupID, "look: cannot be described: INVALID_GROUP_ID"},
	} {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
		if err != nil {
			t.Fatal(err)
		}
		cluster.ControlKey(int16(kmsg.DescribeGroups), func(req kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
			g := kmsg.NewDescribeGroupsResponseGroup()
			g.Group, g.ErrorCode = "amazon-capi", tc.err.Code
			resp.Groups = append(resp.Groups, g)
			return resp, nil, true
		})
		c := good()
		c.Kafka = kafka.Settings{Brokers: cluster.ListenAddrs()}
		var l report.List
		(&Live{Config: c}).kafka(t.Context(), &l)
		if got := levels(l); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, tc.want) }) {
			t.Errorf("%v: %q, want %q", tc.err, got, tc.want)
		}
		cluster.Close()
	}
}

// TestTopicsThatCannotBeDescribed: brokers that answer with an error, about each topic of
// the program and the list of erased events.
func TestTopicsThatCannotBeDescribed(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		m := req.(*kmsg.MetadataRequest)
		if len(m.Topics) != 1 {
			return nil, nil, false
		}
		resp := m.ResponseKind().(*kmsg.MetadataResponse)
		rt := kmsg.NewMetadataResponseTopic()
		rt.Topic, rt.ErrorCode = m.Topics[0].Topic, kerr.InvalidTopicException.Code
		resp.Topics = append(resp.Topics, rt)
		return resp, nil, true
	})
	c := good()
	c.Kafka, c.ErasureTopic = kafka.Settings{Brokers: cluster.ListenAddrs()}, "erased"
	var l report.List
	(&Live{Config: c}).kafka(t.Context(), &l)
	for topic, flag := range map[string]string{"events": "--topic", "letters": "--dead-letter-topic", "receipts": "--receipts-topic", "erased": "--erasure-topic"} {
		if !slices.ContainsFunc(wellFormed(l), func(f report.Finding) bool {
			return f.Level == report.Act && f.Subject == topic && strings.HasPrefix(f.Message, "cannot be described ("+flag+"): INVALID_TOPIC_EXCEPTION")
		}) {
			t.Errorf("%s is not said to be what cannot be described: %+v", topic, l)
		}
	}
}

func TestVersionsThatAreRegistered(t *testing.T) {
	yes, no := registry.VersionStatus{Registered: true}, registry.VersionStatus{}
	for want, s := range map[string]registry.SubjectStatus{
		"0 of our 1 version":                 {Versions: []registry.VersionStatus{no}},
		"1 of our 2 versions":                {Versions: []registry.VersionStatus{no, yes}},
		"1 of our 1 version and 2 of others": {Versions: []registry.VersionStatus{yes}, Foreign: []int{4, 5}},
	} {
		if got := versions(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAnswersToARequestWithoutEvents: what each says, and what it leaves open.
func TestAnswersToARequestWithoutEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		kind amazon.Kind
		why  verdict.Reason
		want string
	}{
		"401":           {amazon.Unauthenticated, verdict.Reason{Status: 401}, "act: is not let in: 401"},
		"403":           {amazon.Forbidden, verdict.Reason{Status: 403, Message: "no"}, "act: is not let in: 403: no"},
		"404":           {amazon.RefusedWhole, verdict.Reason{Status: 404, Code: "NOT_FOUND", Message: "no profile"}, "act: is not known: 404 NOT_FOUND: no profile"},
		"400":           {amazon.RefusedWhole, verdict.Reason{Status: 400}, "fine: is let in (400 to a request without events)"},
		"207":           {amazon.Itemised, verdict.Reason{Status: 207}, "fine: is let in (207 to a request without events)"},
		"429":           {amazon.Failed, verdict.Reason{Status: 429, Code: "slow"}, "look: could not be tried: 429 slow"},
		"no connection": {amazon.Failed, verdict.Reason{Message: "it is away"}, "look: could not be tried: it is away"},
	} {
		var reply exchange.Reply
		reply.Kind, reply.Reason = tc.kind, tc.why
		var l report.List
		judgeProfile(&l, "1", &reply)
		if got := levels(l); len(got) != 1 || got[0] != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestAdvertisersAreNumbers in events-v1, whoever names them: the profile, the manager
// account or the profile's own id.
func TestAdvertisersAreNumbers(t *testing.T) {
	profile := func(id, contract, advertiser string) accounts.Profile {
		return accounts.Profile{ID: id, AdvertiserID: advertiser, Settings: accounts.Settings{Contract: contract}}
	}
	for name, tc := range map[string]struct {
		profile accounts.Profile
		manager string
		bad     bool
	}{
		"a number":         {profile("123", "events-v1", ""), "", false},
		"a name":           {profile("shop", "events-v1", ""), "", true},
		"nearly a number":  {profile("12x", "events-v1", ""), "", true},
		"with advertiser":  {profile("shop", "events-v1", "5"), "", false},
		"of a manager":     {profile("shop", "events-v1", ""), "amzn1.m", false},
		"another contract": {profile("shop", "off-amazon-2023-11-13", ""), "", false},
	} {
		var l report.List
		profiles(&l, &accounts.Account{Name: "a", ManagerID: tc.manager, Profiles: []accounts.Profile{tc.profile}}, false)
		if bad := wellFormed(l).Count(report.Act) == 1; bad != tc.bad || !bad && len(l) > 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	var l report.List
	if profiles(&l, &accounts.Account{Name: "a"}, true); len(l) != 0 {
		t.Errorf("the default account needs no profile: %+v", l)
	}
}

// TestSettingsAtTheirBounds: what is just enough draws no remark.
func TestSettingsAtTheirBounds(t *testing.T) {
	c := good()
	c.MaxInFlightEvents, c.BatchEvents = 500, 500
	c.MaxInFlightBytes, c.BatchBytes = 2e6, 1e6
	c.Drain = kubernetesGrace - 2*time.Second
	c.Linger, c.SessionTimeout = 6*time.Second, 6*time.Second
	if l := wellFormed(Config(c, Given{})); len(l) != 1 || l[0].Level != report.Fine {
		t.Errorf("%+v", l)
	}
	if c.SessionTimeout = 30 * time.Minute; Config(c, Given{}).Count(report.Fine) != 1 {
		t.Errorf("%+v", Config(c, Given{}))
	}
	if c.SessionTimeout++; Config(c, Given{}).Count(report.Look) != 1 {
		t.Errorf("a session longer than brokers allow: %+v", Config(c, Given{}))
	}
}

// TestBadSchemasSayWhatToDo, by what is wrong with them.
func TestBadSchemasSayWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "Check it with an Avro tool first.",
		`{"type":"record","name":"E","fields":[{"name":"aisle","type":"int"}]}`: "Have it give the fields the names of TrackLayer's schema (amazon-capi schemas print), or aliases; or say under fields of the mapping which of its fields they are.",
	} {
		if l := wellFormed(ProducerSchema("bad", text, nil)); len(l) != 1 || l[0].Advice != want {
			t.Errorf("%s: %+v, want %q", text, l, want)
		}
	}
	if l := wellFormed(Mapping(nil, "")); len(l) != 1 || !regexp.MustCompile(`^\d+ names for \d+ conversions, 0 names left out, others: reject$`).MatchString(l[0].Message) || l[0].Subject != "built-in" {
		t.Errorf("%+v", l)
	}
}

// TestATokenIsRenewedOnce for a profile that is answered 401, and an API token never.
func TestATokenIsRenewedOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		apiToken string
		requests int64
	}{"Login with Amazon": {"", 3}, "API token": {"key", 2}} {
		a, err := sandbox.NewAmazon(sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{{Do: sandbox.Status, Status: 401, At: sandbox.AtEvents}}}})
		if err != nil {
			t.Fatal(err)
		}
		url, err := a.Start("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c, d := good(), sandbox.DefaultAccount()
		c.AmazonURL, c.TokenURL, c.Contract = url, url+sandbox.TokenPath, "off-amazon-2023-11-13"
		c.ClientID, c.ClientSecret, c.RefreshToken = d.ClientID, d.ClientSecret, d.RefreshToken
		list, base, err := c.Accounts()
		if err != nil {
			t.Fatal(err)
		}
		account := &list.Accounts[0]
		account.APIToken = tc.apiToken
		tokens := &tokens{account: account}
		var l report.List
		tokens.first(t.Context(), &l)
		for _, profile := range []string{"1", "2"} {
			_, p, _ := list.Of(profile)
			if _, err := (&Live{Config: c}).ask(context.Background(), &base, tokens, &p, amazon.NorthAmerica); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.Stats().Requests; got != tc.requests {
			t.Errorf("%s: %d requests for two profiles, want %d", name, got, tc.requests)
		}
		a.Close()
	}
}
