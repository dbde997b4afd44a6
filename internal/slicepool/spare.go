package slicepool

import (
	"math/bits"
	"sync"
)

// Slices are spare slices by their capacity, four sizes to the doubling. A new slice
// is at most a quarter larger than requested, and a reused one at most twice as large:
// if only the exact size were reused, the sum of all sizes' peaks would be kept. The
// zero value is empty. Slices are not cleared: callers drop what the elements point to
// before they return a slice.
type Slices[T any] struct {
	// Most is the capacity of the largest slices that are kept; 0 keeps all.
	Most int
	// Unused is how many unused elements are kept, in all; 0 for any number. Where
	// sizes vary much, each has its peak at another time, and without a bound the
	// sum of the peaks is kept: several times what is ever in use at once.
	Unused int

	mu     sync.Mutex
	sizes  [sizes]shelf[T]
	unused int // elements
	next   int // the shelf that gives up one when there are too many
}

// sizes is how many there are, the largest of which is over a billion.
const sizes = 4 * 29

type shelf[T any] struct {
	free [][]T
	low  int // the fewest there were since the last Trim
}

// sizeFor returns the index of the smallest size that n elements fit into, and
// that size.
func sizeFor(n int) (i, size int) {
	n = max(n, 4)
	quarter := max(bits.Len(uint(n-1))-3, 0) // a quarter of the doubling is 1<<quarter
	quarters := (n + 1<<quarter - 1) >> quarter
	return 4*quarter + quarters - 4, quarters << quarter
}

// Get returns an empty slice with a capacity of n elements or more.
func (s *Slices[T]) Get(n int) []T {
	i, size := sizeFor(n)
	if i >= sizes {
		return make([]T, 0, n)
	}
	s.mu.Lock()
	for at := i; at <= min(i+4, sizes-1); at++ {
		shelf := &s.sizes[at]
		if last := len(shelf.free) - 1; last >= 0 {
			was := shelf.free[last]
			shelf.free[last] = nil
			shelf.free = shelf.free[:last]
			shelf.low = min(shelf.low, last)
			s.unused -= cap(was)
			s.mu.Unlock()
			return was
		}
	}
	s.mu.Unlock()
	return make([]T, 0, size)
}

// Put takes a slice for reuse, whoever allocated it. The caller must not use it any more.
func (s *Slices[T]) Put(was []T) {
	n := cap(was)
	// A slice larger than all that may be unused would first push out the others.
	if n < 4 || s.Most > 0 && n > s.Most || s.Unused > 0 && n > s.Unused {
		return
	}
	i, size := sizeFor(n)
	if size > n {
		i-- // the largest size that fits into it
	}
	if i >= sizes {
		return
	}
	s.mu.Lock()
	s.sizes[i].free = append(s.sizes[i].free, was[:0])
	s.unused += n
	for s.Unused > 0 && s.unused > s.Unused {
		s.drop()
	}
	s.mu.Unlock()
}

// drop leaves a slice to the garbage collector, of each size in turn: if it always
// dropped the largest or the newest, some sizes would be allocated anew each time.
// At least one slice is unused, and mu is held.
func (s *Slices[T]) drop() {
	for len(s.sizes[s.next].free) == 0 {
		s.next = (s.next + 1) % sizes
	}
	shelf := &s.sizes[s.next]
	s.next = (s.next + 1) % sizes
	last := len(shelf.free) - 1
	s.unused -= cap(shelf.free[last])
	shelf.free[last] = nil
	shelf.free = shelf.free[:last]
	shelf.low = min(shelf.low, last)
}

// Grow returns the slice with room for that many more elements, as slices.Grow
// does, but takes the memory from s and returns the old memory to s.
func (s *Slices[T]) Grow(was []T, more int) []T {
	if n := len(was) + more; n > cap(was) {
		grown := append(s.Get(max(n, 2*cap(was))), was...)
		clear(was)
		s.Put(was)
		return grown
	}
	return was
}

// Kept returns the number of unused slices.
func (s *Slices[T]) Kept() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sizes {
		n += len(s.sizes[i].free)
	}
	return n
}

// Trim leaves to the garbage collector what nobody needed since the last Trim.
// Called every so often, it gives the memory of a busy time back in the quiet one.
func (s *Slices[T]) Trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sizes {
		shelf := &s.sizes[i]
		n := len(shelf.free) - shelf.low
		for _, was := range shelf.free[n:] {
			s.unused -= cap(was)
		}
		clear(shelf.free[n:])
		shelf.free = shelf.free[:n]
		if n == 0 {
			shelf.free = nil
		}
		shelf.low = n
	}
}
