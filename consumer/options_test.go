package consumer

import "testing"

// A fetch is work for all workers, and little of what may be taken.
func TestFetchesAreAsLargeAsTheWork(t *testing.T) {
	for _, c := range []struct {
		workers     int
		bytes, want int64
	}{
		{1, 64 << 20, 512 << 10},
		{2, 64 << 20, 512 << 10},
		{16, 64 << 20, 4 << 20},
		{1000, 64 << 20, 16 << 20},
		{2, 1 << 20, 256 << 10},
		{2, 1, 64 << 10},
		{100_000, 1 << 40, 1 << 30},
	} {
		o := Options{Workers: c.workers, MaxInFlightBytes: c.bytes, Topics: []string{"t"}, Group: "g"}
		if err := o.setDefaults(); err != nil {
			t.Fatal(err)
		}
		if int64(o.FetchMaxBytes) != c.want {
			t.Errorf("%d workers and %d bytes: fetches of %d, want %d", c.workers, c.bytes, o.FetchMaxBytes, c.want)
		}
	}
}
