package sample

import (
	"encoding/binary"

	"github.com/tracklayer/amazon-capi/schemas"
)

// appendV2 appends the event as schema version 2 has it, and reports whether it
// could. It writes what generated events have and leaves the rest to goavro,
// which through its maps takes ten times as long as making the event does: a
// hundred million of them are published before bench has something to measure.
// A test holds the two to the same bytes.
func appendV2(dst []byte, ev *schemas.Event) ([]byte, bool) {
	amount, ok := unscaled(ev.Custom.Value)
	if !ok || len(ev.Custom.Attributes) > 1 || sinceV3(ev) {
		return dst, false
	}
	dst = appendText(dst, ev.EventID)
	dst = appendText(dst, ev.ProfileID)
	dst = appendText(dst, ev.EventName)
	dst = appendOptional(dst, ev.EventType, ev.ActionSource)
	dst = binary.AppendVarint(dst, ev.OccurredAt)
	dst = appendOptional(dst, ev.ClickID)
	dst = appendOptionalInt(dst, ev.ClickCapturedAt)

	u, c, k := &ev.User, &ev.Custom, &ev.Consent
	dst = appendGroup(dst, u.Email, u.Phone, u.HashedEmail, u.HashedPhone, u.MADID, u.FirstName, u.LastName, u.City, u.State, u.CountryCode, u.PostalCode)
	if !c.Value.IsSet() && c.Currency == "" && c.Quantity == 0 && c.OrderReference == "" && len(c.Attributes) == 0 {
		dst = append(dst, null)
	} else {
		dst = append(dst, present)
		if c.Value.IsSet() {
			dst = appendAmount(append(dst, present), amount)
		} else {
			dst = append(dst, null)
		}
		dst = appendOptional(dst, c.Currency)
		dst = appendOptionalInt(dst, c.Quantity)
		dst = appendOptional(dst, c.OrderReference)
		dst = appendAttributes(dst, c.Attributes)
	}
	return appendGroup(dst, k.AdStorage, k.AdUserData, k.TCF, k.GPP), true
}

// sinceV3 reports whether the event has what version 2 cannot carry, which is for
// goavro to say.
func sinceV3(ev *schemas.Event) bool {
	u := &ev.User
	return len(ev.Platform)+len(ev.ArefTokens)+len(ev.AmazonAdEventKey)+len(ev.Partner)+len(u.Address)+len(u.RampID)+len(u.MatchID)+len(u.RealID)+len(u.MerkleID)+
		len(u.KantarID)+len(u.FIP)+len(u.IPAddress)+len(u.UserAgent)+len(ev.Consent.DataProcessing) > 0
}

// The branches of the schema's unions, as Avro numbers them.
const (
	null    = 0 << 1
	present = 1 << 1
)

// scaleV2 is of the amount in the schema.
const scaleV2 = 10

// unscaled refuses what needs more than 64 bits, and what is below zero: Avro's
// form of that is not worth a second way to write it.
func unscaled(d schemas.Decimal) (n int64, ok bool) {
	if !d.IsSet() {
		return 0, true
	}
	n, ok = d.Unscaled(scaleV2)
	return n, ok && n >= 0
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}

func appendOptional(dst []byte, texts ...string) []byte {
	for _, s := range texts {
		if s == "" {
			dst = append(dst, null)
		} else {
			dst = appendText(append(dst, present), s)
		}
	}
	return dst
}

func appendOptionalInt(dst []byte, n int64) []byte {
	if n == 0 {
		return append(dst, null)
	}
	return binary.AppendVarint(append(dst, present), n)
}

// appendGroup appends a record that has only optional texts, and is null if it
// has none of them.
func appendGroup(dst []byte, texts ...string) []byte {
	for _, s := range texts {
		if s != "" {
			return appendOptional(append(dst, present), texts...)
		}
	}
	return append(dst, null)
}

// appendAmount appends the shortest big-endian integer whose first bit says that
// it is not negative.
func appendAmount(dst []byte, n int64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	i := 0
	for i < len(b)-1 && b[i] == 0 && b[i+1] < 0x80 {
		i++
	}
	return append(binary.AppendVarint(dst, int64(len(b)-i)), b[i:]...)
}

// appendAttributes appends a map as one block and the end of its blocks.
func appendAttributes(dst []byte, attrs []schemas.Attribute) []byte {
	if len(attrs) == 0 {
		return append(dst, null)
	}
	dst = binary.AppendVarint(append(dst, present), int64(len(attrs)))
	for _, a := range attrs {
		dst = appendText(appendText(dst, a.Key), a.Value)
	}
	return binary.AppendVarint(dst, 0)
}
