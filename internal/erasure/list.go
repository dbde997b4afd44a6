package erasure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// MaxEntries is the maximum number of event ids: they are kept in memory, at about 50
// bytes each. A longer list is not obeyed in part: nothing is sent.
const MaxEntries = 1_000_000

// maxKeys bounds the keys, of which one is enough. There are more if two lists were begun
// at once; each event is looked up with every key.
const maxKeys = 8

// List is the list as this process knows it. The zero value is not loaded, so that
// nothing may be sent. A nil List is for programs that keep none, and is empty.
type List struct {
	state   atomic.Int32
	version atomic.Uint64 // raised after an addition has become visible

	mu      sync.RWMutex
	why     error         // why it cannot be queried
	ready   chan struct{} // closed when it can; nil if nobody waits
	keys    map[keyID][]byte
	entries map[entry]struct{}
	changed bool // entries or keys have changed since confirm last found it complete
	dropped bool // an entry had no room: the topic must be read again from its start
	limit   int  // of the entries; 0 for MaxEntries
}

// The states, for callers without a lock.
const (
	held   = iota // it cannot be queried
	empty         // it is empty
	listed        // it has entries
)

type keyID [4]byte

// entry is a key's id and a pseudonym by that key.
type entry [20]byte

// Erased reports whether an event must not be sent. The error means that this is unknown
// now; it has a method Wait, which returns when another try makes sense.
func (l *List) Erased(eventID string) (bool, error) {
	if l == nil || eventID == "" {
		return false, nil
	}
	switch l.state.Load() {
	case empty:
		return false, nil
	case held:
		return false, &unknown{l}
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for id, key := range l.keys {
		if _, ok := l.entries[entryOf(id, key, eventID)]; ok {
			return true, nil
		}
	}
	return false, nil
}

// Has is Erased of a list that Read has returned, which can always be asked.
func (l *List) Has(eventID string) bool {
	erased, err := l.Erased(eventID)
	return erased && err == nil
}

// Version returns a number that changes when the list may have grown: answers of Erased stay
// valid while it is the same. The error is that of Erased.
func (l *List) Version() (uint64, error) {
	if l == nil {
		return 0, nil
	}
	v := l.version.Load()
	if l.state.Load() == held {
		return v, &unknown{l}
	}
	return v, nil
}

// entryOf is the entry of an event. It is not an HMAC, which costs twice as much for each event
// of a topic: what a longer text would hash to helps nobody here.
func entryOf(id keyID, key []byte, eventID string) (e entry) {
	var buf [96]byte
	sum := sha256.Sum256(append(append(buf[:0], key...), eventID...))
	copy(e[:], id[:])
	copy(e[len(id):], sum[:])
	return e
}

// unknown is the error of a list that cannot be queried.
type unknown struct{ list *List }

func (u *unknown) Error() string {
	u.list.mu.RLock()
	defer u.list.mu.RUnlock()
	return fmt.Sprintf("the list of erased events cannot be read (%s), without which nothing is sent: %v", setting.ErasureTopic, u.list.why)
}

// Wait returns nil once the list can be queried again.
func (u *unknown) Wait(ctx context.Context) error { return u.list.Wait(ctx) }

// Wait returns nil once the list can be queried, or why ctx ended.
func (l *List) Wait(ctx context.Context) error {
	l.mu.Lock()
	if l.state.Load() != held {
		l.mu.Unlock()
		return nil
	}
	if l.ready == nil {
		l.ready = make(chan struct{})
	}
	ready := l.ready
	l.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Len returns the number of event ids.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.entries)
}

// hold makes queries fail, for a reason.
func (l *List) hold(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why = why
	l.state.Store(held)
}

// confirm makes queries succeed, if the list is complete.
func (l *List) confirm() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.changed
	if news || l.state.Load() == held {
		if err := l.whole(); err != nil {
			l.why = err
			l.state.Store(held)
			return err
		}
		l.changed = false
	}
	l.why = nil
	if len(l.entries) == 0 {
		l.state.Store(empty)
	} else {
		l.state.Store(listed)
	}
	if news {
		l.version.Add(1)
	}
	if l.ready != nil {
		close(l.ready)
		l.ready = nil
	}
	return nil
}

var errDamaged = errors.New("an entry has no key, which was in the topic and is gone")

// most returns the maximum number of entries.
func (l *List) most() int {
	if l.limit > 0 {
		return l.limit
	}
	return MaxEntries
}

// restart reports whether an entry was dropped since the last call. Known entries stay:
// reading the whole topic again removes those with a tombstone, and adds what is missing.
func (l *List) restart() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.dropped
	l.dropped = false
	return was
}

func (l *List) whole() error {
	switch {
	case l.dropped || len(l.entries) > l.most():
		return fmt.Errorf("it has more than %d event ids, which is more than is kept in memory: remove those whose events are not retained any more", l.most())
	case len(l.keys) > maxKeys:
		return fmt.Errorf("it has more than %d keys: want one, and all entries by it", maxKeys)
	}
	known := 0
	if len(l.keys) > 0 {
		for e := range l.entries {
			if _, ok := l.keys[keyID(e[:4])]; ok {
				known++
			}
		}
	}
	if known < len(l.entries) {
		return errDamaged
	}
	return nil
}

// The keys of records: a kind, then the key's id, and for entries the pseudonym.
const keyPrefix, entryPrefix = "key/", "erased/"

// enter adds a record of the topic. Records of other writers are ignored.
func (l *List) enter(rec *kgo.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys, l.entries = make(map[keyID][]byte), make(map[entry]struct{})
	}
	l.changed = true
	name := string(rec.Key)
	if text, ok := strings.CutPrefix(name, keyPrefix); ok {
		var id keyID
		switch secret, err := hex.DecodeString(string(rec.Value)); {
		case !decode(id[:], text):
		case rec.Value == nil:
			delete(l.keys, id)
		case err == nil && len(secret) == sha256.Size && len(l.keys) <= maxKeys:
			l.keys[id] = secret
		}
		return
	}
	if text, ok := strings.CutPrefix(name, entryPrefix); ok {
		var e entry
		switch {
		case !decode(e[:], text):
		case rec.Value == nil:
			delete(l.entries, e)
		case len(l.entries) <= l.most():
			l.entries[e] = struct{}{}
		default:
			if _, ok := l.entries[e]; !ok {
				l.dropped = true
			}
		}
	}
}

// decode parses a text of hex digits that is as long as dst.
func decode(dst []byte, text string) bool {
	if len(text) != 2*len(dst) {
		return false
	}
	_, err := hex.Decode(dst, []byte(text))
	return err == nil
}

// newKey returns a new key and its record.
func newKey() (id keyID, key []byte, rec *kgo.Record) {
	key = make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(id[:])
	return id, key, &kgo.Record{Key: []byte(keyPrefix + hex.EncodeToString(id[:])), Value: []byte(hex.EncodeToString(key))}
}

// anyKey returns a key of the list, the same for all processes.
func (l *List) anyKey() (id keyID, key []byte) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for k, v := range l.keys {
		if key == nil || string(k[:]) < string(id[:]) {
			id, key = k, v
		}
	}
	return id, key
}
