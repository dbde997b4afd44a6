package exchange

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// BenchmarkGzip is what compressing a request of 500 events costs, beside the
// standard library's at the same level.
func BenchmarkGzip(b *testing.B) {
	var events []byte
	contract, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		b.Fatal(err)
	}
	event := &transform.Conversion{
		ProfileID: "1234567890", Name: "Purchase", EventType: "PURCHASE", ActionSource: "WEBSITE", OccurredAt: 1776939330000,
		ClickID: "amzn1.click.abc123", CountryCode: "US", PostalCode: "10001", Amount: schemas.NewDecimal(12995, 2), Currency: "USD",
	}
	for i := range 500 {
		event.EventID = fmt.Sprint("order-", i)
		sum := sha256.Sum256([]byte(event.EventID))
		hex.Encode(event.HashedEmail[:], sum[:])
		sum = sha256.Sum256(sum[:])
		hex.Encode(event.HashedPhone[:], sum[:])
		events = contract.AppendEvent(events, event)
	}
	report := func(b *testing.B, zipped int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*500), "ns/event")
		b.ReportMetric(float64(zipped)/float64(len(events)), "of-size")
	}
	b.Run("ours", func(b *testing.B) {
		z := newZipper(zerolog.Nop())
		n := 0
		for b.Loop() {
			to := z.zip(Body{events})
			n = to.buf.Len()
			z.pool.Put(to)
		}
		report(b, n)
	})
	b.Run("standard", func(b *testing.B) {
		var buf bytes.Buffer
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			buf.Reset()
			w.Reset(&buf)
			_, _ = w.Write(events)
			_ = w.Close()
		}
		report(b, buf.Len())
	})
}
