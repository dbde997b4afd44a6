// Package amazon has the contracts: Amazon's APIs for conversions with their hosts,
// limits, headers, encodings, the rules on events, and the interpretation of every
// possible answer. It makes no request and keeps no state: other packages decide who sends,
// how often and with which token. Amazon's messages about events leave this package
// masked.
package amazon
