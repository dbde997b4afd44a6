// Package capture keeps the Amazon click id of a landing page in first-party cookies and sets
// it on the events of what the visitor does later. It is the server's half of capture.js,
// which does the same in the browser; README.md says when to use which, or both.
//
// It imports nothing else of this module, so that a shop's backend can use it without the
// pipeline's dependencies.
package capture
