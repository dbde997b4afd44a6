// Package amazon has the contracts: Amazon's APIs for conversions, with their hosts,
// limits, headers and encodings, what they ask of an event, and how their answers are
// read, whatever comes. It makes no request and keeps no state; who sends, how often
// and with which token is decided elsewhere. What Amazon says of an event leaves here
// masked.
package amazon
