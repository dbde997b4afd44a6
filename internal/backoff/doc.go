// Package backoff computes the delays between attempts, exponential with jitter. It does
// not wait: package wait does. The caller decides how often to try and what ends the
// attempts.
//
// It is our own because libraries of this kind run the attempts as well: they call a
// function until it succeeds, with a state and a clock each. Here thousands of lanes, and
// the gates they wait at, ask for the next delay in virtual time and count their attempts
// themselves, so that of such a library only the doubling would be used. The kinds of
// delay that differ by fault, Spaced and Rest, no library has.
package backoff
