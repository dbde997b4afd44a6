package sim

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// action does something and returns what undoes it; nil if nothing does.
type action func(w *world, s Step) (undo func())

// actions are all that a schedule may do. An action that takes time of its own runs
// beside the others.
var actions = map[string]action{
	"stop":     (*world).stopMember,
	"kill":     (*world).killMember,
	"join":     (*world).joinMember,
	"surge":    (*world).surge,
	"cut":      func(w *world, s Step) func() { w.member(s).link().cut(); return nil },
	"slow":     onLink(mood{delay: 700 * time.Millisecond}),
	"deaf":     onLink(mood{deaf: true}),
	"silent":   onLink(mood{silent: true}),
	"isolated": onLink(mood{deaf: true, silent: true}),
	"elections": func(w *world, _ Step) func() {
		w.cluster.ShufflePartitionLeaders()
		w.mark()
		return nil
	},
	"coordinator-moves": func(w *world, _ Step) func() {
		w.cluster.RehashCoordinators()
		return nil
	},
	"broker-down":      (*world).brokerDown,
	"brokers-away":     (*world).brokersAway,
	"partitions-added": (*world).addPartitions,
	"old-deleted":      (*world).deleteOld,

	"commit-errors": failing(kmsg.OffsetCommit, "", kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable,
		kerr.RequestTimedOut, kerr.RebalanceInProgress, kerr.GroupAuthorizationFailed),
	"fetch-errors": failing(kmsg.Fetch, source, kerr.NotLeaderForPartition, kerr.KafkaStorageError, kerr.OffsetNotAvailable,
		kerr.UnknownTopicOrPartition, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.TopicAuthorizationFailed),
	"offsets-unread": ofGroup(kmsg.OffsetFetch, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.UnstableOffsetCommit,
		kerr.GroupAuthorizationFailed),
	"list-errors":       failing(kmsg.ListOffsets, source, kerr.NotLeaderForPartition, kerr.OffsetNotAvailable, kerr.KafkaStorageError),
	"heartbeats-refuse": once(kmsg.Heartbeat, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.NotCoordinator),
	"joins-refuse":      once(kmsg.JoinGroup, kerr.UnknownMemberID, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator),
	"syncs-refuse":      once(kmsg.SyncGroup, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress),
	"letters-refused": failing(kmsg.Produce, letters, kerr.TopicAuthorizationFailed, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.RequestTimedOut, kerr.NotLeaderForPartition, kerr.KafkaStorageError),
	"receipts-refused": failing(kmsg.Produce, receipts, kerr.TopicAuthorizationFailed, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.RequestTimedOut, kerr.NotLeaderForPartition, kerr.KafkaStorageError),

	"registry-away": away(registryAddress),
	"amazon-away":   away(amazonAddress),
	"amazon":        func(w *world, s Step) func() { return w.misbehave(amazonFaults[s.Whom%len(amazonFaults)]...) },
	"amazon-refuses": func(w *world, s Step) func() {
		return w.misbehave(amazonRefusals[s.Whom%len(amazonRefusals)]...)
	},
	"stuck": (*world).stick,

	"registry-wrong":   (*world).misinform,
	"profile-paused":   (*world).pauseProfile,
	"brokers-slow":     (*world).slowBroker,
	"hour":             (*world).hour,
	"deleted-ahead":    (*world).deleteAhead,
	"offsets-reset":    (*world).resetOffsets,
	"letters-remade":   remade(letters),
	"receipts-remade":  remade(receipts),
	"transactions":     (*world).transact,
	"epochs-refuse":    once(kmsg.ConsumerGroupHeartbeat, kerr.UnknownMemberID, kerr.FencedMemberEpoch, kerr.NotCoordinator, kerr.CoordinatorNotAvailable),
	"ids-unknown":      failing(kmsg.Fetch, source, kerr.UnknownTopicID, kerr.InconsistentTopicID),
	"metadata-errors":  (*world).forgetTopic,
	"no-coordinator":   ofGroup(kmsg.FindCoordinator, kerr.CoordinatorNotAvailable, kerr.GroupAuthorizationFailed),
	"epoch-ends-wrong": failing(kmsg.OffsetForLeaderEpoch, source, kerr.NotLeaderForPartition, kerr.UnknownLeaderEpoch, kerr.KafkaStorageError),
	"token": func(w *world, s Step) func() {
		faults := tokenFaults
		if w.o.Plain {
			faults = tokenFaults[:4] // all that there were
		}
		f := faults[s.Whom%len(faults)]
		return w.misbehave(f, sandbox.Fault{Do: sandbox.Expire, Chance: 0.3})
	},
}

