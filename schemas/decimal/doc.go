// Package decimal holds exact amounts: an amount leaves as it came, whatever wrote it.
// Amounts of shops need no allocation; longer ones cost more, and are bounded. It knows
// nothing of events or currencies, and imports nothing of ours but the bounds of avro.
package decimal
