package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// topic returns which of the source topics a step is about.
func (w *world) topic(s Step) string { return w.plan.topics[s.Whom%len(w.plan.topics)] }

// pauseProfile has the accounts file pause a profile for a while, in a world with two
// accounts.
func (w *world) pauseProfile(s Step) func() {
	if w.accounts == "" {
		return nil
	}
	set := func(paused string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.writeAccounts(paused); err != nil {
			w.errors = append(w.errors, err.Error())
		}
	}
	set(w.profiles[s.Whom%len(w.profiles)])
	return func() { set("") }
}

// writeAccounts writes the accounts file of a world with two accounts, one profile of
// which may be paused.
func (w *world) writeAccounts(paused string) error {
	accounts := w.plan.accounts(w.profiles)
	if len(accounts) == 0 {
		return nil
	}
	file := new(strings.Builder)
	file.WriteString("accounts:\n")
	for i, a := range accounts {
		path := filepath.Join(w.o.Dir, fmt.Sprint("account-", i))
		for suffix, secret := range map[string]string{"-secret": a.ClientSecret, "-refresh": a.RefreshToken} {
			if err := os.WriteFile(path+suffix, []byte(secret), 0o600); err != nil {
				return err
			}
		}
		fmt.Fprintf(file, "  - name: account-%d\n    client_id: %s\n    client_secret_file: %s-secret\n    refresh_token_file: %s-refresh\n    profiles:\n",
			i, a.ClientID, path, path)
		for _, p := range a.Profiles {
			fmt.Fprintf(file, "      - id: %q\n        paused: %t\n", p, p == paused)
		}
	}
	w.accounts = filepath.Join(w.o.Dir, "accounts.yaml")
	return os.WriteFile(w.accounts, []byte(file.String()), 0o600)
}

// forgetTopic has brokers answer wrongly that they know nothing of a topic, or of its
// leaders.
func (w *world) forgetTopic(s Step) func() {
	return failing(kmsg.Metadata, source, kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition)(w, s)
}

// slowBroker has all that is sent to one broker take long.
func (w *world) slowBroker(s Step) func() {
	address := w.addresses[s.Whom%brokers]
	w.net.setSlow(address, time.Duration(1+s.Whom%4)*700*time.Millisecond)
	return func() { w.net.setSlow(address, 0) }
}

// hour has one of the others be gone for longer than any timeout.
func (w *world) hour(s Step) func() {
	return []action{
		away(registryAddress), away(amazonAddress), (*world).brokersAway,
		func(w *world, _ Step) func() {
			return w.misbehave(sandbox.Fault{Name: "token-away", At: sandbox.AtToken, Do: sandbox.Refuse})
		},
		func(w *world, _ Step) func() {
			return w.misbehave(sandbox.Fault{Name: "503", Do: sandbox.Status, Status: 503})
		},
	}[s.Whom%5](w, s)
}

// deleteAhead deletes records that the group has not come to, as a retention does that is
// too short.
func (w *world) deleteAhead(s Step) func() {
	w.brokers <- struct{}{}
	defer func() { <-w.brokers }()
	last, until := w.commits.last(), make(map[part]int64)
	w.each(func(p part, start, end int64) {
		from := max(last[p], start)
		if p.topic == w.topic(s) && end-from > 1 { // never all, see the package's comment
			until[p] = from + 1 + int64(s.Whom)%(end-from-1)
		}
	})
	if w.keep() != nil {
		return nil // the brokers are away
	}
	for p, to := range until {
		// What the group has got to meanwhile may be delivered or not.
		w.lose(p, last[p], to)
		_ = w.cluster.DeleteRecords(p.topic, p.partition, to)
	}
	return nil
}

const resetWithin = 90 * time.Second

