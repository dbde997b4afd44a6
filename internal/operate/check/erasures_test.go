package check

import (
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// TestTheListOfErasedEvents: whether run could read it, and whether it keeps what it is told.
func TestTheListOfErasedEvents(t *testing.T) {
	c := world(t, sandbox.Options{})
	c.ErasureTopic = "events.erased"
	look := func(level report.Level, want string) {
		t.Helper()
		var l report.List
		(&Live{Config: c}).kafka(t.Context(), &l)
		wellFormed(l)
		var said []string
		for _, f := range l {
			if f.Subject == c.ErasureTopic {
				said = append(said, f.Message)
				if f.Level != level {
					t.Errorf("%+v", f)
				}
			}
		}
		if len(said) != 1 || !strings.Contains(said[0], want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
	look(report.Fine, "--config cleanup.policy=compact")
	if _, err := erasure.Add(t.Context(), c.Kafka, c.ErasureTopic, []string{"a", "b"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	look(report.Fine, "compacted, entries: 2; erase may write it")
	for _, policy := range []string{"delete", "compact,delete"} {
		alter(t, c, c.ErasureTopic, "cleanup.policy", policy)
		look(report.Act, "cleanup.policy is "+policy)
	}
	alter(t, c, c.ErasureTopic, "cleanup.policy", "compact")
	cl, err := c.Kafka.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	// An entry whose key is gone.
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: c.ErasureTopic, Key: []byte("erased/" + strings.Repeat("00", 20)), Value: []byte("{}")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	look(report.Act, "an entry has no key")
}

// TestWhoMayReadTheList: a member has to read it, and erase to write it.
func TestWhoMayReadTheList(t *testing.T) {
	const list = "events.erased"
	for name, tc := range map[string]struct {
		ops   []kmsg.ACLOperation
		level report.Level
		want  string
	}{
		"nothing":   {nil, report.Act, "may not be read, also if it does not exist"},
		"described": {[]kmsg.ACLOperation{kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs}, report.Act, "READ is not granted: nothing is sent"},
		"read":      {[]kmsg.ACLOperation{kmsg.ACLOperationRead, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs}, report.Fine, "so that erase needs another"},
		"blind":     {[]kmsg.ACLOperation{kmsg.ACLOperationRead, kmsg.ACLOperationDescribe}, report.Look, "nobody can say whether it is compacted"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
				kfake.Superuser("PLAIN", "root", "root"), kfake.User("PLAIN", "app", "pw", acl(kmsg.ACLResourceTypeTopic, list, tc.ops...)...))
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			c := good()
			c.ErasureTopic = list
			c.Kafka = kafka.Settings{Brokers: cluster.ListenAddrs(), SASL: kafka.SASLSettings{Mechanism: "PLAIN", Username: "root", Password: "root"}}
			opts, err := c.Kafka.Options(zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			create(t, cluster.ListenAddrs(), list, map[string]string{"cleanup.policy": "compact"}, opts...)
			c.Kafka.SASL.Username, c.Kafka.SASL.Password = "app", "pw"
			var l report.List
			(&Live{Config: c}).kafka(t.Context(), &l)
			wellFormed(l)
			found := 0
			for _, f := range l {
				if f.Subject == list {
					found++
					if f.Level != tc.level || !strings.Contains(f.Message, tc.want) {
						t.Errorf("%+v", f)
					}
				}
			}
			if found != 1 {
				t.Errorf("%+v", l)
			}
		})
	}
}
