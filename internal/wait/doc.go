// Package wait waits until a duration has passed or a context ends: a bare time.Sleep
// would outlast the limit of a shutdown. Loops that ask something now and then use it.
// How long to wait is for the caller, or for package backoff.
package wait
