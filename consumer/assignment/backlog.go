package assignment

// Backlog is what of a partition has no verdict. Lag counts from the next offset to
// commit, so that one event that is held has everything behind it count, though that was
// delivered long ago; here it counts once. Markers of transactions, which have offsets and
// are no events, count only until they are read.
type Backlog struct {
	Unread int64 // up to the partition's end, those left out that an earlier owner has settled
	Taken  int64 // in memory, or on the way there
	Parked int64 // known by their place alone, until their profile can be served
}

// Backlog returns what has no verdict; false if where the partition ends, or where it
// goes on, is unknown.
func (a *Assignment) Backlog() (b Backlog, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next := a.ledger.Last().Offset + 1 // where it begins, before the first record
	next = max(next, a.missedTo)
	if a.highWater < next || !a.underWay() {
		return Backlog{}, false
	}
	b.Parked = int64(a.parked)
	b.Taken = max(int64(a.ledger.Undone()-a.others)-b.Parked, 0)
	if a.highWater > next {
		b.Unread = a.highWater - next
		for _, s := range a.before.Settled {
			b.Unread -= max(min(s.To, a.highWater)-max(s.From, next), 0)
		}
	}
	return b, true
}