// resetOffsets stops all members, as brokers ask for, moves the group's offsets back or
// forth by hand, and starts them again.
func (w *world) resetOffsets(s Step) func() {
	w.brokers <- struct{}{}
	defer func() { <-w.brokers }()
	for _, m := range w.members {
		go m.stop()
	}
	start := func() {
		for _, m := range w.members {
			m.start()
		}
	}
	for began := time.Now(); !w.groupEmpty(); time.Sleep(time.Second) {
		if time.Since(began) > resetWithin {
			return start // somebody joined, or does not leave
		}
	}
	resets, skipped, last, offsets := make(map[part]int64), make(map[part]int64), w.commits.last(), make(kadm.Offsets)
	w.each(func(p part, begin, end int64) {
		at, known := last[p]
		if !known || p.topic != w.topic(s) || begin >= end {
			return
		}
		to := begin + int64(s.Whom)%(end-begin)
		resets[p], skipped[p] = to, at
		offsets.Add(kadm.Offset{Topic: p.topic, Partition: p.partition, At: to, LeaderEpoch: -1})
	})
	if w.keep() != nil {
		return start
	}
	for p, at := range skipped {
		w.lose(p, at, resets[p])
	}
	w.commits.expect(resets)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = w.admin.CommitAllOffsets(ctx, group, offsets)
	return start
}

func (w *world) groupEmpty() bool {
	info := w.cluster.GroupInfo(group)
	return info == nil || len(info.Members) == 0
}

// remade has one of the program's own topics be deleted, and made again later.
func remade(topic string) action {
	return func(w *world, _ Step) func() {
		w.brokers <- struct{}{}
		defer func() { <-w.brokers }()
		// Nobody writes between the last look and the end.
		refuses := w.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotLeaderForPartition, Count: -1})
		time.Sleep(time.Millisecond)
		f, err := w.read()
		if err != nil || w.cluster.DeleteTopic(topic) != nil {
			refuses.Remove()
			return nil // the brokers are away, or it is deleted already
		}
		w.mu.Lock()
		if topic == letters {
			w.kept.letters = append(w.kept.letters, f.Letters...)
		} else {
			w.kept.receipts = append(w.kept.receipts, f.Receipts...)
		}
		w.mu.Unlock()
		refuses.Remove()
		return func() {
			if err := w.cluster.CreateTopic(topic, 2, nil); err != nil {
				w.wrong("topic %s was not made again: %v", topic, err)
			}
		}
	}
}

// transact writes to a topic in transactions, some of which are aborted, and one of which
// stays open for the step's time.
func (w *world) transact(s Step) func() {
	const id = "shop"
	w.shop <- struct{}{}
	for i := range 4 {
		ended := kgo.TransactionEndTry((s.Whom>>i)&1 == 1)
		w.transaction(id, w.topic(s), ended, 0)
	}
	w.transaction(id, w.topic(s), kgo.TryAbort, s.For)
	<-w.shop
	return nil
}

// transaction writes records that become dead letters, if they are committed, and ends
// the transaction after a while. It tries until it has: an open one holds readers up.
func (w *world) transaction(id, topic string, end kgo.TransactionEndTry, open time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), open+10*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		client, err := kgo.NewClient(kgo.SeedBrokers(w.addresses[:]...), kgo.Dialer(w.net.VirtualNetwork.DialContext), kgo.TransactionalID(id),
			kgo.TransactionTimeout(15*time.Minute), kgo.DefaultProduceTopic(topic))
		if err != nil {
			w.wrong("a transaction: %v", err)
			return
		}
		if err = client.BeginTransaction(); err == nil {
			err = client.ProduceSync(ctx, w.unstable(end)...).FirstErr()
		}
		if err == nil {
			time.Sleep(open)
			err = client.EndTransaction(ctx, end)
		}
		client.Close()
		if err == nil {
			return
		}
		// The next one's beginning aborts what this one left open.
		end, open = kgo.TryAbort, 0
		time.Sleep(time.Second)
	}
	w.wrong("a transaction could not be ended")
}

// unstable are a transaction's records. Of those that are to be aborted the auditor
// knows nothing, so that it finds any that is delivered.
func (w *world) unstable(end kgo.TransactionEndTry) []*kgo.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	records := make([]*kgo.Record, 3)
	for i := range records {
		w.written++
		key := fmt.Sprintf("transacted-%d", w.written)
		if end == kgo.TryCommit {
			w.samples[key] = journal.Sample{Key: key, Expect: "decode", Code: "no_magic"}
		}
		records[i] = &kgo.Record{Key: []byte(key), Value: []byte("transacted")}
	}
	return records
}
