package sim

import (
	"bytes"
	"io"
	"sync/atomic"
)

// drains reads in what the members log how their drains ended.
//
// A drain has a budget. When Amazon refuses for longer than that, it ends with requests
// under way or about to be made, and Amazon may take an event that the next owner then
// sends again. That is no more than was in flight, which is what the program promises,
// but the world is not gentle any more.
type drains struct {
	io.Writer
	ranOut atomic.Bool // a drain ended with events left
}

var leftField = []byte(`"left":`)

// Write implements io.Writer. zerolog writes one line at a time.
func (d *drains) Write(line []byte) (int, error) {
	if _, left, found := bytes.Cut(line, leftField); found && len(left) > 0 && left[0] != '0' {
		d.ranOut.Store(true)
	}
	return d.Writer.Write(line)
}