// gentle are the actions in which every member has the time to finish what it has and
// to commit it: a world that has no others sends nothing twice. Elections are not:
// what was settled before a new leader was reached is not committed beyond a gap until
// its records have been compared, which errors may hold up.
var gentle = []string{
	"amazon-refuses", "coordinator-moves", "fetch-errors", "join", "list-errors", "old-deleted", "partitions-added",
	"registry-away", "registry-wrong", "stop", "stuck", "surge", "token", "transactions",
}

// later are those that Options.Plain leaves out.
var later = []string{
	"brokers-slow", "deleted-ahead", "epoch-ends-wrong", "epochs-refuse", "hour", "ids-unknown", "letters-remade", "metadata-errors", "no-coordinator",
	"offsets-reset", "profile-paused", "receipts-remade", "registry-wrong", "transactions",
}

// apart are the actions that are not drawn like the others, see draw.
var apart = []string{"surge"}

// surge has a member join while another one drains for its stop, as in a deployment
// that starts new members first: the group asks for partitions that still drain.
func (w *world) surge(s Step) func() {
	// Lanes that have been told when to come again drain for long enough that the group
	// asks meanwhile, and not for too long.
	well := w.misbehave(sandbox.Fault{Name: "429", Do: sandbox.Status, Status: http.StatusTooManyRequests, RetryAfter: drain / 2})
	m := w.member(s)
	for began := time.Now(); !m.busy() && time.Since(began) < drain; {
		time.Sleep(drain / 40)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		m.stop()
	}()
	time.Sleep(drain / 40)
	leave := w.joinMember(s)
	time.Sleep(drain / 8)
	well()
	<-stopped
	return func() {
		m.start()
		leave()
	}
}

func onLink(m mood) action {
	return func(w *world, s Step) func() {
		l := w.member(s).link()
		l.set(m)
		return func() { l.set(mood{}) }
	}
}

func away(address string) action {
	return func(w *world, _ Step) func() {
		w.net.setAway(address, true)
		return func() { w.net.setAway(address, false) }
	}
}

// failing answers one kind of request with an error for a while.
func failing(key kmsg.Key, topic string, errs ...*kerr.Error) action {
	return func(w *world, s Step) func() {
		h := w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Topic: topic, Err: errs[s.Whom%len(errs)], Count: -1})
		return h.Remove
	}
}

// ofGroup is failing for what members ask about the group. In the consumer protocol the
// client (franz-go 1.22) asks again at once, without a pause, for as long as it is refused
// for good: worlds would take minutes for that alone.
func ofGroup(key kmsg.Key, errs ...*kerr.Error) action {
	return func(w *world, s Step) func() {
		if w.plan.protocol == consumer.ProtocolConsumer {
			errs := slices.DeleteFunc(slices.Clone(errs), func(err *kerr.Error) bool { return !err.Retriable })
			return failing(key, "", errs...)(w, s)
		}
		return failing(key, "", errs...)(w, s)
	}
}

// once answers the next request of a kind with an error.
func once(key kmsg.Key, errs ...*kerr.Error) action {
	return func(w *world, s Step) func() {
		h := w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: errs[s.Whom%len(errs)], TopLevel: true})
		return h.Remove
	}
}

// brokerDown takes a broker out of the cluster with all its connections: others lead
// its partitions and coordinate its groups.
func (w *world) brokerDown(s Step) func() {
	w.brokers <- struct{}{}
	defer func() { <-w.brokers }()
	if w.down > 0 {
		return nil // of three, two stay
	}
	node := int32(s.Whom % brokers)
	address := w.addresses[node]
	w.net.setAway(address, true)
	if w.cluster.RemoveNode(node) != nil {
		w.net.setAway(address, false)
		return nil
	}
	w.down++
	w.mark()
	return func() {
		w.brokers <- struct{}{}
		defer func() { <-w.brokers }()
		w.net.setAway(address, false)
		if _, _, err := w.cluster.AddNode(node, firstPort+int(node)); err != nil {
			w.wrong("broker %d did not come back: %v", node, err)
		}
		w.down--
		w.mark()
	}
}

func (w *world) brokersAway(Step) func() {
	for _, a := range w.addresses {
		w.net.setAway(a, true)
	}
	return func() {
		for _, a := range w.addresses {
			w.net.setAway(a, false)
		}
	}
}

