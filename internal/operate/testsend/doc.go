// Package testsend sends one event to one profile and shows the whole exchange: the
// integration guide's controlled test, before real events rely on the account, the
// profile and the payload. It is the only tool that sends an event outside of the
// pipeline, and it writes no receipt. The request is made by package exchange, as a lane
// would make it.
package testsend
