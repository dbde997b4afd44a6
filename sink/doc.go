// Package sink delivers conversions to Amazon: a lane per profile batches, sends and retries,
// and every record gets a verdict, which is final once its dead letter and its receipt are
// acknowledged. Batches, the gate that decides whether a lane may send, the guard against storms
// of dead letters, the lobby of unknown profiles, contracts, requests, tokens, dead letters,
// receipts and the census of lanes have packages of their own below this one, and none of those
// knows a lane. Nothing here decodes, maps or commits.
package sink