func (w *world) addPartitions(s Step) func() {
	w.brokers <- struct{}{}
	defer func() { <-w.brokers }()
	topic := w.topic(s)
	if len(w.cluster.PartitionInfos(topic)) >= 9 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, _ = w.admin.CreatePartitions(ctx, 1, topic)
	return nil
}

// deleteOld deletes records that the group is done with, as retention does.
func (w *world) deleteOld(s Step) func() {
	w.brokers <- struct{}{}
	defer func() { <-w.brokers }()
	last := w.commits.last()
	if w.keep() != nil {
		return nil // the brokers are away
	}
	for p, at := range last {
		if at > 2 { // never all, see the package's comment
			_ = w.cluster.DeleteRecords(p.topic, p.partition, 1+int64(s.Whom)%(at-2))
		}
	}
	return nil
}

// amazonRefusals are what Amazon may do without taking what it does not say it has.
var amazonRefusals = [][]sandbox.Fault{
	{{Name: "429", Do: sandbox.Status, Status: http.StatusTooManyRequests, RetryAfter: time.Second, Chance: 0.7}},
	{{Name: "throttle", Do: sandbox.Throttle, Rate: 1, RetryAfter: 2 * time.Second, RetryDate: true}},
	{{Name: "503", Do: sandbox.Status, Status: 503, Chance: 0.9}},
	{{Name: "refuse", Do: sandbox.Refuse, Chance: 0.7}},
	{{Name: "html", Do: sandbox.HTML, Chance: 0.5}},
	{{Name: "garbage", Do: sandbox.Garbage, Chance: 0.4}},
	{{Name: "deny", Do: sandbox.Deny, Chance: 0.5}},
	{{Name: "items", Do: sandbox.Items, Share: 0.3, Chance: 0.8}},
	{{Name: "omit", Do: sandbox.Omit, Share: 0.3, Chance: 0.6}},
	{{Name: "expire", Do: sandbox.Expire, Chance: 0.5}},
}

// amazonFaults are those that take events without saying so.
var amazonFaults = [][]sandbox.Fault{
	{{Name: "500", Do: sandbox.Status, Status: 500, Chance: 0.3}, {Name: "502", Do: sandbox.HTML, Status: 502, Chance: 0.3}, {Name: "504", Do: sandbox.Status, Status: 504, Taken: true, Chance: 0.3}},
	{{Name: "refuse-taken", Do: sandbox.Refuse, Taken: true, Chance: 0.5}},
	{{Name: "reset", Do: sandbox.Reset, Chance: 0.6}},
	{{Name: "hang", Do: sandbox.Hang, Chance: 0.5}},
	{{Name: "answer-too-late", Do: sandbox.Hang, Latency: requestTimeout + time.Second, Chance: 0.5}},
	{{Name: "garbage-taken", Do: sandbox.Garbage, Taken: true, Chance: 0.4}},
	{{Name: "omit-taken", Do: sandbox.Omit, Share: 0.3, Taken: true, Chance: 0.5}},
	{{Name: "slow", Do: sandbox.Delay, Latency: 3 * time.Second}},
}

var tokenFaults = []sandbox.Fault{
	{Name: "token-refused", At: sandbox.AtToken, Do: sandbox.Status, Status: 400, Code: "invalid_grant"},
	{Name: "token-away", At: sandbox.AtToken, Do: sandbox.Refuse},
	{Name: "token-503", At: sandbox.AtToken, Do: sandbox.Status, Status: 503, Chance: 0.8},
	{Name: "token-hangs", At: sandbox.AtToken, Do: sandbox.Hang},
	{Name: "token-half", At: sandbox.AtToken, Do: sandbox.Reset},
	{Name: "token-page", At: sandbox.AtToken, Do: sandbox.HTML},
	{Name: "token-garbage", At: sandbox.AtToken, Do: sandbox.Garbage},
	{Name: "token-throttled", At: sandbox.AtToken, Do: sandbox.Status, Status: http.StatusTooManyRequests, RetryAfter: 3 * time.Second},
	{Name: "token-slow", At: sandbox.AtToken, Do: sandbox.Delay, Latency: 3 * time.Second},
}

// stick fails some profiles and leaves the others well.
func (w *world) stick(s Step) func() {
	var faults []sandbox.Fault
	for i, p := range w.profiles {
		if s.Whom>>i&1 == 1 {
			faults = append(faults, sandbox.Fault{Name: "stuck", Profile: p, Do: sandbox.Status, Status: 503})
		}
	}
	return w.misbehave(faults...)
}
