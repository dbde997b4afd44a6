// Package sink delivers conversions to Amazon: a lane per profile that batches, sends
// and tries again, and a verdict for every record, which is final once its dead letter
// and its receipt are acknowledged. What is in a batch, whether a lane may send, what
// an API looks like, how a request is made, tokens, dead letters and receipts are in
// the rooms below, and none of those knows a lane. Nothing here decodes, maps or
// commits.
package sink
