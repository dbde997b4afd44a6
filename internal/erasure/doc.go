// Package erasure keeps the list of events that must not be sent again, because the
// person they are about asked to be forgotten. The list is a compacted topic, which erase
// writes and every delivering command obeys.
//
// It holds pseudonyms of event ids and nothing else: an event id may contain an address,
// and the list stays forever. The key of the pseudonyms is in the list itself, so that
// every process that may read the list can query it, and nobody else can guess ids. No
// identifier of a person, and no hash of one, is ever written.
package erasure
