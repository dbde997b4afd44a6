package sample

import (
	"encoding/binary"

	"github.com/tracklayer/amazon-capi/schemas"
)

// fill adds what an event lacks of a full one, and takes what Amazon is not sent
// and would be too much. Whoever measures wants events like the busiest topic's
// and not like the average of all: what is not there costs nothing to decode, hash
// and send.
func (g *Generator) fill(ev *schemas.Event, k *kind, c *country) {
	ev.EventType = k.typ
	ev.ClickID = g.longClickID()
	ev.User.FirstName, ev.User.LastName, ev.User.State = "", "", ""
	if ev.User.MADID == "" {
		ev.User.MADID = g.uuid()
	}
	if !ev.Custom.Value.IsSet() {
		g.addValue(ev, c)
	}
}

// longClickID is as long as those of ad networks are that sign theirs.
func (g *Generator) longClickID() string {
	var b [15]byte
	binary.LittleEndian.PutUint64(b[:], g.rng.Uint64())
	binary.LittleEndian.PutUint64(b[len(b)-8:], g.rng.Uint64())
	return clickPrefix + clickAlphabet.EncodeToString(b[:])
}
