// Package testsend sends one event to one profile and shows the whole exchange: the
// integration guide's controlled test, before real events rely on the account, the
// profile and the payload.
package testsend
