// Package bearer provides bearer tokens: a fixed one, or those of an OAuth 2.0 token
// endpoint, renewed before they expire. Brokers and registries are asked with them.
// Tokens of Login with Amazon are not among them: those are for package sink/login, which
// must never fail an event for want of one.
package bearer
