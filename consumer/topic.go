package consumer

import "sync/atomic"

// topicID is the id under which the client reads the topic. A topic that is deleted
// and made again has the same name and another id.
type topicID struct{ v atomic.Pointer[[16]byte] }

// id returns the id, or zeros if it is not known.
func (t *topicID) id() (id [16]byte) {
	if p := t.v.Load(); p != nil {
		return *p
	}
	return id
}

// learn notes the id, unless there is none.
func (t *topicID) learn(id [16]byte) {
	if id != [16]byte{} && t.id() != id {
		t.v.Store(&id)
	}
}
