// Package bearer provides bearer tokens: a fixed one, or those of an OAuth 2.0 token endpoint,
// renewed before they expire.
package bearer
